// SPDX-License-Identifier: GPL-2.0
/*
 * What svp wayland tells, as it happens: in words, or as JSON, an object in a line for each
 * event. docs/svp.md has the members.
 */
#pragma once

#include "area.hpp"
#include "wayland_client.hpp"
#include "wayland_dmabuf.hpp"
#include "wayland_presentation.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace vskms::svp {

/* What became of the frames of a video, over all connections. */
struct WaylandCount {
	std::uint64_t committed = 0;
	std::uint64_t presented = 0;
	std::uint64_t zero_copy = 0; // of those presented
	std::uint64_t discarded = 0;
	std::uint64_t lost = 0;	   // with a connection
	std::uint64_t dropped = 0; // by us: they were late

	[[nodiscard]] std::uint64_t all() const { return committed + dropped; }
};

class WaylandReport {
public:
	explicit WaylandReport(bool json) : json_(json) {}

	void connected(const WaylandClient &client, const WaylandDmabuf &dmabuf) const;

	/* How large the compositor wants the window; 0x0 leaves that to us. */
	void configured(Size size, bool fullscreen) const;

	/* It took, or refused, a buffer, for @refusal. */
	void buffer(const Canvas &canvas, const std::string &heap, bool direct_display,
		    const Error *refusal) const;

	void frame(const Presented &outcome) const;

	/* Without @why the source is at its end, or as many frames as were asked for. */
	void summary(const WaylandCount &count, std::chrono::nanoseconds time,
		     std::string_view why) const;

	/* In JSON alone: in words main() tells it. */
	void error(const Error &error) const;

private:
	bool json_;
};

} // namespace vskms::svp
