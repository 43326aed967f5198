// SPDX-License-Identifier: GPL-2.0
#include "bench/vkms_like.hpp"

#include <algorithm>
#include <cstddef>

namespace vskms::bench {

namespace {

constexpr std::uint32_t div_closest(std::uint32_t a, std::uint32_t b)
{
	return (a + b / 2) / b;
}

/* 32.32, as the kernel's drm_fixp; BT.601 full. */
struct Conversion {
	std::int64_t m[3][3];
	std::int32_t y_offset;
};

constexpr std::int64_t one = std::int64_t{1} << 32;

constexpr Conversion bt601_full{{{one, 0, one / 1000 * 1402},
				 {one, -one / 1000000 * 344136, -one / 1000000 * 714136},
				 {one, one / 1000 * 1772, 0}}, 0};

const Conversion *volatile conversion = &bt601_full;	// unknown to the compiler

std::uint16_t clamp_16(std::int64_t v)
{
	return std::clamp<std::int64_t>((v + one / 2) >> 32, 0, 65535);
}

Pixel64 from_yuv(const Conversion &c, std::uint16_t y, std::uint16_t u, std::uint16_t v)
{
	const std::int64_t fy = y - c.y_offset * 257, fu = u - 128 * 257, fv = v - 128 * 257;

	return {clamp_16(c.m[2][0] * fy + c.m[2][1] * fu + c.m[2][2] * fv),
		clamp_16(c.m[1][0] * fy + c.m[1][1] * fu + c.m[1][2] * fv),
		clamp_16(c.m[0][0] * fy + c.m[0][1] * fu + c.m[0][2] * fv), 65535};
}

void read_line(const VkmsPlane &plane, std::int32_t y, Pixel64 *out)
{
	std::int32_t n = plane.width;

	if (plane.kind == VkmsPlane::nv12) {
		const Conversion &c = *conversion;
		const std::uint8_t *luma = plane.data[0] + std::size_t{plane.pitch[0]} * y;
		const std::uint8_t *chroma = plane.data[1] + std::size_t{plane.pitch[1]} * (y / 2);

		for (std::int32_t i = 0; i < n; i++) {
			*out++ = from_yuv(c, *luma++ * 257, chroma[0] * 257, chroma[1] * 257);
			if (i & 1)
				chroma += 2;
		}
		return;
	}

	const std::uint8_t *p = plane.data[0];
	std::ptrdiff_t step = 4;

	if (plane.rotate_90) {	// a column, from the right
		step = plane.pitch[0];
		p += 4 * (plane.height - 1 - y);
	} else {
		p += std::size_t{plane.pitch[0]} * y;
	}
	if (plane.kind == VkmsPlane::argb)
		for (; n; n--, p += step)
			*out++ = {std::uint16_t(p[0] * 257), std::uint16_t(p[1] * 257),
				  std::uint16_t(p[2] * 257), std::uint16_t(p[3] * 257)};
	else
		for (; n; n--, p += step)
			*out++ = {std::uint16_t(p[0] * 257), std::uint16_t(p[1] * 257),
				  std::uint16_t(p[2] * 257), 65535};
}

struct Op {
	const Op *next;
};

const Op *volatile pipeline = nullptr;	// unknown to the compiler

void transform(Pixel64 *line, std::int32_t n)
{
	for (std::int32_t i = 0; i < n; i++) {
		const Op *op = pipeline;
		std::int32_t r = line[i].r, g = line[i].g, b = line[i].b;

		while (op)
			op = op->next;
		line[i].r = std::clamp(r, 0, 65535);
		line[i].g = std::clamp(g, 0, 65535);
		line[i].b = std::clamp(b, 0, 65535);
	}
}

std::uint16_t blend_channel(std::uint32_t src, std::uint32_t dst, std::uint32_t alpha)
{
	return div_closest(src * 65535 + dst * (65535 - alpha), 65535);
}

void blend(const Pixel64 *in, Pixel64 *out, std::int32_t n)
{
	for (std::int32_t i = 0; i < n; i++)
		out[i] = {blend_channel(in[i].b, out[i].b, in[i].a),
			  blend_channel(in[i].g, out[i].g, in[i].a),
			  blend_channel(in[i].r, out[i].r, in[i].a), 65535};
}

void write_line(const Pixel64 *line, std::int32_t n, std::uint32_t *out)
{
	for (std::int32_t i = 0; i < n; i++)
		out[i] = 0xff000000 | div_closest(line[i].r, 257) << 16 |
			 div_closest(line[i].g, 257) << 8 | div_closest(line[i].b, 257);
}

} // namespace

void vkms_run(const VkmsScene &scene, Pixel64 *line, Pixel64 *stage, std::uint32_t *target,
	      VkmsLine consumer, void *context)
{
	for (std::int32_t y = 0; y < scene.height; y++) {
		std::fill_n(line, scene.width, Pixel64{0, 0, 0, 65535});
		for (unsigned int i = 0; i < scene.planes; i++) {
			const VkmsPlane &plane = scene.plane[i];

			if (y < plane.y || y >= plane.y + plane.height)
				continue;
			read_line(plane, y - plane.y, stage + plane.x);
			if (scene.pipeline)
				transform(stage, scene.width);
			blend(stage + plane.x, line + plane.x, plane.width);
		}
		if (consumer)
			consumer(context, line, scene.width);
		if (target)
			write_line(line, scene.width, target + std::ptrdiff_t{scene.width} * y);
	}
}

} // namespace vskms::bench
