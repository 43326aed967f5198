// SPDX-License-Identifier: GPL-2.0
/*
 * A video of any kind that ffmpeg reads, decoded by it in a process of its own.
 *
 * Frames come at a steady rate, upright, with square pixels, of the size that is asked for
 * and with the colours of frame.hpp: what a display that neither scales nor waits needs.
 * They are in clear in ffmpeg's memory and in ours: a program that must not see them plays
 * a clip (clip.hpp).
 */
#pragma once

#include "area.hpp"
#include "child.hpp"
#include "signals.hpp"
#include "video.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vskms::svp {

/* The largest size with @from's proportions, even, and not above @limit nor @from. */
[[nodiscard]] Size fit(Size from, Size limit);

class Decoder final : public Video {
public:
	struct Options {
		std::uint32_t format = 0; // DRM_FORMAT_*
		std::optional<Size> size; // as it is
		std::optional<Size> limit; // as it is, but not larger
		bool loop = false;	  // from its end to its beginning, for ever
	};

	/* Waits until ffprobe knows the video, or one of @signals has come. */
	[[nodiscard]] static Result<Decoder> open(const std::string &path, const Options &options,
						  const Signals &signals);

	[[nodiscard]] Result<Next> next() override;
	[[nodiscard]] int fd() const override { return ffmpeg_.pipe(); }
	[[nodiscard]] Result<void> put(const Canvas &canvas) override;
	void drop() override { have_ = 0; }

	/* What next() found; it may be changed. */
	[[nodiscard]] std::span<std::byte> frame() { return frame_; }

private:
	Decoder(const Layout &layout, Rate rate, std::optional<std::uint64_t> frames,
		std::string path, Child ffmpeg)
		: Video(layout, rate, frames), path_(std::move(path)), ffmpeg_(std::move(ffmpeg)),
		  frame_(layout.size)
	{
	}

	std::string path_;
	Child ffmpeg_;
	std::vector<std::byte> frame_;
	std::size_t have_ = 0; // bytes of it
	bool any_ = false;     // was there a frame at all?
};

} // namespace vskms::svp
