// SPDX-License-Identifier: GPL-2.0
/* Where on the screen, and how large: X,Y or X,Y,WIDTH,HEIGHT; and how large alone: WxH. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vskms::svp {

struct Area {
	std::int32_t x = 0; // below 0 is left of the screen
	std::int32_t y = 0;
	std::uint32_t width = 0; // 0, as height then is, too: as large as what is shown
	std::uint32_t height = 0;

	bool operator==(const Area &) const = default;
};

struct Size {
	std::uint32_t width = 0;
	std::uint32_t height = 0;

	bool operator==(const Size &) const = default;
};

/* Empty if @text is no such thing, or more than Layout::max_size away or large. */
[[nodiscard]] std::optional<Area> parse_area(std::string_view text);

/* For CLI11's check(): what is wrong with it; empty if nothing is. */
[[nodiscard]] std::string check_area(const std::string &text);

/* The same for a size, whose sides are from 1 to Layout::max_size. */
[[nodiscard]] std::optional<Size> parse_size(std::string_view text);
[[nodiscard]] std::string check_size(const std::string &text);

} // namespace vskms::svp
