// SPDX-License-Identifier: GPL-2.0
#include "kernel_log.hpp"

#include "file.hpp"

#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

constexpr unsigned int warning = 4;

} // namespace

/* "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT", then lines of a dictionary. */
std::optional<KernelMessage> KernelMessage::parse(std::string_view record)
{
	const std::size_t text = record.find(';');
	unsigned int priority;
	const auto [rest, wrong] =
		std::from_chars(record.data(), record.data() + record.size(), priority);

	// The upper bits are the facility, and 0 is the kernel's.
	if (text == record.npos || wrong != std::errc() || *rest != ',' || priority >> 3)
		return std::nullopt;
	// A message that comes in pieces has its level in the first. If one of another CPU's gets
	// between them the rest is a record of its own, of the default level.
	if (record.substr(0, text).ends_with(",c") || record.substr(0, text).contains(",c,"))
		return std::nullopt;
	record.remove_prefix(text + 1);
	return KernelMessage{.level = priority, .text = std::string(split(record, '\n').front())};
}

bool KernelMessage::complaint() const
{
	return level <= warning && !stall();
}

bool KernelMessage::stall() const
{
	return level == warning && text.starts_with("sched: DL replenish lagged too much");
}

Result<KernelLog> KernelLog::open()
{
	auto file = open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (!file) {
		file.error().remedy = "the kernel's log is root's: run svp as root";
		return failure(std::move(file));
	}
	if (lseek(file->get(), 0, SEEK_END) < 0)
		return failure("/dev/kmsg: cannot go to its end", errno);
	return KernelLog(std::move(*file));
}

Result<std::vector<KernelMessage>> KernelLog::messages()
{
	std::vector<KernelMessage> found;
	std::array<char, 8192> record;

	for (;;) {
		const ssize_t got = read(file_.get(), record.data(), record.size());

		if (got < 0 && errno == EAGAIN)
			return found;
		// EPIPE: some were overwritten before they were read; it goes on with the oldest.
		if (got < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (got <= 0)
			return failure("/dev/kmsg: cannot read it", got ? errno : 0);
		if (auto message =
			    KernelMessage::parse({record.data(), static_cast<std::size_t>(got)}))
			found.push_back(std::move(*message));
	}
}

} // namespace vskms::svp
