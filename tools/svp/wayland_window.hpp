// SPDX-License-Identifier: GPL-2.0
/*
 * Where a picture is shown: a window of its own, which may be full screen, or a sub-surface
 * inside an ordinary window, which is then of one grey and in shared memory. With "below" it
 * is under that window, which has a hole there: what an underlay plane is for.
 *
 * A window is made in two steps, as xdg-shell has it: create() returns when the compositor
 * has said how large it is to be; show() then gives it its first contents.
 */
#pragma once

#include "area.hpp"
#include "screen.hpp"
#include "wayland_client.hpp"
#include "wayland_dmabuf.hpp"
#include "wayland_presentation.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* As in wl_output.transform: normal, 90, 180, 270, flipped, flipped-90 and so on. */
[[nodiscard]] const std::vector<std::string> &transform_names();

/* Its number; -1 if there is none of that name. */
[[nodiscard]] int transform_named(std::string_view name);

/* The client outlives it. */
class WaylandWindow {
public:
	struct Options {
		bool fullscreen = false;
		std::optional<Position> subsurface; // where in its window
		Size around = {};		    // how large that is, unless full screen
		bool below = false;		    // the sub-surface is below it
		int transform = 0;		    // what the buffer's pixels went through
		std::optional<Size> scale;	    // shown in that size
	};

	[[nodiscard]] static Result<std::unique_ptr<WaylandWindow>> create(WaylandClient &client,
									   const Options &options);

	WaylandWindow(const WaylandWindow &) = delete;
	WaylandWindow &operator=(const WaylandWindow &) = delete;
	~WaylandWindow();

	/*
	 * Which the compositor wants it to be; 0x0 if it leaves that to us. One that has a full
	 * screen but does not say how large that is, until it shows it, means its output.
	 */
	[[nodiscard]] Size size() const { return size_ == Size() ? output_size_ : size_; }

	/* Shows a frame, what becomes of it is for @presentation to tell. */
	[[nodiscard]] Result<void> show(WaylandBuffer &buffer, WaylandPresentation &presentation,
					std::uint64_t frame);

	/* Is it time for the next one? Not so while the compositor has not drawn the last. */
	[[nodiscard]] bool ready() const { return !drawing_; }

	/* The user, or the compositor, wants it closed. */
	[[nodiscard]] bool closed() const { return closed_; }

	/* On a full screen the size has changed since the first frame was shown. */
	[[nodiscard]] bool resized() const;

private:
	struct Listener;

	WaylandWindow(WaylandClient &client, const Options &options);

	[[nodiscard]] Result<void> open();
	[[nodiscard]] Result<void> begin(const Layout &layout);
	[[nodiscard]] Result<void> paint_around(Size size, Size shown);

	WaylandClient *client_;
	Options options_;

	// What is used is destroyed after what uses it.
	WaylandObject<wl_compositor> compositor_;
	WaylandObject<xdg_wm_base> base_;
	WaylandObject<wl_subcompositor> subcompositor_;
	WaylandObject<wp_viewporter> viewporter_;
	WaylandObject<wl_shm> shm_;
	WaylandObject<wl_output> output_; // the first, for a full screen
	WaylandObject<wl_surface> window_;
	WaylandObject<xdg_surface> shell_;
	WaylandObject<xdg_toplevel> toplevel_;
	WaylandObject<wl_buffer> grey_;
	WaylandObject<wl_surface> child_; // the sub-surface, if there is one
	WaylandObject<wl_subsurface> subsurface_;
	WaylandObject<wp_viewport> viewport_;
	WaylandObject<wl_callback> drawing_; // the compositor has not drawn the last frame

	Size size_ = {};
	Size output_size_ = {};
	Size wanted_ = {};		      // until the configure event that it belongs to
	std::optional<std::uint32_t> serial_; // of one that is not acknowledged
	std::optional<Size> begun_;	      // its size when the first frame was shown
	bool closed_ = false;
};

} // namespace vskms::svp
