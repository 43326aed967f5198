// SPDX-License-Identifier: GPL-2.0
#include "wayland_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <vector>

#include <wayland-client.h>

namespace vskms::svp {
namespace {

/* What libwayland said last, as of what mistake a compositor complains: it tells nobody else. */
std::string said;

void listen_to_libwayland(const char *format, va_list arguments)
{
	std::array<char, 512> text;

	std::vsnprintf(text.data(), text.size(), format, arguments);
	said = text.data();
	while (said.ends_with('\n'))
		said.pop_back();
}

std::string display_name(const std::string &display)
{
	const char *environment = std::getenv("WAYLAND_DISPLAY");

	if (!display.empty())
		return display;
	return environment ? environment : "wayland-0";
}

std::string connect_remedy(const std::string &name)
{
	const char *directory = std::getenv("XDG_RUNTIME_DIR");

	if (name.starts_with('/'))
		return "is one running?";
	if (!directory)
		return "XDG_RUNTIME_DIR is not set: its sockets are in that directory";
	return std::format("is one running? its socket should be in {}", directory);
}

} // namespace

struct WaylandClient::Listener {
	static void global(void *data, wl_registry *, std::uint32_t name, const char *interface,
			   std::uint32_t version)
	{
		static_cast<WaylandClient *>(data)->globals_.try_emplace(
			interface, Global{.name = name, .version = version});
	}

	static void global_remove(void *data, wl_registry *, std::uint32_t name)
	{
		std::erase_if(static_cast<WaylandClient *>(data)->globals_,
			      [name](const auto &global) { return global.second.name == name; });
	}

	static void done(void *data, wl_callback *, std::uint32_t)
	{
		*static_cast<bool *>(data) = true;
	}

	static constexpr wl_registry_listener registry = {.global = global,
							  .global_remove = global_remove};
	static constexpr wl_callback_listener callback = {.done = done};
};

WaylandClient::WaylandClient(std::string name, const Signals &signals, Clock::duration patience,
			     WaylandObject<wl_display> display)
	: name_(std::move(name)), signals_(&signals), patience_(patience),
	  display_(std::move(display)), registry_(wl_display_get_registry(display_.get()))
{
	wl_registry_add_listener(registry_.get(), &Listener::registry, this);
}

Result<std::unique_ptr<WaylandClient>>
WaylandClient::connect(const std::string &display, const Signals &signals, Clock::duration patience)
{
	const std::string name = display_name(display);

	said.clear();
	wl_log_set_handler_client(listen_to_libwayland);
	WaylandObject<wl_display> connection(
		wl_display_connect(display.empty() ? nullptr : display.c_str()));

	if (!connection)
		return failure(std::format("compositor {}: cannot connect to it", name), errno,
			       connect_remedy(name));
	std::unique_ptr<WaylandClient> client(
		new WaylandClient(name, signals, patience, std::move(connection)));

	if (auto done = client->roundtrip(); !done)
		return failure(std::move(done));
	return client;
}

Failure WaylandClient::fail(std::string_view what, int number, std::string remedy) const
{
	return failure(std::format("compositor {}: {}", name_, what), number, std::move(remedy));
}

/* Why libwayland cannot go on. */
Failure WaylandClient::lost() const
{
	switch (const int number = wl_display_get_error(display_.get())) {
	case EPIPE:
	case ECONNRESET:
		return fail("it is gone", EPIPE);
	default:
		// Of what it found wrong, be that theirs or ours, libwayland tells no number.
		if (!said.empty())
			return fail(said, EPROTO);
		return fail("lost the connection to it", number);
	}
}

Result<void *> WaylandClient::bind_any(const wl_interface &interface, std::uint32_t needed,
				       std::uint32_t known)
{
	const auto found = globals_.find(std::string_view(interface.name));

	if (found == globals_.end())
		return fail(std::format("it has no {}", interface.name), EOPNOTSUPP);
	const auto [name, version] = found->second;

	if (version < needed)
		return fail(std::format("it has {} of version {}, {} is needed", interface.name,
					version, needed),
			    EOPNOTSUPP);
	return wl_registry_bind(registry_.get(), name, &interface, std::min(version, known));
}

Result<void> WaylandClient::wait(std::span<pollfd> others, Clock::time_point until)
{
	wl_display *const display = display_.get();
	short events = POLLIN;

	if (wl_display_prepare_read(display)) {
		if (wl_display_dispatch_pending(display) < 0)
			return lost();
		return {};
	}
	// Of a compositor that has gone what it said last is still to be read.
	if (wl_display_flush(display) < 0 && errno != EPIPE) {
		if (errno != EAGAIN) {
			wl_display_cancel_read(display);
			return lost();
		}
		events |= POLLOUT;
	}

	std::vector<pollfd> all(others.begin(), others.end());
	const auto left = std::max<Clock::duration>(until - Clock::now(), Clock::duration::zero());

	all.push_back({.fd = wl_display_get_fd(display), .events = events, .revents = 0});
	auto woken = signals_->wait(all, std::chrono::ceil<std::chrono::milliseconds>(left));

	if (!woken || !(all.back().revents & ~POLLOUT))
		wl_display_cancel_read(display);
	else if (wl_display_read_events(display) < 0)
		return lost();
	if (!woken)
		return failure(std::move(woken));
	std::copy(all.begin(), all.end() - 1, others.begin());
	if (wl_display_dispatch_pending(display) < 0)
		return lost();
	return {};
}

Result<void> WaylandClient::await(const std::function<bool()> &done, std::string_view what)
{
	const auto until = Clock::now() + patience_;

	while (!done()) {
		if (told())
			return fail(std::format("no longer waiting for {}", what), EINTR);
		if (Clock::now() >= until)
			return fail(std::format("{} does not come", what), ETIMEDOUT);
		if (auto waited = wait({}, until); !waited)
			return waited;
	}
	return {};
}

Result<void> WaylandClient::roundtrip()
{
	bool done = false;
	const WaylandObject<wl_callback> callback(wl_display_sync(display_.get()));

	wl_callback_add_listener(callback.get(), &Listener::callback, &done);
	return await([&] { return done; }, "an answer");
}

} // namespace vskms::svp
