// SPDX-License-Identifier: GPL-2.0
/*
 * A connection to a Wayland compositor that does not trust it to behave: it may be none, be
 * gone at any time, never answer, or have had enough of us. Whatever waits ends by a signal
 * or in time, and what is wrong is told by an Error with one of these numbers:
 *
 *	ENOENT, ECONNREFUSED	there is no compositor
 *	EOPNOTSUPP		it lacks what is asked of it
 *	EREMOTEIO		it refused a buffer
 *	EPROTO			it found a mistake of ours and ended the connection, or made one
 *	EPIPE			it is gone
 *	ETIMEDOUT		it does not answer, or never shows what it has
 *	EINTR			a signal has come
 *
 * libwayland calls us back while events are dispatched, which is in wait() alone. What it is
 * given as data for that must stay where it is, so all that listens is on the heap.
 */
#pragma once

#include "error.hpp"
#include "signals.hpp"
#include "wayland_object.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <poll.h>

struct wl_interface;

namespace vskms::svp {

class WaylandClient {
public:
	using Clock = std::chrono::steady_clock;

	struct Global {
		std::uint32_t name;
		std::uint32_t version;
	};

	/*
	 * @display as in $WAYLAND_DISPLAY, which it is if empty. An answer may take @patience.
	 * @signals outlive this.
	 */
	[[nodiscard]] static Result<std::unique_ptr<WaylandClient>>
	connect(const std::string &display, const Signals &signals, Clock::duration patience);

	WaylandClient(const WaylandClient &) = delete;
	WaylandClient &operator=(const WaylandClient &) = delete;

	[[nodiscard]] const std::string &name() const { return name_; }
	[[nodiscard]] Clock::duration patience() const { return patience_; }
	[[nodiscard]] bool told() const { return signals_->pending(); }

	/* By interface; of several, the first. */
	[[nodiscard]] const std::map<std::string, Global, std::less<>> &globals() const
	{
		return globals_;
	}

	/* A global, of no newer version than @known; wrong if it is missing or older. */
	template <typename T>
	[[nodiscard]] Result<WaylandObject<T>> bind(const wl_interface &interface,
						    std::uint32_t needed, std::uint32_t known)
	{
		auto object = bind_any(interface, needed, known);

		if (!object)
			return failure(std::move(object));
		return WaylandObject<T>(static_cast<T *>(*object));
	}

	/*
	 * Sends what there is to be sent, and dispatches what has come. If nothing has, waits for
	 * that, for one of @others, for a signal, or until @until.
	 */
	[[nodiscard]] Result<void> wait(std::span<pollfd> others, Clock::time_point until);

	/* Waits until @done, which events make true; @what it is that it waits for. */
	[[nodiscard]] Result<void> await(const std::function<bool()> &done, std::string_view what);

	/* Waits until all that was asked is answered. */
	[[nodiscard]] Result<void> roundtrip();

	/* "compositor wayland-1: @what", with one of the numbers above. */
	[[nodiscard]] Failure fail(std::string_view what, int number,
				   std::string remedy = {}) const;

private:
	struct Listener;

	WaylandClient(std::string name, const Signals &signals, Clock::duration patience,
		      WaylandObject<wl_display> display);

	[[nodiscard]] Result<void *> bind_any(const wl_interface &interface, std::uint32_t needed,
					      std::uint32_t known);
	[[nodiscard]] Failure lost() const;

	std::string name_;
	const Signals *signals_;
	Clock::duration patience_;
	std::map<std::string, Global, std::less<>> globals_;
	// The connection after what is destroyed before it.
	WaylandObject<wl_display> display_;
	WaylandObject<wl_registry> registry_;
};

} // namespace vskms::svp
