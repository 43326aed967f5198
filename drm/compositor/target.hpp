// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: the formats that are written, and how a finished row becomes one.
 *
 * A target of 8 bits a channel is written from XRGB8888, one of more from 16 bits a channel. RG16
 * is of the latter: its channels are those of 16 bits, rounded once. Alpha, or what stands in its
 * place, is all ones.
 */
#pragma once

#include "arithmetic.hpp"
#include "compositor.h"
#include "format.hpp"
#include "reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace vskms {

/* Write @n pixels of XRGB8888, or of 16 bits a channel, at @in. */
using Emit = void(const std::uint8_t *in, std::uint32_t n, std::uint8_t *out);

struct TargetFormat {
	std::uint32_t code;
	std::uint32_t bytes;	// of a pixel
	bool native;		// XRGB8888, the highest byte aside
	Emit *from_8, *from_16;	// one of them
};

namespace detail {

template <typename Order>
void emit_32(const std::uint8_t *in, std::uint32_t n, std::uint8_t *out)
{
	Run run{};

	run.samples[0] = in;
	layout::copy_8<Order>(run, n, out, opaque_8);
}

template <bool bgr>
void emit_64(const std::uint8_t *in, std::uint32_t n, std::uint8_t *out)
{
	for (; n; n--, in += 8, out += 8) {
		const auto p = load<Pixel16>(in) | opaque_16;

		store<Pixel16>(out, bgr ? layout::swap_red_blue(p) : p);
	}
}

inline void emit_rgb565(const std::uint8_t *in, std::uint32_t n, std::uint8_t *out)
{
	for (; n; n--, in += 8, out += 2) {
		const auto p = load<Pixel16>(in);
		const std::uint32_t red = div_65535(31 * (p >> 32 & 0xffff));
		const std::uint32_t green = div_65535(63 * (p >> 16 & 0xffff));
		const std::uint32_t blue = div_65535(31 * (p & 0xffff));

		store<std::uint16_t>(out, red << 11 | green << 5 | blue);
	}
}

} // namespace detail

inline constexpr std::array<TargetFormat, 9> targets{{
	{fourcc("XR24"), 4, true, detail::emit_32<layout::Argb>, nullptr},
	{fourcc("AR24"), 4, true, detail::emit_32<layout::Argb>, nullptr},
	{fourcc("XB24"), 4, false, detail::emit_32<layout::Abgr>, nullptr},
	{fourcc("AB24"), 4, false, detail::emit_32<layout::Abgr>, nullptr},
	{fourcc("XR48"), 8, false, nullptr, detail::emit_64<false>},
	{fourcc("AR48"), 8, false, nullptr, detail::emit_64<false>},
	{fourcc("XB48"), 8, false, nullptr, detail::emit_64<true>},
	{fourcc("AB48"), 8, false, nullptr, detail::emit_64<true>},
	{fourcc("RG16"), 2, false, nullptr, detail::emit_rgb565},
}};

[[nodiscard]] constexpr const TargetFormat *find_target(std::uint32_t code)
{
	for (const TargetFormat &target : targets)
		if (target.code == code)
			return &target;
	return nullptr;
}

} // namespace vskms
