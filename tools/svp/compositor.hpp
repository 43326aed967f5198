// SPDX-License-Identifier: GPL-2.0
/*
 * A Wayland compositor under test: a program with a directory for sockets that is its own,
 * so that no other compositor is met there.
 */
#pragma once

#include "deadline.hpp"
#include "error.hpp"
#include "job.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vskms::svp {

class Compositor {
public:
	/*
	 * Starts it. Where our environment does not say otherwise it opens devices as root, by
	 * itself, and renders with the CPU.
	 */
	[[nodiscard]] static Result<Compositor> start(const std::vector<std::string> &command);

	Compositor(Compositor &&other) noexcept = default;
	Compositor &operator=(Compositor &&) = delete;

	/* Kills it. */
	~Compositor();

	/* Until it accepts clients. Wrong: it ended, or did not in time. */
	[[nodiscard]] Result<void> ready(const Deadline &deadline);

	/* Ends it, and starts it where its clients look for it. It is not ready then. */
	[[nodiscard]] Result<void> restart(const Deadline &deadline);

	[[nodiscard]] bool running() { return job_.running(); }
	/* As Job's. */
	[[nodiscard]] std::string state() { return job_.state(); }
	void end(const Deadline &deadline) { job_.end(deadline); }
	[[nodiscard]] pid_t pid() const { return job_.pid(); }

	/* What a client has in its environment to find it. */
	[[nodiscard]] std::vector<std::string> environment() const;

	/* The path of its socket, when it was ready. */
	[[nodiscard]] std::filesystem::path socket() const { return directory_ / display_; }

	/* All that it said, both streams. */
	[[nodiscard]] std::string output() const { return job_.output() + job_.errors(); }

private:
	Compositor(std::vector<std::string> command, std::filesystem::path directory, Job job)
	    : command_(std::move(command)), directory_(std::move(directory)), job_(std::move(job))
	{
	}

	[[nodiscard]] static Result<Job> run(const std::vector<std::string> &command,
					     const std::filesystem::path &directory);

	std::vector<std::string> command_;

	std::filesystem::path directory_; // empty if moved away
	std::string display_;		  // wayland-1
	Job job_;
};

} // namespace vskms::svp
