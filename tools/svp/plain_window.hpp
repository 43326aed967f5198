// SPDX-License-Identifier: GPL-2.0
/*
 * An ordinary window of one colour, in shared memory: what any program might put over a
 * video.
 */
#pragma once

#include "wayland_client.hpp"
#include "wayland_pixels.hpp"

#include <memory>
#include <optional>

namespace vskms::svp {

class PlainWindow {
public:
	/* It is shown, or will be in a moment. Wrong: as WaylandClient's. */
	[[nodiscard]] static Result<std::unique_ptr<PlainWindow>>
	show(WaylandClient &client, std::uint32_t width, std::uint32_t height, const Pixel &colour);

	PlainWindow(const PlainWindow &) = delete;
	PlainWindow &operator=(const PlainWindow &) = delete;
	~PlainWindow();

private:
	struct Listener;

	explicit PlainWindow(WaylandPixels pixels) : pixels_(std::move(pixels)) {}

	WaylandPixels pixels_;
	WaylandObject<wl_compositor> compositor_;
	WaylandObject<xdg_wm_base> base_;
	WaylandObject<wl_surface> surface_;
	WaylandObject<xdg_surface> shell_;
	WaylandObject<xdg_toplevel> toplevel_;
	WaylandObject<wl_callback> drawing_;
	std::optional<std::uint32_t> serial_; // of a configure event
};

} // namespace vskms::svp
