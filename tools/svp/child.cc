// SPDX-License-Identifier: GPL-2.0
#include "child.hpp"

#include "spawn.hpp"

#include <cerrno>
#include <format>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

pid_t wait_for(pid_t pid, int &status)
{
	pid_t ended;

	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	return ended;
}

} // namespace

Result<Child> Child::start(const std::vector<std::string> &argv, Pipe pipe)
{
	const bool in = pipe == Pipe::input;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return failure("cannot make a pipe", errno);
	UniqueFd ours(ends[in ? 1 : 0]);
	const UniqueFd its(ends[in ? 0 : 1]);
	auto pid = spawn(argv, {.input = in ? its.get() : -1, .output = in ? -1 : its.get()});

	if (!pid)
		return failure(std::move(pid));
	return Child(argv[0], *pid, std::move(ours));
}

Child::Child(Child &&other) noexcept
	: name_(std::move(other.name_)), pid_(std::exchange(other.pid_, 0)),
      pipe_(std::move(other.pipe_))
{
}

Child::~Child()
{
	int status;

	if (!pid_)
		return;
	kill(pid_, SIGKILL);
	wait_for(pid_, status);
}

Result<void> Child::finish()
{
	int status;

	pipe_.reset();
	if (wait_for(std::exchange(pid_, 0), status) < 0)
		return failure(std::format("{}: cannot wait for it", name_), errno);
	if (WIFSIGNALED(status))
		return failure(std::format("{}: ended by signal {}", name_, WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return failure(std::format("{}: ended with status {}", name_, WEXITSTATUS(status)),
			       "it says why above");
	return {};
}

} // namespace vskms::svp
