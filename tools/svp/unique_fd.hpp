// SPDX-License-Identifier: GPL-2.0
/* A file descriptor that is closed with its owner. */
#pragma once

#include <utility>

#include <unistd.h>

namespace vskms::svp {

class UniqueFd {
public:
	UniqueFd() = default;
	explicit UniqueFd(int fd) : fd_(fd) {}
	UniqueFd(UniqueFd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	UniqueFd &operator=(UniqueFd &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~UniqueFd() { reset(); }

	explicit operator bool() const { return fd_ >= 0; }
	[[nodiscard]] int get() const { return fd_; }

	/* Hand it over: whoever has the number now closes it. */
	[[nodiscard]] int release() { return std::exchange(fd_, -1); }

	void reset()
	{
		if (fd_ >= 0)
			close(std::exchange(fd_, -1));
	}

private:
	int fd_ = -1;
};

} // namespace vskms::svp
