// SPDX-License-Identifier: GPL-2.0
/* JSON that others wrote, read by nlohmann's parser, and what a value is. */

#include "json.hpp"

#include <nlohmann/json.hpp>

namespace vskms::svp {
namespace {

using Parsed = nlohmann::ordered_json;

/* Who destroys a tree goes as deep as it is. */
constexpr unsigned int deepest = 100;

std::optional<Json> convert(const Parsed &parsed, unsigned int depth)
{
	if (depth > deepest)
		return std::nullopt;
	switch (parsed.type()) {
	case Parsed::value_t::null:
		return Json(nullptr);
	case Parsed::value_t::boolean:
		return Json(parsed.get<bool>());
	case Parsed::value_t::number_integer:
		return Json(parsed.get<std::int64_t>());
	case Parsed::value_t::number_unsigned:
		return Json(parsed.get<std::uint64_t>());
	case Parsed::value_t::number_float:
		return Json(parsed.get<double>());
	case Parsed::value_t::string:
		return Json(parsed.get<std::string>());
	case Parsed::value_t::array: {
		Json::Array values;

		for (const Parsed &element : parsed) {
			auto value = convert(element, depth + 1);

			if (!value)
				return std::nullopt;
			values.push_back(std::move(*value));
		}
		return Json(std::move(values));
	}
	case Parsed::value_t::object: {
		Json::Object members;

		for (const auto &[name, element] : parsed.items()) {
			auto value = convert(element, depth + 1);

			if (!value)
				return std::nullopt;
			members.emplace_back(name, std::move(*value));
		}
		return Json(std::move(members));
	}
	default: // discarded: it is no JSON
		return std::nullopt;
	}
}

} // namespace

std::optional<Json> Json::parse(std::string_view text)
{
	return convert(Parsed::parse(text, nullptr, false), 0);
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
