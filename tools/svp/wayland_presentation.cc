// SPDX-License-Identifier: GPL-2.0
#include "wayland_presentation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <presentation-time-client-protocol.h>
#include <wayland-client.h>

namespace vskms::svp {
namespace {

// The request that makes one has its name.
using Feedback = struct wp_presentation_feedback;

constexpr std::array flag_names_of = {
	std::pair(WP_PRESENTATION_FEEDBACK_KIND_VSYNC, "vsync"),
	std::pair(WP_PRESENTATION_FEEDBACK_KIND_HW_CLOCK, "hw_clock"),
	std::pair(WP_PRESENTATION_FEEDBACK_KIND_HW_COMPLETION, "hw_completion"),
	std::pair(WP_PRESENTATION_FEEDBACK_KIND_ZERO_COPY, "zero_copy"),
};

std::uint64_t join(std::uint32_t high, std::uint32_t low)
{
	return std::uint64_t{high} << 32 | low;
}

} // namespace

bool Presented::zero_copy() const
{
	return flags & WP_PRESENTATION_FEEDBACK_KIND_ZERO_COPY;
}

std::vector<std::string> Presented::flag_names() const
{
	std::vector<std::string> names;

	for (const auto &[flag, name] : flag_names_of)
		if (flags & flag)
			names.emplace_back(name);
	return names;
}

struct WaylandPresentation::Pending {
	WaylandPresentation *owner;
	std::uint64_t frame;
	WaylandObject<Feedback> feedback;

	/* This one is over, and gone after it. */
	void end(Presented outcome)
	{
		WaylandPresentation *const mine = owner;

		outcome.frame = frame;
		mine->ended_.push_back(outcome);
		std::erase_if(mine->pending_,
			      [this](const auto &one) { return one.get() == this; });
	}
};

struct WaylandPresentation::Listener {
	static void clock_id(void *, wp_presentation *, std::uint32_t)
	{
		// Times are compared with each other only.
	}

	static void sync_output(void *, Feedback *, wl_output *)
	{
		// Comes for outputs that were bound: none.
	}

	static void presented(void *data, Feedback *, std::uint32_t seconds_high,
			      std::uint32_t seconds_low, std::uint32_t nanoseconds,
			      std::uint32_t refresh, std::uint32_t sequence_high,
			      std::uint32_t sequence_low, std::uint32_t flags)
	{
		static_cast<Pending *>(data)->end(
			{.frame = 0,
			 .result = Presented::Result::presented,
			 .time = std::chrono::seconds(join(seconds_high, seconds_low)) +
				 std::chrono::nanoseconds(nanoseconds),
			 .refresh = std::chrono::nanoseconds(refresh),
			 .sequence = join(sequence_high, sequence_low),
			 .flags = flags});
	}

	static void discarded(void *data, Feedback *)
	{
		Presented outcome;

		outcome.result = Presented::Result::discarded;
		static_cast<Pending *>(data)->end(outcome);
	}

	static constexpr wp_presentation_listener presentation = {.clock_id = clock_id};
	static constexpr wp_presentation_feedback_listener feedback = {
		.sync_output = sync_output, .presented = presented, .discarded = discarded};
};

WaylandPresentation::WaylandPresentation(WaylandObject<wp_presentation> presentation)
	: presentation_(std::move(presentation))
{
	wp_presentation_add_listener(presentation_.get(), &Listener::presentation, this);
}

WaylandPresentation::~WaylandPresentation() = default;

Result<std::unique_ptr<WaylandPresentation>> WaylandPresentation::open(WaylandClient &client)
{
	auto global = client.bind<wp_presentation>(wp_presentation_interface, 1, 2);

	if (!global)
		return failure(std::move(global));
	return std::unique_ptr<WaylandPresentation>(new WaylandPresentation(std::move(*global)));
}

void WaylandPresentation::watch(wl_surface *surface, std::uint64_t frame)
{
	auto pending = std::make_unique<Pending>(
		this, frame,
		WaylandObject<Feedback>(
			wp_presentation_feedback(presentation_.get(), surface)));

	wp_presentation_feedback_add_listener(pending->feedback.get(), &Listener::feedback,
					      pending.get());
	pending_.push_back(std::move(pending));
}

std::vector<Presented> WaylandPresentation::take()
{
	return std::exchange(ended_, {});
}

std::vector<Presented> WaylandPresentation::give_up()
{
	std::vector<Presented> lost;

	for (const auto &pending : std::exchange(pending_, {}))
		lost.push_back({.frame = pending->frame});
	return lost;
}

} // namespace vskms::svp
