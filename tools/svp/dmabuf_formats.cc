// SPDX-License-Identifier: GPL-2.0
#include "dmabuf_formats.hpp"

#include <cctype>
#include <cstring>
#include <format>

#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

struct Entry {
	std::uint32_t format;
	std::uint32_t padding;
	std::uint64_t modifier;
};
static_assert(sizeof(Entry) == 16);

} // namespace

Result<std::vector<FormatModifier>> parse_format_table(std::span<const std::byte> table)
{
	std::vector<FormatModifier> formats;

	if (table.size() % sizeof(Entry))
		return failure(std::format("a table of formats has {} bytes, not a multiple of {}",
					   table.size(), sizeof(Entry)));
	for (; !table.empty(); table = table.subspan(sizeof(Entry))) {
		Entry entry;

		std::memcpy(&entry, table.data(), sizeof(entry));
		formats.push_back({.format = entry.format, .modifier = entry.modifier});
	}
	return formats;
}

Result<std::set<FormatModifier>> pick_formats(std::span<const FormatModifier> table,
					      std::span<const std::uint16_t> indices)
{
	std::set<FormatModifier> picked;

	for (const std::uint16_t index : indices) {
		if (index >= table.size())
			return failure(std::format("format {} is beyond the table's {}", index,
						   table.size()));
		picked.insert(table[index]);
	}
	return picked;
}

std::string fourcc_text(std::uint32_t format)
{
	std::string text;

	for (unsigned int shift = 0; shift < 32; shift += 8) {
		const auto byte = static_cast<unsigned char>(format >> shift);

		if (!std::isprint(byte))
			return std::format("{:#010x}", format);
		text += static_cast<char>(byte);
	}
	return text;
}

std::string modifier_name(std::uint64_t modifier)
{
	switch (modifier) {
	case DRM_FORMAT_MOD_LINEAR:
		return "LINEAR";
	case DRM_FORMAT_MOD_INVALID:
		return "INVALID";
	default:
		return std::format("{:#x}", modifier);
	}
}

std::map<std::uint32_t, std::vector<std::uint64_t>>
by_format(const std::set<FormatModifier> &formats)
{
	std::map<std::uint32_t, std::vector<std::uint64_t>> map;

	for (const FormatModifier &one : formats)
		map[one.format].push_back(one.modifier);
	return map;
}

} // namespace vskms::svp
