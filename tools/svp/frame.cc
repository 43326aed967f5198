// SPDX-License-Identifier: GPL-2.0
#include "frame.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

static_assert(std::endian::native == std::endian::little, "DRM's formats are little endian");

/* Each of the three in [0, 1]. */
struct Colour {
	double red = 0, green = 0, blue = 0;
};

struct Ycbcr {
	double y, cb, cr;
};

Ycbcr bt709(const Colour &c)
{
	const double y = 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;

	return {.y = y, .cb = (c.blue - y) / 1.8556, .cr = (c.red - y) / 1.5748};
}

/* The mean of the pixels there are in a square of @side at @x, @y. */
Colour mean(const Picture &picture, std::uint32_t x, std::uint32_t y, std::uint32_t side)
{
	unsigned int red = 0, green = 0, blue = 0, count = 0;

	for (std::uint32_t v = y; v < y + side && v < picture.height(); v++) {
		for (std::uint32_t u = x; u < x + side && u < picture.width(); u++, count++) {
			red += picture.at(u, v).red;
			green += picture.at(u, v).green;
			blue += picture.at(u, v).blue;
		}
	}
	return {.red = red / 255.0 / count,
		.green = green / 255.0 / count,
		.blue = blue / 255.0 / count};
}

/* Samples of @bits, in the upper bits of a Sample. */
template <typename Sample, unsigned int bits>
void write_yuv(Frame &frame, const Picture &picture)
{
	const auto store = [&](std::size_t offset, double value) {
		const auto sample = static_cast<Sample>(std::lround((1 << (bits - 8)) * value)
							<< (sizeof(Sample) * 8 - bits));

		std::memcpy(&frame.bytes[offset], &sample, sizeof(sample));
	};
	const auto &[luma, chroma] = frame.layout.planes;

	for (std::uint32_t y = 0; y < picture.height(); y++)
		for (std::uint32_t x = 0; x < picture.width(); x++)
			store(std::size_t{y} * luma.pitch + x * sizeof(Sample),
			      16 + 219 * bt709(mean(picture, x, y, 1)).y);
	for (std::uint32_t y = 0; y < picture.height(); y += 2) {
		for (std::uint32_t x = 0; x < picture.width(); x += 2) {
			const Ycbcr c = bt709(mean(picture, x, y, 2));
			const std::size_t at = chroma.offset + std::size_t{y / 2} * chroma.pitch +
					       x * sizeof(Sample);

			store(at, 128 + 224 * c.cb);
			store(at + sizeof(Sample), 128 + 224 * c.cr);
		}
	}
}

void write_rgb(Frame &frame, const Picture &picture, bool alpha)
{
	std::size_t offset = 0;

	for (std::uint32_t y = 0; y < picture.height(); y++) {
		for (std::uint32_t x = 0; x < picture.width(); x++) {
			const Pixel &pixel = picture.at(x, y);
			const unsigned int a = alpha ? pixel.alpha : 255;

			for (unsigned int sample : {pixel.blue, pixel.green, pixel.red})
				frame.bytes[offset++] =
					static_cast<std::byte>((sample * a + 127) / 255);
			frame.bytes[offset++] = static_cast<std::byte>(a);
		}
	}
}

} // namespace

Result<Frame> Frame::of(const Picture &picture, std::uint32_t format)
{
	auto layout = Layout::of(format, picture.width(), picture.height());

	if (!layout)
		return failure(std::move(layout));
	Frame frame = {.layout = *layout, .bytes = std::vector<std::byte>(layout->size)};

	switch (format) {
	case DRM_FORMAT_NV12:
		write_yuv<std::uint8_t, 8>(frame, picture);
		break;
	case DRM_FORMAT_P010:
		write_yuv<std::uint16_t, 10>(frame, picture);
		break;
	default:
		write_rgb(frame, picture, format == DRM_FORMAT_ARGB8888);
	}
	return frame;
}

Picture picture_of_xrgb(std::span<const std::byte> data, std::uint32_t width, std::uint32_t height,
			std::uint32_t pitch)
{
	Picture picture(width, height);

	for (std::uint32_t y = 0; y < height; y++) {
		for (std::uint32_t x = 0; x < width; x++) {
			const auto pixel =
				data.subspan(std::size_t{y} * pitch + std::size_t{x} * 4, 4);

			picture.at(x, y) = {.red = std::to_integer<std::uint8_t>(pixel[2]),
					    .green = std::to_integer<std::uint8_t>(pixel[1]),
					    .blue = std::to_integer<std::uint8_t>(pixel[0])};
		}
	}
	return picture;
}

} // namespace vskms::svp
