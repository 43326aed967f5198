// SPDX-License-Identifier: GPL-2.0
/*
 * One case of a compositor's check while it runs: the clients it starts, what is looked at,
 * and what is noted for the verdict.
 *
 * What a compositor may make of a protected buffer: the picture on a plane, with the right
 * pixels; or, where it cannot put it on one, a placeholder that has nothing of it. Garbage it
 * may never show, nor die.
 */
#pragma once

#include "chart.hpp"
#include "deadline.hpp"
#include "plane_state.hpp"
#include "stage.hpp"
#include "verdict.hpp"
#include "viewer.hpp"

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace vskms::svp {

struct Outcome {
	Verdict verdict = Verdict::pass;
	std::string text;
};

[[nodiscard]] Outcome passed(std::string text);
[[nodiscard]] Outcome failed(std::string text);
[[nodiscard]] Outcome unsupported(std::string text);

/* What was to be had, or how the case ends without it. */
template <typename T = void>
using Tried = std::expected<T, Outcome>;

/* What was seen of a client's chart. */
struct Sight {
	Sighting panel;
	std::optional<Tone> instead;	// in its place, where that is known and nothing of it is
	std::vector<PlaneState> planes; // those that show dma-bufs of clients
	bool zero_copy = false;		// the compositor says of its last frame

	/* "on plane-1, the second from below", or "on no plane" */
	[[nodiscard]] std::string where() const;
};

class Trial {
public:
	/* @heap: whose buffers the clients show. All outlive it. */
	Trial(Stage &stage, CaseVerdict &verdict, const Deadline &deadline, std::string heap,
	      const std::vector<std::string> &client_options);

	[[nodiscard]] Stage &stage() { return *stage_; }
	[[nodiscard]] const Deadline &deadline() const { return *deadline_; }
	[[nodiscard]] const std::string &heap() const { return heap_; }
	[[nodiscard]] bool is_protected() const;

	/* Of the screen, by its setup. */
	[[nodiscard]] std::uint32_t width() const { return width_; }
	[[nodiscard]] std::uint32_t height() const { return height_; }

	/* A line of evidence; a picture. */
	void note(std::string text);
	void keep(std::string caption, Picture picture);

	/* Asked for where it is to be had, so that the GPU is kept away; or never. */
	enum class DirectDisplay { offered, never };

	/* A client that shows a chart; its buffers were accepted. That which is shared is gone. */
	[[nodiscard]] Tried<Viewer> view(Chart chart, std::vector<std::string> options,
					 DirectDisplay direct = DirectDisplay::offered);

	/* The one on the full screen that cases share; its buffers may not have been accepted. */
	[[nodiscard]] Tried<Viewer *> shared();

	/* Until it has told that its buffers were accepted. */
	[[nodiscard]] Tried<> accepted(Viewer &viewer);

	/*
	 * What becomes of it: the panel is looked at until it shows the chart as it should, or if
	 * that does not come true in time as it is then, and kept.
	 */
	[[nodiscard]] Tried<Sight> look(Viewer &viewer, Chart chart, const Picture &expected,
					std::optional<Area> place = std::nullopt,
					const std::string &caption = "the panel");

	/* Is all well with that: on a plane, or a placeholder? What may not be is failed(). */
	[[nodiscard]] Outcome judge(const Sight &sight) const;

	[[nodiscard]] Tried<Picture> panel();
	/* By writeback, as any program with the compositor's rights may; kept. */
	[[nodiscard]] Tried<Picture> writeback();
	/* By the compositor; kept. */
	[[nodiscard]] Tried<Picture> screenshot();

	/* It has no pixel of a chart, if the clients' buffers are protected. */
	[[nodiscard]] Tried<> clean(const Picture &capture, const std::string &what) const;

	/* Dead, or told by its client to be in trouble: how the case ends; empty: neither. */
	[[nodiscard]] std::optional<Outcome> trouble(Viewer *viewer);

	/* Refused accesses belong to this case. */
	void expect_refusals() { refusals_expected_ = true; }
	[[nodiscard]] bool refusals_expected() const { return refusals_expected_; }

private:
	/* Those that show a client's dma-buf just now. */
	[[nodiscard]] Tried<std::vector<PlaneState>> clients_planes() const;

	[[nodiscard]] std::vector<std::string> arguments(Chart chart,
							 std::vector<std::string> options,
							 DirectDisplay direct);

	Stage *stage_;
	CaseVerdict *verdict_;
	const Deadline *deadline_;
	std::string heap_;
	const std::vector<std::string> *client_options_;
	std::uint32_t width_ = 0;
	std::uint32_t height_ = 0;
	bool refusals_expected_ = false;
};

} // namespace vskms::svp
