// SPDX-License-Identifier: GPL-2.0
/*
 * Shows a video in a window, for as long as a connection lasts.
 *
 * There is a ring of buffers, each with the compositor from its commit to its release. The
 * next frame is committed when the compositor has drawn the one before it and, unless that
 * does not matter, its time has come (pace.hpp). So no frame is discarded by our haste.
 *
 * A compositor that neither draws nor presents what it has got for as long as an answer may
 * take is asked whether it lives, and is given up either way: what it shows is hidden, or it
 * hangs.
 */
#pragma once

#include "pace.hpp"
#include "video.hpp"
#include "wayland_dmabuf.hpp"
#include "wayland_presentation.hpp"
#include "wayland_report.hpp"
#include "wayland_window.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace vskms::svp {

/* What it was created with outlives it. */
class WaylandPlayer {
public:
	enum class End { video, limit, told, closed, resized };

	/* @paced: frames have a time, and are dropped if they are late. @count goes on. */
	WaylandPlayer(WaylandClient &client, WaylandWindow &window,
		      WaylandPresentation &presentation,
		      std::vector<std::unique_ptr<WaylandBuffer>> ring, Video &video, bool paced,
		      const WaylandReport &report, WaylandCount &count);

	/* Until @limit frames of the video are over, those of earlier connections included. */
	[[nodiscard]] Result<End> play(std::optional<std::uint64_t> limit);

private:
	using Clock = Pace::Clock;

	/* A written buffer, and the number of the frame in it. */
	struct Waiting {
		WaylandBuffer *buffer;
		std::uint64_t frame;
	};

	[[nodiscard]] WaylandBuffer *idle() const;
	[[nodiscard]] bool late(std::uint64_t frame, Clock::time_point now);
	void drop();
	[[nodiscard]] Result<bool> fill(std::uint64_t limit);
	[[nodiscard]] Result<bool> show();
	[[nodiscard]] bool settle();
	[[nodiscard]] bool owed() const;
	[[nodiscard]] Failure stalled();

	WaylandClient *client_;
	WaylandWindow *window_;
	WaylandPresentation *presentation_;
	std::vector<std::unique_ptr<WaylandBuffer>> ring_;
	Video *video_;
	bool paced_;
	const WaylandReport *report_;
	WaylandCount *count_;
	Pace pace_;
	std::deque<Waiting> waiting_;
	std::uint64_t next_;   // the number of the next frame of the video
	bool begun_ = false;   // is there a frame that was committed?
	bool more_ = true;     // has the video more frames?
};

} // namespace vskms::svp
