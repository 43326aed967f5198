// SPDX-License-Identifier: GPL-2.0
/* What the heaps hold and what they refused, as debugfs has it (docs/heap.md); root's. */
#pragma once

#include "error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* Amounts by account, which is a heap's name or "total", and gauge. */
class Ledger {
public:
	static constexpr const char *total = "total";

	struct Level {
		std::uint64_t now = 0;
		std::uint64_t most = 0;
		std::uint64_t ever = 0;

		bool operator==(const Level &) const = default;
	};

	/* A kind of refusal, or a gauge, by name. */
	struct Account {
		std::map<std::string, Level, std::less<>> gauges;
		std::map<std::string, std::uint64_t, std::less<>> refused;
	};

	[[nodiscard]] static Result<Ledger> read();
	[[nodiscard]] static Result<Ledger> parse(std::string_view text);

	/* The heaps first, in their order, then the total. */
	[[nodiscard]] const std::vector<std::pair<std::string, Account>> &accounts() const
	{
		return accounts_;
	}
	[[nodiscard]] std::uint64_t imbalances() const { return imbalances_; }

	[[nodiscard]] std::optional<std::uint64_t> most(std::string_view account,
							std::string_view gauge) const;
	[[nodiscard]] std::optional<std::uint64_t> now(std::string_view account,
						       std::string_view gauge) const;

private:
	Account &account(std::string_view name);
	[[nodiscard]] const Level *level(std::string_view account, std::string_view gauge) const;

	std::vector<std::pair<std::string, Account>> accounts_;
	std::uint64_t imbalances_ = 0;
};

/* A refused access. A text that does not apply is "-". */
struct Violation {
	std::uint64_t serial = 0;
	std::uint64_t time = 0; // nanoseconds since boot
	std::uint32_t pid = 0;
	std::string comm;
	std::string kind;
	int number = 0; // errno
	std::string heap;
	std::optional<std::uint32_t> buffer; // its handle
	std::string master;
	std::string reason;

	[[nodiscard]] static Result<Violation> parse(std::string_view line);
};

/* Those that the kernel still knows and that came after @serial; 0: all. */
[[nodiscard]] Result<std::vector<Violation>> violations_after(std::uint64_t serial);

} // namespace vskms::svp
