// SPDX-License-Identifier: GPL-2.0
/* RFC 8259, read from left to right; what other programs of ours tell. */

#include "json.hpp"

#include <algorithm>
#include <charconv>

namespace vskms::svp {
namespace {

class Parser {
public:
	explicit Parser(std::string_view text) : rest_(text) {}

	std::optional<Json> document()
	{
		auto value = this->value(0);

		space();
		return value && rest_.empty() ? std::move(value) : std::nullopt;
	}

private:
	static constexpr unsigned int deepest = 100;

	void space()
	{
		rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
	}

	bool skip(std::string_view word)
	{
		space();
		if (!rest_.starts_with(word))
			return false;
		rest_.remove_prefix(word.size());
		return true;
	}

	std::optional<Json> value(unsigned int depth)
	{
		if (depth > deepest)
			return std::nullopt;
		if (skip("null"))
			return Json(nullptr);
		if (skip("true"))
			return Json(true);
		if (skip("false"))
			return Json(false);
		if (skip("["))
			return array(depth);
		if (skip("{"))
			return object(depth);
		if (skip("\"")) {
			auto text = string();

			return text ? std::optional(Json(std::move(*text))) : std::nullopt;
		}
		return number();
	}

	std::optional<Json> array(unsigned int depth)
	{
		Json::Array values;

		if (skip("]"))
			return Json(std::move(values));
		do {
			auto value = this->value(depth + 1);

			if (!value)
				return std::nullopt;
			values.push_back(std::move(*value));
		} while (skip(","));
		return skip("]") ? std::optional(Json(std::move(values))) : std::nullopt;
	}

	std::optional<Json> object(unsigned int depth)
	{
		Json::Object members;

		if (skip("}"))
			return Json(std::move(members));
		do {
			auto name = skip("\"") ? string() : std::nullopt;

			if (!name || !skip(":"))
				return std::nullopt;
			auto value = this->value(depth + 1);

			if (!value)
				return std::nullopt;
			members.emplace_back(std::move(*name), std::move(*value));
		} while (skip(","));
		return skip("}") ? std::optional(Json(std::move(members))) : std::nullopt;
	}

	std::optional<Json> number()
	{
		const std::size_t length =
			std::min(rest_.find_first_not_of("+-.0123456789Ee"), rest_.size());
		const std::string_view digits = rest_.substr(0, length);
		const char *end = digits.data() + digits.size();
		std::int64_t whole;
		double real;

		if (digits.empty() || digits.front() == '+')
			return std::nullopt;
		rest_.remove_prefix(length);
		if (auto [at, wrong] = std::from_chars(digits.data(), end, whole);
		    wrong == std::errc() && at == end)
			return Json(whole);
		if (auto [at, wrong] = std::from_chars(digits.data(), end, real);
		    wrong == std::errc() && at == end)
			return Json(real);
		return std::nullopt;
	}

	/* Behind the quotation mark that it begins with. */
	std::optional<std::string> string()
	{
		std::string text;

		for (;;) {
			const std::size_t plain = rest_.find_first_of("\"\\");

			if (plain == rest_.npos)
				return std::nullopt;
			text += rest_.substr(0, plain);
			const char mark = rest_[plain];

			rest_.remove_prefix(plain + 1);
			if (mark == '"')
				return text;
			if (!escape(text))
				return std::nullopt;
		}
	}

	bool escape(std::string &text)
	{
		static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
		const char name = rest_.empty() ? '\0' : rest_.front();

		if (const std::size_t at = names.find(name); at != names.npos) {
			text += values[at];
			rest_.remove_prefix(1);
			return true;
		}
		if (name != 'u')
			return false;
		rest_.remove_prefix(1);
		auto unit = hex();

		if (unit && *unit >= 0xd800 && *unit < 0xdc00 && rest_.starts_with("\\u")) {
			rest_.remove_prefix(2);
			const auto low = hex();

			if (!low || *low < 0xdc00 || *low > 0xdfff)
				return false;
			unit = 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00);
		}
		if (!unit || (*unit >= 0xd800 && *unit < 0xe000))
			return false;
		append(text, *unit);
		return true;
	}

	std::optional<std::uint32_t> hex()
	{
		std::uint32_t unit;

		if (rest_.size() < 4)
			return std::nullopt;
		const auto [at, wrong] = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16);

		if (wrong != std::errc() || at != rest_.data() + 4)
			return std::nullopt;
		rest_.remove_prefix(4);
		return unit;
	}

	/* In UTF-8. */
	static void append(std::string &text, std::uint32_t character)
	{
		const auto rest = [&](unsigned int shift) {
			text += static_cast<char>(0x80 | (character >> shift & 0x3f));
		};

		if (character < 0x80) {
			text += static_cast<char>(character);
		} else if (character < 0x800) {
			text += static_cast<char>(0xc0 | character >> 6);
			rest(0);
		} else if (character < 0x10000) {
			text += static_cast<char>(0xe0 | character >> 12);
			rest(6);
			rest(0);
		} else {
			text += static_cast<char>(0xf0 | character >> 18);
			rest(12);
			rest(6);
			rest(0);
		}
	}

	std::string_view rest_;
};

} // namespace

std::optional<Json> Json::parse(std::string_view text)
{
	return Parser(text).document();
}

const std::string *Json::string() const
{
	return std::get_if<std::string>(&value_);
}

const Json::Array *Json::array() const
{
	return std::get_if<Array>(&value_);
}

std::optional<bool> Json::boolean() const
{
	const bool *value = std::get_if<bool>(&value_);

	return value ? std::optional(*value) : std::nullopt;
}

std::optional<double> Json::number() const
{
	if (const auto *whole = std::get_if<std::int64_t>(&value_))
		return static_cast<double>(*whole);
	if (const auto *whole = std::get_if<std::uint64_t>(&value_))
		return static_cast<double>(*whole);
	if (const auto *real = std::get_if<double>(&value_))
		return *real;
	return std::nullopt;
}

const Json *Json::find(std::string_view name) const
{
	if (const auto *members = std::get_if<Object>(&value_))
		for (const auto &[key, value] : *members)
			if (key == name)
				return &value;
	return nullptr;
}

} // namespace vskms::svp
