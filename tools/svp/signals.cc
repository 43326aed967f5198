// SPDX-License-Identifier: GPL-2.0
#include "signals.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <sys/signalfd.h>

namespace vskms::svp {

Result<Signals> Signals::hold()
{
	sigset_t held, before;

	sigemptyset(&held);
	for (int number : {SIGINT, SIGTERM, SIGHUP})
		sigaddset(&held, number);
	UniqueFd fd(signalfd(-1, &held, SFD_CLOEXEC));

	if (!fd)
		return failure("cannot wait for signals", errno);
	if (const int wrong = pthread_sigmask(SIG_BLOCK, &held, &before))
		return failure("cannot hold signals back", wrong);
	return Signals(std::move(fd), before);
}

Signals::~Signals()
{
	if (!fd_)
		return;
	// One that has come was obeyed: let go, it would end us here.
	signalfd_siginfo info;

	while (pending() && read(fd_.get(), &info, sizeof(info)) > 0)
		;
	pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Signals::pending() const
{
	pollfd ours = {.fd = fd_.get(), .events = POLLIN, .revents = 0};

	return poll(&ours, 1, 0) == 1;
}

Result<bool> Signals::wait(std::span<pollfd> others,
			   std::optional<std::chrono::milliseconds> timeout) const
{
	std::vector<pollfd> all(others.begin(), others.end());

	all.push_back({.fd = fd_.get(), .events = POLLIN, .revents = 0});
	int ready;

	do {
		ready = poll(all.data(), all.size(),
			     timeout ? static_cast<int>(timeout->count()) : -1);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return failure("cannot wait", errno);
	std::copy(all.begin(), all.end() - 1, others.begin());
	return ready > 0 && !all.back().revents;
}

} // namespace vskms::svp
