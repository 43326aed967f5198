// SPDX-License-Identifier: GPL-2.0
/*
 * What the planes of a card show, and whose buffers those are, as DRM's file "state" in
 * debugfs has it: whoever is master, and without asking.
 */
#pragma once

#include "area.hpp"
#include "error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* A plane that has a framebuffer. */
struct PlaneState {
	std::uint32_t id = 0;
	std::string name; // plane-1
	std::uint32_t framebuffer = 0;
	std::string format;	 // XR24
	std::uint32_t width = 0; // of the framebuffer
	std::uint32_t height = 0;
	unsigned int objects = 0;  // of it: buffers
	bool imported = false;	   // one of those is another's dma-buf
	Area area;		   // on the screen, as it was asked for
	unsigned int rotation = 0; // DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*
	unsigned int position = 0; // from below: its normalized zpos

	bool operator==(const PlaneState &) const = default;
};

/* In the order of @text. */
[[nodiscard]] std::vector<PlaneState> parse_plane_states(std::string_view text);

/* Of card @number. */
[[nodiscard]] Result<std::vector<PlaneState>> plane_states(int number);

} // namespace vskms::svp
