// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a video on a plane, in time (pace.hpp).
 *
 * There is a ring of protected buffers. One is on the screen; the others are filled as soon
 * as there is a frame, and wait for their time. A frame that is late when it could be shown
 * is dropped, and is not put into a buffer either.
 */
#pragma once

#include "canvas.hpp"
#include "pace.hpp"
#include "projector.hpp"
#include "signals.hpp"
#include "video.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace vskms::svp {

/* What it was created with outlives it. */
class Player {
public:
	static constexpr std::size_t buffers = 4;

	struct Count {
		std::uint64_t shown = 0;
		std::uint64_t dropped = 0;

		[[nodiscard]] std::uint64_t all() const { return shown + dropped; }
	};

	/* Why it has ended. */
	enum class End { video, limit, told, program };

	[[nodiscard]] static Result<Player> create(Projector &projector, Position at, Video &video,
						   const Heap &heap, const SecureDevice &device);

	/* Until @limit, the end of the video or a signal; @progress is called now and then. */
	[[nodiscard]] Result<End> play(const Signals &signals, std::optional<std::uint64_t> limit,
				       const std::function<void()> &progress);

	[[nodiscard]] const Count &count() const { return count_; }
	[[nodiscard]] std::chrono::nanoseconds time() const; // since the first frame

private:
	using Clock = Pace::Clock;

	struct Buffer {
		Canvas canvas;
		Framebuffer framebuffer;
	};

	/* A filled buffer, and the number of the frame in it. */
	struct Waiting {
		Buffer *buffer;
		std::uint64_t frame;
	};

	Player(Projector &projector, Position at, Video &video, std::vector<Buffer> ring);

	void drop();
	[[nodiscard]] Result<bool> fill();
	[[nodiscard]] Result<void> show();

	Projector *projector_;
	Position at_;
	Video *video_;
	std::vector<Buffer> ring_;
	std::vector<Buffer *> free_;
	std::deque<Waiting> waiting_;
	Buffer *front_ = nullptr; // on the screen
	Count count_;
	std::uint64_t next_ = 0;   // the number of the next frame of the video
	std::uint64_t limit_ = 0;  // of frames
	bool more_ = true;	   // has the video more frames?
	Pace pace_;
	Clock::time_point first_; // when the first one was shown
};

} // namespace vskms::svp
