// SPDX-License-Identifier: GPL-2.0
/* A program that works for us, by a pipe into or out of it: ffmpeg. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace vskms::svp {

class Child {
public:
	enum class Pipe {
		input,	// we write what it reads
		output, // we read what it writes
	};

	/*
	 * @argv[0] is looked up in PATH. Its other stream is /dev/null; its errors go where ours
	 * do. It is in a process group of its own: Ctrl-C is for us, and its pipe's end for it.
	 */
	[[nodiscard]] static Result<Child> start(const std::vector<std::string> &argv, Pipe pipe);

	Child(Child &&other) noexcept;
	Child &operator=(Child &&) = delete;

	/* Ends it, if it was not waited for. */
	~Child();

	/* Our end. */
	[[nodiscard]] int pipe() const { return pipe_.get(); }
	[[nodiscard]] const std::string &name() const { return name_; }

	/* Closes our end and waits for it to end. Wrong: it did not end with status 0. */
	[[nodiscard]] Result<void> finish();

private:
	Child(std::string name, pid_t pid, UniqueFd pipe)
		: name_(std::move(name)), pid_(pid), pipe_(std::move(pipe))
	{
	}

	std::string name_;
	pid_t pid_; // 0 when it was waited for
	UniqueFd pipe_;
};

} // namespace vskms::svp
