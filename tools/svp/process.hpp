// SPDX-License-Identifier: GPL-2.0
/* Other processes, and their file descriptors. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <optional>
#include <string_view>

#include <sys/types.h>

namespace vskms::svp {

/* A file descriptor, of ours or of another process. */
struct FdOf {
	std::optional<pid_t> pid;
	int fd = -1;

	bool operator==(const FdOf &) const = default;
};

/* FD or PID:FD, in decimal; empty if @text is neither. */
[[nodiscard]] std::optional<FdOf> parse_fd(std::string_view text);

/* A copy of another process's, as pidfd_getfd() gives to who may trace it. */
[[nodiscard]] Result<UniqueFd> take_fd(pid_t pid, int fd);

} // namespace vskms::svp
