// SPDX-License-Identifier: GPL-2.0
#include "spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <format>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
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

	void stream(int to, int from, int flags)
	{
		if (from < 0)
			posix_spawn_file_actions_addopen(&actions, to, "/dev/null", flags, 0);
		else
			posix_spawn_file_actions_adddup2(&actions, from, to);
	}

	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

std::string_view name_of(std::string_view variable)
{
	return variable.substr(0, variable.find('='));
}

std::vector<char *> merged(const std::vector<std::string> &added)
{
	std::vector<char *> all;

	for (char **variable = environ; *variable; variable++)
		if (!std::ranges::contains(added, name_of(*variable), name_of))
			all.push_back(*variable);
	for (const std::string &variable : added)
		if (variable.contains('='))
			all.push_back(const_cast<char *>(variable.c_str()));
	all.push_back(nullptr);
	return all;
}

} // namespace

Result<pid_t> spawn(const std::vector<std::string> &argv, const Streams &streams,
		    const std::vector<std::string> &environment)
{
	std::vector<char *> variables = merged(environment);
	std::vector<char *> words;
	sigset_t none, ignored;
	Spawn spawn;
	pid_t pid;

	for (const std::string &word : argv)
		words.push_back(const_cast<char *>(word.c_str()));
	words.push_back(nullptr);
	spawn.stream(STDIN_FILENO, streams.input, O_RDONLY);
	spawn.stream(STDOUT_FILENO, streams.output, O_WRONLY);
	if (streams.errors >= 0)
		spawn.stream(STDERR_FILENO, streams.errors, O_WRONLY);
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	posix_spawnattr_setsigmask(&spawn.attributes, &none);
	posix_spawnattr_setsigdefault(&spawn.attributes, &ignored);
	posix_spawnattr_setpgroup(&spawn.attributes, 0);
	posix_spawnattr_setflags(&spawn.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETPGROUP);
	if (const int wrong = posix_spawnp(&pid, words[0], &spawn.actions, &spawn.attributes,
					   words.data(), variables.data()))
		return failure(std::format("{}: cannot start it", argv[0]), wrong,
			       wrong == ENOENT ? std::format("install {}", argv[0]) : "");
	return pid;
}

} // namespace vskms::svp
