// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel noticed while a case ran: warnings in its log, accesses that were refused,
 * and buffers that were not given back.
 */
#pragma once

#include "deadline.hpp"
#include "error.hpp"
#include "kernel_log.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vskms::svp {

class Witness {
public:
	[[nodiscard]] static Result<Witness> call();

	/* What happens from now on is of the next case. */
	[[nodiscard]] Result<void> begin();

	struct Findings {
		std::vector<std::string> complaints; // of the kernel
		std::vector<std::string> stalls;     // of its CPUs: the host's doing
		std::vector<std::string> refusals;
		std::uint64_t left = 0;	 // buffers
		bool unbalanced = false; // the ledger: a bug of the heap's
	};

	/*
	 * What happened since. What is released is gone a moment later, which is waited for; unless
	 * a client is @kept, which has buffers.
	 */
	[[nodiscard]] Result<Findings> end(bool kept, const Deadline &deadline);

	/* How many of those that were left are still there; of them it is not told again. */
	[[nodiscard]] Result<std::uint64_t> still_left(const Deadline &deadline);

private:
	explicit Witness(KernelLog log) : log_(std::move(log)) {}

	[[nodiscard]] Result<std::uint64_t> more_than_before(const Deadline &deadline) const;

	KernelLog log_;
	std::uint64_t serial_ = 0;  // of the last refusal before
	std::uint64_t buffers_ = 0; // that are none of ours
};

} // namespace vskms::svp
