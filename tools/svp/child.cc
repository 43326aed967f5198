// SPDX-License-Identifier: GPL-2.0
#include "child.hpp"

#include <cerrno>
#include <format>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

/* posix_spawn()'s two, which need to be destroyed. */
struct Spawn {
	Spawn()
	{
		posix_spawn_file_actions_init(&actions);
		posix_spawnattr_init(&attributes);
	}
	Spawn(const Spawn &) = delete;
	~Spawn()
	{
		posix_spawn_file_actions_destroy(&actions);
		posix_spawnattr_destroy(&attributes);
	}

	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

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
	std::vector<char *> words;
	sigset_t none, ignored;
	Spawn spawn;
	int ends[2];
	pid_t pid;

	for (const std::string &word : argv)
		words.push_back(const_cast<char *>(word.c_str()));
	words.push_back(nullptr);
	if (pipe2(ends, O_CLOEXEC))
		return failure("cannot make a pipe", errno);
	UniqueFd ours(ends[in ? 1 : 0]);
	const UniqueFd its(ends[in ? 0 : 1]);

	posix_spawn_file_actions_adddup2(&spawn.actions, its.get(),
					 in ? STDIN_FILENO : STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&spawn.actions, in ? STDOUT_FILENO : STDIN_FILENO,
					 "/dev/null", in ? O_WRONLY : O_RDONLY, 0);
	// Neither what Signals holds back nor what main() ignores is inherited.
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	posix_spawnattr_setsigmask(&spawn.attributes, &none);
	posix_spawnattr_setsigdefault(&spawn.attributes, &ignored);
	posix_spawnattr_setpgroup(&spawn.attributes, 0);
	posix_spawnattr_setflags(&spawn.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETPGROUP);
	if (const int wrong = posix_spawnp(&pid, words[0], &spawn.actions, &spawn.attributes,
					   words.data(), environ))
		return failure(std::format("{}: cannot start it", argv[0]), wrong,
			       wrong == ENOENT ? std::format("install {}", argv[0]) : "");
	return Child(argv[0], pid, std::move(ours));
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
