// SPDX-License-Identifier: GPL-2.0
/*
 * JSON to be printed: a value is built as a tree, then written in one line. Members keep
 * the order they were given in.
 *
 *	Json heap = Json::Object{{"name", "protected,secure-video"}, {"size", 134217728u}};
 *	std::println("{}", heap.text());
 */
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vskms::svp {

class Json {
public:
	using Array = std::vector<Json>;
	using Object = std::vector<std::pair<std::string, Json>>;

	Json(std::nullptr_t) {}
	Json(std::same_as<bool> auto value) : value_(value) {}
	Json(std::signed_integral auto value) : value_(std::int64_t{value}) {}
	Json(std::unsigned_integral auto value) requires(!std::same_as<decltype(value), bool>)
		: value_(std::uint64_t{value})
	{
	}
	/* What is no finite number is written as null. */
	Json(double value) : value_(value) {}
	Json(std::string_view value) : value_(std::string(value)) {}
	Json(const char *value) : value_(std::string(value)) {}
	Json(std::string value) : value_(std::move(value)) {}
	Json(Array value) : value_(std::move(value)) {}
	Json(Object value) : value_(std::move(value)) {}

	/* Bytes that are no UTF-8 become U+FFFD, so that any reader takes it. */
	[[nodiscard]] std::string text() const;

private:
	void write(std::string &out) const;

	std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
		     Object>
		value_;
};

} // namespace vskms::svp
