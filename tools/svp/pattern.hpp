// SPDX-License-Identifier: GPL-2.0
/* Test patterns: pictures that need no file, each the same at every run. */
#pragma once

#include "picture.hpp"

#include <optional>

namespace vskms::svp {

/*
 *	bars	the eight colours at full saturation, from white to black
 *	checker	white and black squares of 16 pixels
 *	noise	all different, opaque
 *	ramp	from black at the left to red, green, blue and white, one below the other
 *	rings	circles that get finer from the centre out (a zone plate)
 */
[[nodiscard]] const std::vector<std::string> &pattern_names();

/* Empty if there is no pattern of that name. */
[[nodiscard]] std::optional<Picture> draw_pattern(std::string_view name, std::uint32_t width,
						  std::uint32_t height);

} // namespace vskms::svp
