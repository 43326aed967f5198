// SPDX-License-Identifier: GPL-2.0
/*
 * What went wrong, as a person needs it: on what, why, and what to do about it. It is
 * shown in one line:
 *
 *	heap protected,secure-video: cannot allocate 200 MiB: Cannot allocate memory
 *	(ENOMEM); 120 MiB of 128 MiB are free
 */
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace vskms::svp {

struct Error {
	std::string what;   // which device, heap or file, and what failed there
	int number = 0;	    // errno, or 0 if no system call said so
	std::string remedy; // what to do, or what to know; may be empty

	[[nodiscard]] std::string text() const;
};

template <typename T = void>
using Result = std::expected<T, Error>;

using Failure = std::unexpected<Error>;

[[nodiscard]] Failure failure(std::string what, std::string remedy = {});
[[nodiscard]] Failure failure(std::string what, int number, std::string remedy = {});

/* Passes on what went wrong below: "if (!heap) return failure(std::move(heap));" */
template <typename T>
[[nodiscard]] Failure failure(Result<T> &&result)
{
	return Failure(std::move(result).error());
}

/* What usually helps when a file of ours cannot be opened: the module, or being root. */
[[nodiscard]] std::string open_remedy(int number, const char *module);

} // namespace vskms::svp
