// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel traces, line by line, from an instance of tracefs of our own.
 */
#pragma once

#include "bench.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace vskms::bench {

class Trace {
public:
	// With a tracer, of @functions alone. It cannot be changed while the trace is read.
	explicit Trace(std::string_view tracer = "nop", std::string_view functions = "")
	{
		std::error_code error;

		std::filesystem::create_directory(directory, error);
		if (error)
			die(directory, error.value());
		set("set_ftrace_filter", functions);
		set("current_tracer", tracer);
		pipe_ = open_or_die(directory + "/trace_pipe", O_RDONLY | O_NONBLOCK);
	}
	Trace(const Trace &) = delete;
	Trace &operator=(const Trace &) = delete;
	~Trace()
	{
		pipe_.reset();
		rmdir(directory.c_str());
	}

	void enable(const std::string &event) { set("events/" + event + "/enable", "1"); }

	[[nodiscard]] int get() const { return pipe_.get(); }

	// The next line, without its end; nothing if there is none yet.
	[[nodiscard]] std::optional<std::string_view> line()
	{
		for (;;) {
			const auto end = text_.find('\n', at_);

			if (end != text_.npos) {
				const std::string_view line(text_.data() + at_, end - at_);

				at_ = end + 1;
				return line;
			}
			text_.erase(0, at_);
			at_ = 0;

			std::array<char, 1 << 16> more;
			const ssize_t got = read(get(), more.data(), more.size());

			if (got < 0 && errno != EAGAIN)
				die(directory);
			if (got <= 0)
				return std::nullopt;
			text_.append(more.data(), static_cast<std::size_t>(got));
		}
	}

private:
	static void set(const std::string &file, std::string_view text)
	{
		write_file(directory + "/" + file, text);
	}

	inline static const std::string directory = tracefs + "instances/display_bench";

	Fd pipe_;
	std::string text_;
	std::size_t at_ = 0;
};

} // namespace vskms::bench
