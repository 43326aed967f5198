// SPDX-License-Identifier: GPL-2.0
/*
 * The formats, each with a modifier, that a compositor takes dma-bufs in: as linux-dmabuf's
 * feedback tells them, a table in a file and indices into it, or one by one.
 */
#pragma once

#include "error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vskms::svp {

struct FormatModifier {
	std::uint32_t format = 0; // DRM_FORMAT_*
	std::uint64_t modifier = 0; // DRM_FORMAT_MOD_*

	auto operator<=>(const FormatModifier &) const = default;
};

/* What is preferred for one device; an earlier one to a later one. */
struct Tranche {
	dev_t device = 0;
	bool scanout = false; // it may go to a plane
	std::set<FormatModifier> formats;
};

/* Entries of 16 bytes: format, 4 bytes of padding, modifier. Wrong: another size. */
[[nodiscard]] Result<std::vector<FormatModifier>>
parse_format_table(std::span<const std::byte> table);

/* Wrong: an index is beyond the table. */
[[nodiscard]] Result<std::set<FormatModifier>> pick_formats(std::span<const FormatModifier> table,
							    std::span<const std::uint16_t> indices);

/* DRM_FORMAT_* as its four characters, or a number if they cannot be printed. */
[[nodiscard]] std::string fourcc_text(std::uint32_t format);

/* LINEAR, INVALID, which leaves it to the driver, or a number. */
[[nodiscard]] std::string modifier_name(std::uint64_t modifier);

/* The modifiers of each format. */
[[nodiscard]] std::map<std::uint32_t, std::vector<std::uint64_t>>
by_format(const std::set<FormatModifier> &formats);

} // namespace vskms::svp
