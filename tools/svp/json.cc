// SPDX-License-Identifier: GPL-2.0
#include "json.hpp"

#include <cmath>
#include <format>

namespace vskms::svp {
namespace {

/*
 * The bytes of the UTF-8 character that @text begins with; 0 if it begins with none. No
 * character is longer than need be, a surrogate, or above U+10FFFF (RFC 3629).
 */
std::size_t character(std::string_view text)
{
	const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
	const unsigned char first = byte(0);
	const std::size_t len = first < 0x80 ? 1 :
				first < 0xc2 ? 0 :
				first < 0xe0 ? 2 :
				first < 0xf0 ? 3 :
				first < 0xf5 ? 4 :
					       0;

	if (len > text.size())
		return 0;
	for (std::size_t i = 1; i < len; i++)
		if ((byte(i) & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
	    (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
		return 0;
	return len;
}

void write_string(std::string &out, std::string_view text)
{
	out += '"';
	while (!text.empty()) {
		const std::size_t len = character(text);
		const char c = text.front();

		if (!len)
			out += "\ufffd";
		else if (c == '"' || c == '\\')
			(out += '\\') += c;
		else if (static_cast<unsigned char>(c) < ' ')
			out += std::format("\\u{:04x}", c);
		else
			out += text.substr(0, len);
		text.remove_prefix(len ? len : 1);
	}
	out += '"';
}

template <typename... Writers>
struct Overloaded : Writers... {
	using Writers::operator()...;
};

} // namespace

void Json::write(std::string &out) const
{
	std::visit(Overloaded{
			   [&](std::nullptr_t) { out += "null"; },
			   [&](bool value) { out += value ? "true" : "false"; },
			   [&](std::int64_t value) { out += std::to_string(value); },
			   [&](std::uint64_t value) { out += std::to_string(value); },
			   [&](double value) {
				   out += std::isfinite(value) ? std::format("{}", value) : "null";
			   },
			   [&](const std::string &value) { write_string(out, value); },
			   [&](const Array &values) {
				   const char *before = "[";

				   for (const Json &value : values) {
					   out += std::exchange(before, ",");
					   value.write(out);
				   }
				   out += values.empty() ? "[]" : "]";
			   },
			   [&](const Object &members) {
				   const char *before = "{";

				   for (const auto &[name, value] : members) {
					   out += std::exchange(before, ",");
					   write_string(out, name);
					   out += ':';
					   value.write(out);
				   }
				   out += members.empty() ? "{}" : "}";
			   },
		   },
		   value_);
}

std::string Json::text() const
{
	std::string out;

	write(out);
	return out;
}

} // namespace vskms::svp
