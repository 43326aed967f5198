// SPDX-License-Identifier: GPL-2.0
/* A picture in memory: what is shown before it is in a buffer, and what was captured. */
#pragma once

#include "error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* sRGB; the colours are not multiplied by alpha. */
struct Pixel {
	std::uint8_t red = 0;
	std::uint8_t green = 0;
	std::uint8_t blue = 0;
	std::uint8_t alpha = 255;

	bool operator==(const Pixel &) const = default;
};

class Picture {
public:
	/* Black. */
	Picture(std::uint32_t width, std::uint32_t height)
		: width_(width), height_(height), pixels_(std::size_t{width} * height)
	{
	}

	/* A side of more than Layout::max_size is refused. */
	[[nodiscard]] static Result<Picture> load_png(const std::string &path);

	/* Alpha is not saved: what was captured has none. @path is whole, or as it was. */
	[[nodiscard]] Result<void> save_png(const std::string &path) const;

	/* The same, in memory. */
	[[nodiscard]] Result<std::vector<std::byte>> png() const;

	/* A binary PPM (P6) with 8 bits a sample, the whole of it. */
	[[nodiscard]] static Result<Picture> from_ppm(std::string_view data, std::string_view name);

	/* The same, written. */
	[[nodiscard]] std::vector<std::byte> ppm() const;

	[[nodiscard]] std::uint32_t width() const { return width_; }
	[[nodiscard]] std::uint32_t height() const { return height_; }

	[[nodiscard]] Pixel &at(std::uint32_t x, std::uint32_t y)
	{
		return pixels_[std::size_t{y} * width_ + x];
	}
	[[nodiscard]] const Pixel &at(std::uint32_t x, std::uint32_t y) const
	{
		return pixels_[std::size_t{y} * width_ + x];
	}

	/* Each pixel is the mean of those it covers, or the nearest if it is larger than one. */
	[[nodiscard]] Picture scaled(std::uint32_t width, std::uint32_t height) const;

	/* Clockwise by so many quarters. */
	[[nodiscard]] Picture turned(unsigned int quarters) const;

	/* Rows of red, green, blue, a byte each. */
	[[nodiscard]] std::vector<std::byte> rgb() const;

	bool operator==(const Picture &) const = default;

private:
	std::uint32_t width_;
	std::uint32_t height_;
	std::vector<Pixel> pixels_;
};

} // namespace vskms::svp
