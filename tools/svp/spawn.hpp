// SPDX-License-Identifier: GPL-2.0
/* Starts another program. */
#pragma once

#include "error.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace vskms::svp {

/* Its streams, -1: /dev/null; of errors, -1: where ours go. */
struct Streams {
	int input = -1;
	int output = -1;
	int errors = -1;
};

/*
 * @argv[0] is looked up in PATH. It is in a process group of its own, and neither what
 * Signals holds back nor what main() ignores is inherited. @environment, NAME=VALUE, is
 * added to ours, or takes the place of what is there; NAME alone is taken out. Whoever calls
 * waits for it.
 */
[[nodiscard]] Result<pid_t> spawn(const std::vector<std::string> &argv, const Streams &streams,
				  const std::vector<std::string> &environment = {});

} // namespace vskms::svp
