// SPDX-License-Identifier: GPL-2.0
/* svp wayland as a program of its own, and what it tells of itself. */
#pragma once

#include "compositor.hpp"
#include "deadline.hpp"
#include "error.hpp"
#include "job.hpp"
#include "json.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

class Viewer {
public:
	/* A frame of which it was told what became of it. */
	struct Frame {
		bool presented = false;
		bool zero_copy = false;
		bool lost = false;
		double time = 0; // nanoseconds
	};

	/* Why it ended, if that was for trouble. */
	struct Trouble {
		std::string kind; // unsupported, refused, protocol, gone, silent ...
		std::string text;
	};

	[[nodiscard]] static Result<Viewer> start(const Compositor &compositor,
						  const std::vector<std::string> &options);

	Viewer(Viewer &&other) noexcept = default;
	Viewer &operator=(Viewer &&other) noexcept = default;

	/* It is asked to end, so that it takes leave of the compositor. */
	~Viewer();

	[[nodiscard]] bool running() { return job_.running(); }
	[[nodiscard]] std::string state() { return job_.state(); }
	[[nodiscard]] Job &job() { return job_; }

	/* What it has told so far; it is asked anew. */
	[[nodiscard]] const Json *event(std::string_view name);
	[[nodiscard]] const std::vector<Frame> &frames();
	[[nodiscard]] std::size_t connections();
	[[nodiscard]] std::optional<Trouble> trouble();

private:
	explicit Viewer(Job job) : job_(std::move(job)) {}

	void read();

	Job job_;
	std::size_t read_ = 0; // bytes of its output
	std::vector<Json> events_;
	std::vector<Frame> frames_;
};

} // namespace vskms::svp
