// SPDX-License-Identifier: GPL-2.0
/* A picture that is shown again and again, as a video without motion is. */
#pragma once

#include "frame.hpp"
#include "video.hpp"

#include <utility>

namespace vskms::svp {

class Still final : public Video {
public:
	/* As fast as any screen takes them. */
	static constexpr Rate fastest = {.frames = Rate::max, .seconds = 1};

	explicit Still(Frame frame)
		: Video(frame.layout, fastest, std::nullopt), bytes_(std::move(frame.bytes))
	{
	}

	[[nodiscard]] Result<Next> next() override { return Next::frame; }
	[[nodiscard]] int fd() const override { return -1; }
	[[nodiscard]] Result<void> put(const Canvas &canvas) override
	{
		return canvas.write(bytes_);
	}
	void drop() override {}

private:
	std::vector<std::byte> bytes_;
};

} // namespace vskms::svp
