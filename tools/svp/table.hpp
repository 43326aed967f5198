// SPDX-License-Identifier: GPL-2.0
/* Text in columns, each as wide as its widest; and sizes as people write them. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vskms::svp {

class Table {
public:
	using Row = std::vector<std::string>;

	explicit Table(Row headings) : rows_{std::move(headings)} {}

	/* As many cells as there are headings. */
	void add(Row row) { rows_.push_back(std::move(row)); }

	/* Lines, each with its newline. The last column is not padded. */
	[[nodiscard]] std::string text() const;

private:
	std::vector<Row> rows_;
};

/* "128 MiB" if that is exact, "1.5 MiB" if not, in the largest unit that leaves 1 or more. */
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace vskms::svp
