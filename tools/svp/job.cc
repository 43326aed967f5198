// SPDX-License-Identifier: GPL-2.0
#include "job.hpp"

#include "spawn.hpp"

#include <cerrno>
#include <cstring>
#include <format>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

/* Appended to, whichever process of the job writes; we read it by position. */
Result<UniqueFd> kept_file(const char *name)
{
	UniqueFd file(memfd_create(name, MFD_CLOEXEC));

	if (!file || fcntl(file.get(), F_SETFL, O_APPEND))
		return failure("cannot keep what a program writes", errno);
	return file;
}

std::string text_of(const UniqueFd &file, std::size_t from)
{
	std::string text;
	char part[4096];
	ssize_t got;

	while ((got = pread(file.get(), part, sizeof(part),
			    static_cast<off_t>(from + text.size()))) > 0)
		text.append(part, static_cast<std::size_t>(got));
	return text;
}

} // namespace

Result<Job> Job::start(const std::vector<std::string> &argv,
		       const std::vector<std::string> &environment)
{
	auto output = kept_file("output");
	auto errors = kept_file("errors");

	if (!output)
		return failure(std::move(output));
	if (!errors)
		return failure(std::move(errors));
	auto pid = spawn(argv, {.input = -1, .output = output->get(), .errors = errors->get()},
			 environment);

	if (!pid)
		return failure(std::move(pid));
	return Job(*pid, std::move(*output), std::move(*errors));
}

Job::Job(Job &&other) noexcept
    : pid_(std::exchange(other.pid_, 0)), wait_status_(other.wait_status_),
      output_(std::move(other.output_)), errors_(std::move(other.errors_))
{
}

Job &Job::operator=(Job &&other) noexcept
{
	std::swap(pid_, other.pid_);
	std::swap(wait_status_, other.wait_status_);
	std::swap(output_, other.output_);
	std::swap(errors_, other.errors_);
	return *this;
}

Job::~Job()
{
	kill();
}

bool Job::running()
{
	int status;

	if (pid_ && !wait_status_ && waitpid(pid_, &status, WNOHANG) == pid_)
		wait_status_ = status;
	return pid_ && !wait_status_;
}

bool Job::wait(const Deadline &deadline)
{
	return deadline.await([&] { return !running(); });
}

void Job::end(const Deadline &deadline)
{
	if (running())
		::kill(-pid_, SIGTERM);
	(void)wait(deadline);
	kill();
}

void Job::kill()
{
	int status;

	if (!pid_)
		return;
	// The group may have more than the one that was waited for.
	::kill(-pid_, SIGKILL);
	if (wait_status_)
		return;
	while (waitpid(pid_, &status, 0) < 0)
		if (errno != EINTR)
			return;
	wait_status_ = status;
}

std::string Job::state()
{
	if (running())
		return "is running";
	if (WIFSIGNALED(*wait_status_)) {
		const char *name = sigabbrev_np(WTERMSIG(*wait_status_));

		return std::format("ended by signal {} ({})", WTERMSIG(*wait_status_),
				   name ? name : "?");
	}
	return std::format("ended with status {}", WEXITSTATUS(*wait_status_));
}

std::optional<int> Job::status()
{
	if (running() || !WIFEXITED(*wait_status_))
		return std::nullopt;
	return WEXITSTATUS(*wait_status_);
}

std::string Job::output(std::size_t from) const
{
	return text_of(output_, from);
}

std::string Job::errors(std::size_t from) const
{
	return text_of(errors_, from);
}

} // namespace vskms::svp
