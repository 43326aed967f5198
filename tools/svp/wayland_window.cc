// SPDX-License-Identifier: GPL-2.0
#include "wayland_window.hpp"

#include "file.hpp"
#include "layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <viewporter-client-protocol.h>
#include <wayland-client.h>
#include <xdg-shell-client-protocol.h>

namespace vskms::svp {
namespace {

/* ARGB8888: an ordinary window is of this, and a hole of nothing. */
constexpr std::uint32_t grey = 0xff303030;
constexpr std::uint32_t hole = 0;

/* Are width and height exchanged? */
bool turned(int transform)
{
	return transform & 1;
}

/* Shared memory with an ordinary window's pixels. */
Result<UniqueFd> paint(Size size, Position at, Size shown, bool with_hole)
{
	std::vector<std::uint32_t> pixels(std::size_t{size.width} * size.height, grey);
	UniqueFd file(memfd_create("svp", MFD_CLOEXEC));

	if (!file)
		return failure("cannot make shared memory", errno);
	if (with_hole) {
		const auto clamp = [](std::int64_t value, std::uint32_t most) {
			return static_cast<std::size_t>(std::clamp<std::int64_t>(value, 0, most));
		};
		const std::size_t left = clamp(at.x, size.width);
		const std::size_t right = clamp(std::int64_t{at.x} + shown.width, size.width);

		for (std::size_t y = clamp(at.y, size.height),
				 end = clamp(std::int64_t{at.y} + shown.height, size.height);
		     y < end; y++)
			std::fill_n(pixels.begin() +
					    static_cast<std::ptrdiff_t>(y * size.width + left),
				    right - left, hole);
	}
	if (auto done = write_all(file.get(), std::as_bytes(std::span(pixels)), "shared memory");
	    !done)
		return failure(std::move(done));
	return file;
}

} // namespace

const std::vector<std::string> &transform_names()
{
	// In the protocol's order.
	static const std::vector<std::string> names = {
		"normal",  "90",	 "180",		"270",
		"flipped", "flipped-90", "flipped-180", "flipped-270"};

	return names;
}

int transform_named(std::string_view name)
{
	const auto &names = transform_names();
	const auto found = std::ranges::find(names, name);

	return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

struct WaylandWindow::Listener {
	static WaylandWindow &self(void *data) { return *static_cast<WaylandWindow *>(data); }

	static void ping(void *, xdg_wm_base *base, std::uint32_t serial)
	{
		xdg_wm_base_pong(base, serial);
	}

	static void configure_surface(void *data, xdg_surface *, std::uint32_t serial)
	{
		self(data).size_ = self(data).wanted_;
		self(data).serial_ = serial;
	}

	static void configure(void *data, xdg_toplevel *, std::int32_t width, std::int32_t height,
			      wl_array *)
	{
		self(data).wanted_ = {.width = static_cast<std::uint32_t>(std::max(width, 0)),
				      .height = static_cast<std::uint32_t>(std::max(height, 0))};
	}

	static void close(void *data, xdg_toplevel *) { self(data).closed_ = true; }

	static void drawn(void *data, wl_callback *, std::uint32_t)
	{
		self(data).drawing_.reset();
	}

	static void geometry(void *, wl_output *, std::int32_t, std::int32_t, std::int32_t,
			     std::int32_t, std::int32_t, const char *, const char *, std::int32_t)
	{
		// Where it is, and of what make.
	}

	static void mode(void *data, wl_output *, std::uint32_t flags, std::int32_t width,
			 std::int32_t height, std::int32_t)
	{
		if (flags & WL_OUTPUT_MODE_CURRENT)
			self(data).output_size_ = {.width = static_cast<std::uint32_t>(width),
						   .height = static_cast<std::uint32_t>(height)};
	}

	static constexpr xdg_wm_base_listener base = {.ping = ping};
	static constexpr xdg_surface_listener surface = {.configure = configure_surface};
	// Of the versions that are bound there are no more events.
	static constexpr xdg_toplevel_listener toplevel = {.configure = configure,
							   .close = close,
							   .configure_bounds = nullptr,
							   .wm_capabilities = nullptr};
	static constexpr wl_callback_listener frame = {.done = drawn};
	static constexpr wl_output_listener output = {.geometry = geometry,
						      .mode = mode,
						      .done = nullptr,
						      .scale = nullptr,
						      .name = nullptr,
						      .description = nullptr};
};

WaylandWindow::WaylandWindow(WaylandClient &client, const Options &options)
	: client_(&client), options_(options)
{
}

WaylandWindow::~WaylandWindow() = default;

Result<std::unique_ptr<WaylandWindow>> WaylandWindow::create(WaylandClient &client,
							     const Options &options)
{
	std::unique_ptr<WaylandWindow> window(new WaylandWindow(client, options));

	if (auto done = window->open(); !done)
		return failure(std::move(done));
	return window;
}

/* Binds what is needed, and asks for a window. */
Result<void> WaylandWindow::open()
{
	// wl_surface.damage_buffer is of version 4.
	auto compositor = client_->bind<wl_compositor>(wl_compositor_interface, 4, 4);
	auto base = client_->bind<xdg_wm_base>(xdg_wm_base_interface, 1, 1);

	if (!compositor)
		return failure(std::move(compositor));
	if (!base)
		return failure(std::move(base));
	compositor_ = std::move(*compositor);
	base_ = std::move(*base);
	if (options_.subsurface) {
		auto subcompositor =
			client_->bind<wl_subcompositor>(wl_subcompositor_interface, 1, 1);
		auto shm = client_->bind<wl_shm>(wl_shm_interface, 1, 1);

		if (!subcompositor)
			return failure(std::move(subcompositor));
		if (!shm)
			return failure(std::move(shm));
		subcompositor_ = std::move(*subcompositor);
		shm_ = std::move(*shm);
	}
	if (options_.scale) {
		auto viewporter = client_->bind<wp_viewporter>(wp_viewporter_interface, 1, 1);

		if (!viewporter)
			return failure(std::move(viewporter));
		viewporter_ = std::move(*viewporter);
	}

	if (options_.fullscreen && client_->globals().contains(wl_output_interface.name)) {
		auto output = client_->bind<wl_output>(wl_output_interface, 1, 1);

		if (!output)
			return failure(std::move(output));
		output_ = std::move(*output);
		wl_output_add_listener(output_.get(), &Listener::output, this);
	}

	xdg_wm_base_add_listener(base_.get(), &Listener::base, this);
	window_.reset(wl_compositor_create_surface(compositor_.get()));
	shell_.reset(xdg_wm_base_get_xdg_surface(base_.get(), window_.get()));
	xdg_surface_add_listener(shell_.get(), &Listener::surface, this);
	toplevel_.reset(xdg_surface_get_toplevel(shell_.get()));
	xdg_toplevel_add_listener(toplevel_.get(), &Listener::toplevel, this);
	xdg_toplevel_set_title(toplevel_.get(), "svp");
	xdg_toplevel_set_app_id(toplevel_.get(), "svp");
	if (options_.fullscreen)
		xdg_toplevel_set_fullscreen(toplevel_.get(), nullptr);
	wl_surface_commit(window_.get());
	return client_->await([this] { return serial_.has_value(); }, "a size for the window");
}

/* All that is said but once, when it is known how large the picture is. */
Result<void> WaylandWindow::begin(const Layout &layout)
{
	wl_surface *picture = window_.get();
	Size shown = {.width = layout.width, .height = layout.height};

	if (turned(options_.transform))
		std::swap(shown.width, shown.height);
	shown = options_.scale.value_or(shown);
	const Size most = size();

	if (options_.fullscreen && !options_.subsurface && most != Size() &&
	    (shown.width > most.width || shown.height > most.height))
		return client_->fail(std::format("its screen of {}x{} is smaller than the {}x{} "
						 "of what is to be shown",
						 most.width, most.height, shown.width,
						 shown.height),
				     0);
	if (options_.subsurface) {
		child_.reset(wl_compositor_create_surface(compositor_.get()));
		picture = child_.get();
		subsurface_.reset(wl_subcompositor_get_subsurface(subcompositor_.get(), picture,
								  window_.get()));
		wl_subsurface_set_position(subsurface_.get(), options_.subsurface->x,
					   options_.subsurface->y);
		wl_subsurface_set_desync(subsurface_.get());
		if (options_.below)
			wl_subsurface_place_below(subsurface_.get(), window_.get());
		const bool known = options_.fullscreen && most != Size();

		if (auto done = paint_around(known ? most : options_.around, shown); !done)
			return done;
	}
	wl_surface_set_buffer_transform(picture, options_.transform);
	if (options_.scale) {
		viewport_.reset(wp_viewporter_get_viewport(viewporter_.get(), picture));
		wp_viewport_set_destination(viewport_.get(),
					    static_cast<std::int32_t>(options_.scale->width),
					    static_cast<std::int32_t>(options_.scale->height));
	}
	begun_ = most;
	return {};
}

/* The ordinary window that a sub-surface is in. */
Result<void> WaylandWindow::paint_around(Size size, Size shown)
{
	const auto width = static_cast<std::int32_t>(size.width);
	const auto height = static_cast<std::int32_t>(size.height);
	auto pixels = paint(size, *options_.subsurface, shown, options_.below);

	if (!pixels)
		return failure(std::move(pixels));
	const WaylandObject<wl_shm_pool> pool(
		wl_shm_create_pool(shm_.get(), pixels->get(), width * height * 4));

	grey_.reset(wl_shm_pool_create_buffer(pool.get(), 0, width, height, width * 4,
					      WL_SHM_FORMAT_ARGB8888));
	xdg_surface_ack_configure(shell_.get(), *std::exchange(serial_, std::nullopt));
	wl_surface_attach(window_.get(), grey_.get(), 0, 0);
	wl_surface_damage_buffer(window_.get(), 0, 0, width, height);
	wl_surface_commit(window_.get());
	return {};
}

Result<void> WaylandWindow::show(WaylandBuffer &buffer, WaylandPresentation &presentation,
				 std::uint64_t frame)
{
	if (!begun_)
		if (auto done = begin(buffer.canvas().layout()); !done)
			return done;
	wl_surface *const picture = child_ ? child_.get() : window_.get();

	if (serial_) {
		xdg_surface_ack_configure(shell_.get(), *std::exchange(serial_, std::nullopt));
		if (child_)
			wl_surface_commit(window_.get());
	}
	wl_surface_attach(picture, buffer.attach(), 0, 0);
	wl_surface_damage_buffer(picture, 0, 0, INT32_MAX, INT32_MAX);
	drawing_.reset(wl_surface_frame(picture));
	wl_callback_add_listener(drawing_.get(), &Listener::frame, this);
	presentation.watch(picture, frame);
	wl_surface_commit(picture);
	return {};
}

bool WaylandWindow::resized() const
{
	return options_.fullscreen && begun_ && *begun_ != size();
}

} // namespace vskms::svp
