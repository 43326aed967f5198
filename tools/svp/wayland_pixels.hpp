// SPDX-License-Identifier: GPL-2.0
/* Pixels that we and a compositor share, in memory of ours. */
#pragma once

#include "picture.hpp"
#include "wayland_client.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace vskms::svp {

class WaylandPixels {
public:
	/* All black; XRGB8888, or ARGB8888 @with_alpha. The client outlives it. */
	[[nodiscard]] static Result<WaylandPixels> create(WaylandClient &client,
							  std::uint32_t width, std::uint32_t height,
							  bool with_alpha = false);

	WaylandPixels(WaylandPixels &&other) noexcept;
	WaylandPixels &operator=(WaylandPixels &&) = delete;
	~WaylandPixels();

	[[nodiscard]] wl_buffer *buffer() const { return buffer_.get(); }
	[[nodiscard]] Picture picture() const;
	void fill(const Pixel &colour);

private:
	WaylandPixels(std::uint32_t width, std::uint32_t height, std::span<std::byte> mapping,
		      WaylandObject<wl_buffer> buffer)
	    : width_(width), height_(height), mapping_(mapping), buffer_(std::move(buffer))
	{
	}

	std::uint32_t width_;
	std::uint32_t height_;
	std::span<std::byte> mapping_; // empty if moved away
	WaylandObject<wl_buffer> buffer_;
};

} // namespace vskms::svp
