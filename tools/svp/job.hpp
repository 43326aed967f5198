// SPDX-License-Identifier: GPL-2.0
/*
 * Another program that runs beside us, as long as it likes or we let it: a compositor, or
 * its client. It is in a process group of its own, which is ended as a whole. What it writes
 * is kept in memory, so it never waits for us to read, nor we for it to write.
 */
#pragma once

#include "deadline.hpp"
#include "error.hpp"
#include "unique_fd.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vskms::svp {

class Job {
public:
	/*
	 * @argv[0] is looked up in PATH. @environment, NAME=VALUE, is added to ours, or takes the
	 * place of what is there; NAME alone is taken out. It reads nothing.
	 */
	[[nodiscard]] static Result<Job> start(const std::vector<std::string> &argv,
					       const std::vector<std::string> &environment = {});

	Job(Job &&other) noexcept;
	Job &operator=(Job &&other) noexcept;

	/* Kills what is left of the group. */
	~Job();

	[[nodiscard]] pid_t pid() const { return pid_; }
	[[nodiscard]] bool running();

	/* Has it ended before the deadline? */
	[[nodiscard]] bool wait(const Deadline &deadline);

	/* SIGTERM to the group, and SIGKILL if that does not help in time. */
	void end(const Deadline &deadline);
	void kill();

	/* "ended with status 1", "ended by signal 11 (SEGV)", or "is running". */
	[[nodiscard]] std::string state();
	/* The exit status, if it has ended with one. */
	[[nodiscard]] std::optional<int> status();

	/* What it has written so far, from that byte on. */
	[[nodiscard]] std::string output(std::size_t from = 0) const;
	[[nodiscard]] std::string errors(std::size_t from = 0) const;

private:
	Job(pid_t pid, UniqueFd output, UniqueFd errors)
	    : pid_(pid), output_(std::move(output)), errors_(std::move(errors))
	{
	}

	pid_t pid_ = 0;			 // 0: moved away
	std::optional<int> wait_status_; // when it was waited for
	UniqueFd output_, errors_;	 // files without a name
};

} // namespace vskms::svp
