// SPDX-License-Identifier: GPL-2.0
/*
 * A video: frames of one size and format at a steady rate, one after the other. Where they
 * come from is a file of its own each: decoder.hpp, clip.hpp.
 */
#pragma once

#include "canvas.hpp"
#include "error.hpp"
#include "layout.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace vskms::svp {

/* Frames in so many seconds: 30000 in 1001. */
struct Rate {
	static constexpr std::uint32_t max = 1000; // frames in one second

	std::uint32_t frames = 0;
	std::uint32_t seconds = 1;

	/* Is there a time between two frames, and is it not none? */
	[[nodiscard]] bool sane() const
	{
		return frames && seconds && frames / max <= seconds;
	}

	/* When the frame of that number begins, from the video's beginning. */
	[[nodiscard]] std::chrono::nanoseconds time_of(std::uint64_t frame) const
	{
		const auto ns = static_cast<unsigned __int128>(frame) * seconds * 1000000000;

		return std::chrono::nanoseconds(static_cast<std::int64_t>(ns / frames));
	}

	[[nodiscard]] double per_second() const
	{
		return static_cast<double>(frames) / seconds;
	}

	bool operator==(const Rate &) const = default;
};

class Video {
public:
	enum class Next { waiting, frame, end };

	virtual ~Video() = default;

	[[nodiscard]] const Layout &layout() const { return layout_; }
	[[nodiscard]] Rate rate() const { return rate_; }

	/* How many there are, if that is known; an estimate. */
	[[nodiscard]] std::optional<std::uint64_t> frames() const { return frames_; }

	/* Is there a frame now? While it is waited for, fd() becomes readable. */
	[[nodiscard]] virtual Result<Next> next() = 0;
	[[nodiscard]] virtual int fd() const = 0;

	/* If there is: writes it, or leaves it out. It is over then. */
	[[nodiscard]] virtual Result<void> put(const Canvas &canvas) = 0;
	virtual void drop() = 0;

protected:
	Video() = default;
	Video(const Layout &layout, Rate rate, std::optional<std::uint64_t> frames)
		: layout_(layout), rate_(rate), frames_(frames)
	{
	}
	Video(Video &&) = default;
	Video &operator=(Video &&) = default;

	Layout layout_;
	Rate rate_;
	std::optional<std::uint64_t> frames_;
};

} // namespace vskms::svp
