// SPDX-License-Identifier: GPL-2.0
/*
 * When the frames of a video are due: frame N is N frames after the first one.
 *
 * A frame whose successor's time has come, too, is late, and is better left out; but not
 * more than a few in a row, so that a machine that is too slow shows something. When one is
 * late by more than a second (the player was stopped, or is that slow) time goes on from
 * there.
 */
#pragma once

#include "video.hpp"

#include <chrono>
#include <cstdint>

namespace vskms::svp {

class Pace {
public:
	using Clock = std::chrono::steady_clock;

	/* In a row: at least every sixth frame is shown. */
	static constexpr unsigned int most_dropped = 5;

	explicit Pace(Rate rate) : rate_(rate) {}

	/* That frame, by default the first, is due. */
	void start(Clock::time_point now, std::uint64_t frame = 0)
	{
		began_ = now - rate_.time_of(frame);
	}

	[[nodiscard]] Clock::time_point due(std::uint64_t frame) const
	{
		return began_ + rate_.time_of(frame);
	}

	/* Should it be left out? Sets the clock right if that is hopeless. */
	[[nodiscard]] bool late(std::uint64_t frame, Clock::time_point now);

	void dropped() { missed_++; }
	void shown() { missed_ = 0; }

private:
	Rate rate_;
	Clock::time_point began_;
	unsigned int missed_ = 0; // since one was shown
};

} // namespace vskms::svp
