// SPDX-License-Identifier: GPL-2.0
#include "plain_window.hpp"

#include <cstdint>

#include <wayland-client.h>
#include <xdg-shell-client-protocol.h>

namespace vskms::svp {

struct PlainWindow::Listener {
	static PlainWindow &self(void *data) { return *static_cast<PlainWindow *>(data); }

	static void ping(void *, xdg_wm_base *base, std::uint32_t serial)
	{
		xdg_wm_base_pong(base, serial);
	}

	static void configure_surface(void *data, xdg_surface *, std::uint32_t serial)
	{
		self(data).serial_ = serial;
	}

	// Its size is its own, and it stays until it is not needed any more.
	static void configure(void *, xdg_toplevel *, std::int32_t, std::int32_t, wl_array *) {}
	static void close(void *, xdg_toplevel *) {}
	static void configure_bounds(void *, xdg_toplevel *, std::int32_t, std::int32_t) {}
	static void wm_capabilities(void *, xdg_toplevel *, wl_array *) {}

	static void drawn(void *data, wl_callback *, std::uint32_t) { self(data).drawing_.reset(); }

	static constexpr xdg_wm_base_listener base = {.ping = ping};
	static constexpr xdg_surface_listener surface = {.configure = configure_surface};
	static constexpr xdg_toplevel_listener toplevel = {.configure = configure,
							   .close = close,
							   .configure_bounds = configure_bounds,
							   .wm_capabilities = wm_capabilities};
	static constexpr wl_callback_listener frame = {.done = drawn};
};

PlainWindow::~PlainWindow() = default;

Result<std::unique_ptr<PlainWindow>> PlainWindow::show(WaylandClient &client, std::uint32_t width,
						       std::uint32_t height, const Pixel &colour)
{
	auto pixels = WaylandPixels::create(client, width, height);
	auto compositor = client.bind<wl_compositor>(wl_compositor_interface, 4, 4);
	auto base = client.bind<xdg_wm_base>(xdg_wm_base_interface, 1, 1);

	if (!pixels)
		return failure(std::move(pixels));
	if (!compositor)
		return failure(std::move(compositor));
	if (!base)
		return failure(std::move(base));
	std::unique_ptr<PlainWindow> window(new PlainWindow(std::move(*pixels)));

	window->pixels_.fill(colour);
	window->compositor_ = std::move(*compositor);
	window->base_ = std::move(*base);
	xdg_wm_base_add_listener(window->base_.get(), &Listener::base, window.get());
	window->surface_.reset(wl_compositor_create_surface(window->compositor_.get()));
	window->shell_.reset(
		xdg_wm_base_get_xdg_surface(window->base_.get(), window->surface_.get()));
	xdg_surface_add_listener(window->shell_.get(), &Listener::surface, window.get());
	window->toplevel_.reset(xdg_surface_get_toplevel(window->shell_.get()));
	xdg_toplevel_add_listener(window->toplevel_.get(), &Listener::toplevel, window.get());
	xdg_toplevel_set_title(window->toplevel_.get(), "svp, plain");
	wl_surface_commit(window->surface_.get());
	if (auto sized = client.await([&] { return window->serial_.has_value(); },
				      "a size for the window");
	    !sized)
		return failure(std::move(sized));

	xdg_surface_ack_configure(window->shell_.get(), *window->serial_);
	wl_surface_attach(window->surface_.get(), window->pixels_.buffer(), 0, 0);
	wl_surface_damage_buffer(window->surface_.get(), 0, 0, INT32_MAX, INT32_MAX);
	window->drawing_.reset(wl_surface_frame(window->surface_.get()));
	wl_callback_add_listener(window->drawing_.get(), &Listener::frame, window.get());
	wl_surface_commit(window->surface_.get());
	if (auto drawn = client.await([&] { return !window->drawing_; }, "the window to be drawn");
	    !drawn)
		return failure(std::move(drawn));
	return window;
}

} // namespace vskms::svp
