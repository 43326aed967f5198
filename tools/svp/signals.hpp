// SPDX-License-Identifier: GPL-2.0
/*
 * Being told to end. SIGINT, SIGTERM and SIGHUP are held back while this lives, and are
 * read from a file descriptor instead: so a command ends where it can give back what it
 * has. (What ends it where it stands, SIGKILL, leaves the same to the kernel: framebuffers,
 * buffers and keys go with their files.)
 */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <chrono>
#include <optional>
#include <span>

#include <poll.h>
#include <signal.h>

namespace vskms::svp {

class Signals {
public:
	[[nodiscard]] static Result<Signals> hold();

	Signals(Signals &&other) noexcept = default;
	Signals &operator=(Signals &&) = delete;
	~Signals();

	/* Readable when one has come. */
	[[nodiscard]] int fd() const { return fd_.get(); }

	/* Has one come? It stays. */
	[[nodiscard]] bool pending() const;

	/*
	 * Wait until one of @others has what it is polled for (true), or a signal has come or
	 * @timeout is over (false).
	 */
	[[nodiscard]] Result<bool>
	wait(std::span<pollfd> others,
	     std::optional<std::chrono::milliseconds> timeout = std::nullopt) const;

private:
	Signals(UniqueFd fd, const sigset_t &before) : fd_(std::move(fd)), before_(before) {}

	UniqueFd fd_;
	sigset_t before_;
};

} // namespace vskms::svp
