// SPDX-License-Identifier: GPL-2.0
/* What became of each frame that was committed, by presentation-time. */
#pragma once

#include "wayland_client.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vskms::svp {

struct Presented {
	enum class Result { presented, discarded, lost };

	std::uint64_t frame = 0;
	Result result = Result::lost;

	// If it was presented:
	std::chrono::nanoseconds time{0};    // by the compositor's clock
	std::chrono::nanoseconds refresh{0}; // to the next one; 0 if that is not known
	std::uint64_t sequence = 0;	     // of the output's frames; 0 if it counts none
	std::uint32_t flags = 0;	     // WP_PRESENTATION_FEEDBACK_KIND_*

	/* The compositor copied no pixel: it was on a plane. */
	[[nodiscard]] bool zero_copy() const;

	/* vsync, hw_clock, hw_completion, zero_copy. */
	[[nodiscard]] std::vector<std::string> flag_names() const;
};

/* The client outlives it. */
class WaylandPresentation {
public:
	[[nodiscard]] static Result<std::unique_ptr<WaylandPresentation>>
	open(WaylandClient &client);

	WaylandPresentation(const WaylandPresentation &) = delete;
	WaylandPresentation &operator=(const WaylandPresentation &) = delete;
	~WaylandPresentation();

	/* Of the next commit of @surface, which has that frame. */
	void watch(wl_surface *surface, std::uint64_t frame);

	/* How many are not known yet. */
	[[nodiscard]] std::size_t pending() const { return pending_.size(); }

	/* What became known since it was last asked. */
	[[nodiscard]] std::vector<Presented> take();

	/* What is not known, and, as the connection is lost, will never be. */
	[[nodiscard]] std::vector<Presented> give_up();

private:
	struct Listener;
	struct Pending;

	explicit WaylandPresentation(WaylandObject<wp_presentation> presentation);

	WaylandObject<wp_presentation> presentation_;
	std::vector<std::unique_ptr<Pending>> pending_;
	std::vector<Presented> ended_;
};

} // namespace vskms::svp
