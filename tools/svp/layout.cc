// SPDX-License-Identifier: GPL-2.0
#include "layout.hpp"

#include <algorithm>
#include <format>

#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

struct Format {
	const char *name;
	std::uint32_t format;
	std::uint32_t bytes; // of a sample in the first plane
	bool yuv;	     // a second plane has pairs of samples, one for 2x2 of the first
};

constexpr std::array formats = {
	Format{"XR24", DRM_FORMAT_XRGB8888, 4, false},
	Format{"AR24", DRM_FORMAT_ARGB8888, 4, false},
	Format{"NV12", DRM_FORMAT_NV12, 1, true},
	Format{"P010", DRM_FORMAT_P010, 2, true},
};

} // namespace

const std::vector<std::string> &format_names()
{
	static const std::vector<std::string> names = [] {
		std::vector<std::string> all;

		for (const Format &format : formats)
			all.emplace_back(format.name);
		return all;
	}();

	return names;
}

std::uint32_t format_named(std::string_view name)
{
	const auto found = std::ranges::find(formats, name, &Format::name);

	return found == formats.end() ? 0 : found->format;
}

std::string format_name(std::uint32_t format)
{
	const auto found = std::ranges::find(formats, format, &Format::format);

	return found == formats.end() ? std::format("{:#010x}", format) : found->name;
}

Result<Layout> Layout::of(std::uint32_t format, std::uint32_t width, std::uint32_t height)
{
	const auto found = std::ranges::find(formats, format, &Format::format);

	if (found == formats.end())
		return failure(std::format("format {}: svp cannot write it", format_name(format)));
	if (!width || !height || width > max_size || height > max_size)
		return failure(std::format("an image of {}x{}: a side is from 1 to {} pixels",
					   width, height, max_size));

	Layout layout = {.format = format,
			 .width = width,
			 .height = height,
			 .count = 1,
			 .planes = {},
			 .size = 0};

	layout.planes[0] = {.offset = 0, .pitch = width * found->bytes, .rows = height};
	layout.size = std::uint64_t{layout.planes[0].pitch} * height;
	if (found->yuv) {
		layout.count = 2;
		layout.planes[1] = {.offset = static_cast<std::uint32_t>(layout.size),
				    .pitch = (width + 1) / 2 * 2 * found->bytes,
				    .rows = (height + 1) / 2};
		layout.size += std::uint64_t{layout.planes[1].pitch} * layout.planes[1].rows;
	}
	return layout;
}

} // namespace vskms::svp
