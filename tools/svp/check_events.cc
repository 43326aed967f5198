// SPDX-License-Identifier: GPL-2.0
/* What happens while a protected picture is on the screen. */

#include "check_case.hpp"

#include "secure_device.hpp"

#include <algorithm>
#include <array>
#include <format>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t many_frames = 300;
constexpr std::size_t warm_up = 10;

/* How long a compositor may take to find its way back. */
constexpr auto recovery = 25s;

Picture full_chart(const Trial &trial)
{
	return draw_chart(Chart::first, trial.width(), trial.height());
}

/* A new client on the full screen is shown, or a placeholder is. */
Tried<Outcome> shows_again(Trial &trial, const std::string &caption)
{
	auto viewer = trial.view(Chart::first, {"--fullscreen"});

	if (!viewer)
		return std::unexpected(viewer.error());
	auto sight = trial.look(*viewer, Chart::first, full_chart(trial), Area(), caption);

	if (!sight)
		return std::unexpected(sight.error());
	return trial.judge(*sight);
}

/* On the full screen, and as it should be; what is done to it says the case. */
Tried<Viewer> on_screen(Trial &trial, std::vector<std::string> options)
{
	options.emplace_back("--fullscreen");
	auto viewer = trial.view(Chart::first, std::move(options));

	if (!viewer)
		return viewer;
	auto sight = trial.look(*viewer, Chart::first, full_chart(trial), Area(), "before");

	if (!sight)
		return std::unexpected(sight.error());
	if (const Outcome outcome = trial.judge(*sight); outcome.verdict != Verdict::pass)
		return std::unexpected(outcome);
	return viewer;
}

Outcome frames(Trial &trial)
{
	auto viewer =
		trial.view(Chart::first, {"--fullscreen", "--frames", std::to_string(many_frames)});

	if (!viewer)
		return viewer.error();
	if (!viewer->job().wait(trial.deadline()))
		return failed(std::format("{} frames of {} before the time was over",
					  viewer->frames().size(), many_frames));
	if (auto wrong = trial.trouble(&*viewer))
		return *wrong;
	const auto &all = viewer->frames();
	std::size_t presented = 0, zero_copy = 0, discarded = 0, late = 0, lost = 0;
	double before = 0;
	bool monotonic = true;

	for (std::size_t i = 0; i < all.size(); i++) {
		if (all[i].presented) {
			presented++;
			zero_copy += all[i].zero_copy;
			monotonic = monotonic && all[i].time > before;
			before = all[i].time;
		} else if (all[i].lost) {
			lost++;
		} else {
			discarded++;
			late += i >= warm_up;
		}
	}
	trial.note(std::format("{} presented, {} of them without a copy, {} discarded, {} of those "
			       "after the first {}, {} without an answer",
			       presented, zero_copy, discarded, late, warm_up, lost));
	if (all.size() != many_frames || lost)
		return failed(
			std::format("of {} frames it told of {}", many_frames, all.size() - lost));
	if (!monotonic)
		return failed("a frame was presented at or before the time of the one before it");
	if (late)
		return failed(
			std::format("{} frames were discarded after the first {}", late, warm_up));
	return passed(std::format("{} presented, {} of them without a copy, {} discarded at first",
				  presented, zero_copy, discarded));
}

Outcome killed(Trial &trial)
{
	auto viewer = on_screen(trial, {});

	if (!viewer)
		return viewer.error();
	viewer->job().kill();
	Tried<Picture> after = std::unexpected(failed("nothing was looked at"));
	const bool gone = trial.deadline().within(10s).await([&] {
		after = trial.panel();
		return !after ||
		       look_for(Chart::first, full_chart(trial), *after, Area()).nothing();
	});

	if (auto wrong = trial.trouble(nullptr))
		return *wrong;
	if (!after)
		return after.error();
	if (!gone) {
		trial.keep("after it was killed", std::move(*after));
		return failed("its picture is still on the panel");
	}
	auto again = shows_again(trial, "a new client");

	if (!again)
		return again.error();
	return {.verdict = again->verdict, .text = "it went on; of a new client " + again->text};
}

Outcome revoked(Trial &trial)
{
	auto device = SecureDevice::open();
	auto viewer = on_screen(trial, {});

	if (!device)
		return failed(device.error().text());
	if (!viewer)
		return viewer.error();
	trial.expect_refusals();
	if (auto done = device->revoke(trial.heap()); !done)
		return failed(done.error().text());
	Tried<Picture> picture = std::unexpected(failed("nothing was looked at"));
	const bool gone = trial.deadline().within(5s).await([&] {
		picture = trial.panel();
		return !picture ||
		       look_for(Chart::first, full_chart(trial), *picture, Area()).nothing();
	});

	// Whatever is the case, the heap is for others, too.
	viewer->job().kill();
	if (auto done = device->restore(trial.heap()); !done)
		return failed(done.error().text());
	if (!picture)
		return picture.error();
	trial.keep("revoked", std::move(*picture));
	if (auto wrong = trial.trouble(nullptr))
		return *wrong;
	if (!gone)
		return failed("what was revoked is still on the panel");
	auto again = shows_again(trial, "a new buffer, restored");

	if (!again)
		return again.error();
	return {.verdict = again->verdict,
		.text = "nothing of it on the panel; of a new buffer " + again->text};
}

/*
 * Shown on a screen of that size, by the same client, or if that gave up by a new one. Whether
 * a window on the full screen gets another size with the screen is the compositor's choice.
 */
Outcome recovered(Trial &trial, Viewer viewer, std::uint32_t width, std::uint32_t height)
{
	const Picture expected = draw_chart(Chart::first, width, height);
	const Deadline soon = trial.deadline().within(recovery);
	Tried<Picture> picture = std::unexpected(failed("nothing was looked at"));
	Sighting seen;
	bool same = true, resized = true;
	std::optional<Outcome> dead;
	const bool whole = soon.await([&] {
		dead = trial.trouble(nullptr);
		if (dead)
			return true;
		if (!viewer.running() && same) {
			const auto why = viewer.trouble();

			same = false;
			trial.note(
				std::format("its client ended: {}", why ? why->text : "by itself"));
			auto again = trial.view(Chart::first, {"--fullscreen"});

			if (!again) {
				dead = again.error();
				return true;
			}
			viewer = std::move(*again);
		}
		picture = trial.panel();
		if (!picture || picture->width() != width || picture->height() != height)
			return false;
		seen = look_for(Chart::first, expected, *picture, Area());
		resized = seen.whole();
		if (!resized)
			seen = look_for(Chart::first, full_chart(trial), *picture, Area());
		return seen.whole();
	});

	if (picture)
		trial.keep("afterwards", *picture);
	if (dead)
		return *dead;
	if (!picture)
		return picture.error();
	if (picture->width() != width || picture->height() != height)
		return failed(std::format("the screen is {}x{}, not {}x{}", picture->width(),
					  picture->height(), width, height));
	const std::string who = same ? "the same client" : "a new client";

	if (whole)
		return passed(std::format("{} is shown on {}x{} again{}", who, width, height,
					  resized ? "" : ", in its old size"));
	if (seen.nothing() && viewer.running())
		return failed(std::format("{} is not shown again", who));
	return failed(std::format("{:.1f} % of the picture is as it should be, at {},{}",
				  100 * seen.share(seen.right), seen.place.x, seen.place.y));
}

Outcome replugged(Trial &trial)
{
	auto viewer = on_screen(trial, {});

	if (!viewer)
		return viewer.error();
	if (auto done = trial.stage().display().unplug(); !done)
		return failed(done.error().text());
	trial.deadline().sleep(2s);
	const auto wrong = trial.trouble(nullptr);

	if (auto done = trial.stage().display().plug(); !done)
		return failed(done.error().text());
	if (wrong)
		return failed(wrong->text + " when the monitor was unplugged");
	return recovered(trial, std::move(*viewer), trial.width(), trial.height());
}

Outcome mode_change(Trial &trial)
{
	auto viewer = on_screen(trial, {});
	TestDisplay &display = trial.stage().display();

	if (!viewer)
		return viewer.error();
	// The next case has the first monitor again.
	display.spoil();
	// A monitor that is not there has no EDID to take after.
	if (auto done = display.exchange_monitor(); !done)
		return failed(done.error().text());
	if (auto done = display.unplug(); !done)
		return failed(done.error().text());
	trial.deadline().sleep(2s);
	if (auto done = display.plug(); !done)
		return failed(done.error().text());
	return recovered(trial, std::move(*viewer), TestDisplay::other_width,
			 TestDisplay::other_height);
}

Outcome restarted(Trial &trial)
{
	auto viewer = on_screen(trial, {"--wait", "60"});

	if (!viewer)
		return viewer.error();
	const std::size_t before = viewer->connections();

	if (auto done = trial.stage().compositor().restart(trial.deadline().within(5s)); !done)
		return failed(done.error().text());
	if (auto ready = trial.stage().compositor().ready(trial.deadline()); !ready)
		return failed(ready.error().text());
	if (!trial.deadline().within(recovery).await(
		    [&] { return viewer->connections() > before || !viewer->running(); }))
		return failed("its client did not find it again");
	return recovered(trial, std::move(*viewer), trial.width(), trial.height());
}

constexpr std::array cases = {
	CheckCase{.name = "frames",
		  .title = "Of 300 frames each is presented or discarded, in order",
		  .twice = true,
		  .run = frames},
	CheckCase{.name = "killed",
		  .title = "The client is killed with frames in flight",
		  .twice = true,
		  .run = killed},
	CheckCase{.name = "revoked",
		  .title = "The heap is revoked while its buffer is shown, and restored",
		  .run = revoked},
	CheckCase{.name = "restarted",
		  .title = "The compositor is restarted, and its client waits",
		  .run = restarted},
	CheckCase{.name = "replugged",
		  .title = "The monitor is unplugged and plugged in",
		  .twice = true,
		  .run = replugged},
	CheckCase{.name = "mode-change",
		  .title = "Another monitor is plugged in, of another size",
		  .twice = true,
		  .run = mode_change},
};

} // namespace

std::span<const CheckCase> event_cases()
{
	return cases;
}

} // namespace vskms::svp
