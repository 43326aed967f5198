// SPDX-License-Identifier: GPL-2.0
#include "process.hpp"

#include <cerrno>
#include <charconv>
#include <format>

// glibc 2.43 declares these for C only.
extern "C" {
#include <sys/pidfd.h>
}

namespace vskms::svp {
namespace {

std::optional<int> number(std::string_view text)
{
	const char *end = text.data() + text.size();
	int value;
	const auto [rest, wrong] = std::from_chars(text.data(), end, value);

	if (wrong != std::errc() || rest != end || value < 0)
		return std::nullopt;
	return value;
}

} // namespace

std::optional<FdOf> parse_fd(std::string_view text)
{
	const std::size_t colon = text.find(':');
	const auto fd = number(colon == text.npos ? text : text.substr(colon + 1));

	if (!fd)
		return std::nullopt;
	if (colon == text.npos)
		return FdOf{.pid = std::nullopt, .fd = *fd};
	const auto pid = number(text.substr(0, colon));

	if (!pid || !*pid)
		return std::nullopt;
	return FdOf{.pid = *pid, .fd = *fd};
}

Result<UniqueFd> take_fd(pid_t pid, int fd)
{
	const UniqueFd process(pidfd_open(pid, 0));

	if (!process)
		return failure(std::format("process {}: cannot open it", pid), errno,
			       errno == ESRCH ? "it has ended, or never was" : "");
	UniqueFd copy(pidfd_getfd(process.get(), fd, 0));

	if (!copy)
		return failure(
			std::format("process {}: cannot take its file descriptor {}", pid, fd),
			errno,
			errno == EBADF ? "it has none of that number" :
			errno == EPERM ? "only who may trace the process may: run svp as root" :
					 "");
	return copy;
}

} // namespace vskms::svp
