// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmarks that run in the guest have in common. A benchmark needs all that it
 * asks for: what fails ends it.
 */
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <format>
#include <fstream>
#include <print>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace vskms::bench {

[[noreturn]] inline void die(std::string_view what, int error = errno)
{
	std::println(stderr, "{}: {}: {}", program_invocation_short_name, what,
		     std::generic_category().message(error));
	std::exit(1);
}

class Fd {
public:
	explicit Fd(int fd = -1) : fd_(fd) {}
	Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Fd &operator=(Fd &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Fd() { reset(); }

	void reset()
	{
		if (fd_ >= 0)
			close(std::exchange(fd_, -1));
	}

	[[nodiscard]] int get() const { return fd_; }

private:
	int fd_;
};

inline Fd open_or_die(const std::string &path, int flags)
{
	const int fd = open(path.c_str(), flags | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return Fd(fd);
}

inline const std::string tracefs = "/sys/kernel/tracing/";

// A file of tracefs, debugfs and their like, some of which take one word at a time.
inline void write_file(const std::string &path, std::string_view text)
{
	const Fd file = open_or_die(path, O_WRONLY | O_TRUNC);

	while (!text.empty()) {
		const ssize_t written = write(file.get(), text.data(), text.size());

		if (written <= 0)
			die(std::format("{} to {}", text, path));
		text.remove_prefix(static_cast<std::size_t>(written));
	}
}

using Microseconds = std::chrono::duration<double, std::micro>;

class Samples {
public:
	void add(Microseconds time) { times_.push_back(time.count()); }

	[[nodiscard]] bool empty() const { return times_.empty(); }
	[[nodiscard]] std::size_t size() const { return times_.size(); }

	// Median, and from where to where eight of ten are, in @unit microseconds.
	[[nodiscard]] std::string text(double unit = 1) const
	{
		return std::format("{:.1f} ({:.1f}-{:.1f})", at(0.5) / unit, at(0.1) / unit,
				   at(0.9) / unit);
	}

	[[nodiscard]] double at(double quantile) const
	{
		std::vector<double> sorted = times_;

		std::ranges::sort(sorted);
		return sorted[static_cast<std::size_t>(quantile * (sorted.size() - 1))];
	}

private:
	std::vector<double> times_;
};

} // namespace vskms::bench
