// SPDX-License-Identifier: GPL-2.0
#include "area.hpp"

#include "file.hpp"
#include "layout.hpp"

#include <charconv>
#include <format>
#include <vector>

namespace vskms::svp {

std::optional<Area> parse_area(std::string_view text)
{
	std::vector<std::int32_t> numbers;

	for (std::string_view word : split(text, ',')) {
		const char *end = word.data() + word.size();
		std::int32_t number;
		const auto [rest, wrong] = std::from_chars(word.data(), end, number);

		if (wrong != std::errc() || rest != end ||
		    number > static_cast<std::int32_t>(Layout::max_size) ||
		    number < -static_cast<std::int32_t>(Layout::max_size))
			return std::nullopt;
		numbers.push_back(number);
	}
	if (numbers.size() == 2)
		return Area{.x = numbers[0], .y = numbers[1]};
	if (numbers.size() != 4 || numbers[2] <= 0 || numbers[3] <= 0)
		return std::nullopt;
	return Area{.x = numbers[0],
		    .y = numbers[1],
		    .width = static_cast<std::uint32_t>(numbers[2]),
		    .height = static_cast<std::uint32_t>(numbers[3])};
}

std::string check_area(const std::string &text)
{
	if (parse_area(text))
		return {};
	return std::format("{:?} is not X,Y or X,Y,WIDTH,HEIGHT within {}", text, Layout::max_size);
}

std::optional<Size> parse_size(std::string_view text)
{
	std::vector<std::uint32_t> sides;

	for (std::string_view word : split(text, 'x')) {
		const char *end = word.data() + word.size();
		std::uint32_t side;
		const auto [rest, wrong] = std::from_chars(word.data(), end, side);

		if (wrong != std::errc() || rest != end || !side || side > Layout::max_size)
			return std::nullopt;
		sides.push_back(side);
	}
	if (sides.size() != 2)
		return std::nullopt;
	return Size{.width = sides[0], .height = sides[1]};
}

std::string check_size(const std::string &text)
{
	if (parse_size(text))
		return {};
	return std::format("{:?} is not WIDTHxHEIGHT, each from 1 to {}", text, Layout::max_size);
}

} // namespace vskms::svp
