// SPDX-License-Identifier: GPL-2.0
/*
 * How an image lies in a buffer: each row of samples follows the one before it without a
 * gap, each memory plane the one before it. It is what ffmpeg calls rawvideo.
 */
#pragma once

#include "error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* A name is that of the DRM format: XR24, AR24, NV12, P010. */
[[nodiscard]] const std::vector<std::string> &format_names();

/* DRM_FORMAT_*; 0 if there is no such name. */
[[nodiscard]] std::uint32_t format_named(std::string_view name);
[[nodiscard]] std::string format_name(std::uint32_t format);

struct Layout {
	static constexpr std::uint32_t max_size = 8192; // of a side; vskms's limit

	struct Plane {
		std::uint32_t offset = 0; // bytes from the beginning
		std::uint32_t pitch = 0;  // bytes from one row to the next
		std::uint32_t rows = 0;
	};

	std::uint32_t format = 0;
	std::uint32_t width = 0;
	std::uint32_t height = 0;
	std::uint32_t count = 0; // of planes
	std::array<Plane, 2> planes;
	std::uint64_t size = 0; // bytes, of all

	/* Wrong: another format than those named above; no size, or a side above max_size. */
	[[nodiscard]] static Result<Layout> of(std::uint32_t format, std::uint32_t width,
					       std::uint32_t height);

	/* Are its samples luma and chroma? */
	[[nodiscard]] bool yuv() const { return count == 2; }
};

} // namespace vskms::svp
