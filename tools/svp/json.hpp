// SPDX-License-Identifier: GPL-2.0
/*
 * JSON: a value is built as a tree, then written in one line; or a tree is made of a text.
 * Members keep the order they were given in.
 *
 *	Json heap = Json::Object{{"name", "protected,secure-video"}, {"size", 134217728u}};
 *	std::println("{}", heap.text());
 *	auto again = Json::parse(heap.text());
 *	again->find("size")->number(); // 134217728
 */
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
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

	/* Empty if @text is no value, or has more than one, or is more than 100 levels deep. */
	[[nodiscard]] static std::optional<Json> parse(std::string_view text);

	/* What it is, if it is of that kind; of a number, what a double has of it. */
	[[nodiscard]] const std::string *string() const;
	[[nodiscard]] const Array *array() const;
	[[nodiscard]] std::optional<bool> boolean() const;
	[[nodiscard]] std::optional<double> number() const;

	/* An object's member; of anything else there is none. */
	[[nodiscard]] const Json *find(std::string_view name) const;

	/* Bytes that are no UTF-8 become U+FFFD, so that any reader takes it. */
	[[nodiscard]] std::string text() const;

private:
	void write(std::string &out) const;

	std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
		     Object>
		value_;
};

} // namespace vskms::svp
