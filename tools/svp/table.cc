// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include <algorithm>
#include <array>
#include <format>

namespace vskms::svp {

std::string Table::text() const
{
	std::vector<std::size_t> widths(rows_.front().size());
	std::string out;

	for (const Row &row : rows_)
		for (std::size_t i = 0; i < row.size(); i++)
			widths[i] = std::max(widths[i], row[i].size());
	for (const Row &row : rows_) {
		for (std::size_t i = 0; i + 1 < row.size(); i++)
			out += std::format("{:{}}  ", row[i], widths[i]);
		out += row.back() + '\n';
	}
	return out;
}

std::string size_text(std::uint64_t bytes)
{
	static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	std::size_t unit = 0;
	std::uint64_t one = 1;

	while (unit + 1 < units.size() && bytes / one >= 1024) {
		one *= 1024;
		unit++;
	}
	if (bytes % one)
		return std::format("{:.1f} {}",
				   static_cast<double>(bytes) / static_cast<double>(one),
				   units[unit]);
	return std::format("{} {}", bytes / one, units[unit]);
}

} // namespace vskms::svp
