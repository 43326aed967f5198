// SPDX-License-Identifier: GPL-2.0
#include "json.hpp"

#include "utf8.hpp"

#include <cmath>
#include <format>

namespace vskms::svp {
namespace {

void write_string(std::string &out, std::string_view text)
{
	out += '"';
	while (!text.empty()) {
		const std::size_t len = utf8_character(text);
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
