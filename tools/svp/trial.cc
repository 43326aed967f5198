// SPDX-License-Identifier: GPL-2.0
#include "trial.hpp"

#include "capture.hpp"
#include "file.hpp"
#include "over.hpp"
#include "wayland_client.hpp"
#include "wayland_screenshot.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <format>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

constexpr const char *direct_display = "weston_direct_display_v1";

/* How long an emulated machine may take until a client has buffers, and shows one. */
constexpr auto first_buffer = 20s;
constexpr auto first_frame = 20s;

/* And from then on, until the compositor has made the best of it. */
constexpr auto settled = 4s;

constexpr const char *ordinary_heap = "system";

/* That opened the card and is its master: with a seat manager, that one. */
std::optional<pid_t> master_of(int card)
{
	auto text = read_text(std::format("/sys/kernel/debug/dri/{}/clients", card));

	if (!text)
		return std::nullopt;
	for (std::string_view line : split(*text, '\n')) {
		std::array<char, 64> comm;
		int pid, minor;
		char master;

		// A name may have spaces: what is told is counted from the right of it.
		if (std::sscanf(std::string(line).c_str(), "%63s %d %d %c", comm.data(), &pid,
				&minor, &master) == 4 &&
		    master == 'y')
			return pid;
	}
	return std::nullopt;
}

std::string name_of(const Pixel &colour)
{
	return std::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue);
}

/*
 * Where nothing of the picture is. A placeholder is of one colour, but for a panel that lies
 * over its edge; what is of many is what was in some memory, or that nothing is shown at all.
 */
Outcome judge_place(const std::optional<Tone> &tone)
{
	constexpr double most = 0.9;

	if (!tone)
		return passed("a placeholder, nothing of the picture");
	if (tone->share < most)
		return failed(std::format("neither the picture nor a placeholder: of its place {:.1f} "
					  "% is {}, and the rest is not",
					  100 * tone->share, name_of(tone->colour)));
	return passed(std::format("a placeholder, {}, nothing of the picture",
				  name_of(tone->colour)));
}

std::string ordinal(unsigned int number)
{
	return number == 0 ? "the lowest" : std::format("number {} from below", number + 1);
}

Tried<Picture> first_of(CaptureSource &source, const Signals &signals)
{
	auto picture = source.next(signals);

	if (!picture)
		return std::unexpected(failed(picture.error().text()));
	if (!*picture)
		return std::unexpected(failed("interrupted"));
	return std::move(**picture);
}

} // namespace

Outcome passed(std::string text)
{
	return {.verdict = Verdict::pass, .text = std::move(text)};
}

Outcome failed(std::string text)
{
	return {.verdict = Verdict::fail, .text = std::move(text)};
}

Outcome unsupported(std::string text)
{
	return {.verdict = Verdict::unsupported, .text = std::move(text)};
}

std::string Sight::where() const
{
	std::string text;

	for (const PlaneState &plane : planes)
		text += std::format("{}on {} ({}, {}x{}{:+}{:+})", text.empty() ? "" : " and ",
				    plane.name, ordinal(plane.position), plane.area.width,
				    plane.area.height, plane.area.x, plane.area.y);
	return text.empty() ? "on no plane" : text;
}

Trial::Trial(Stage &stage, CaseVerdict &verdict, const Deadline &deadline, std::string heap,
	     const std::vector<std::string> &client_options)
    : stage_(&stage), verdict_(&verdict), deadline_(&deadline), heap_(std::move(heap)),
      client_options_(&client_options)
{
	std::sscanf(stage.display().setup().mode.c_str(), "%ux%u", &width_, &height_);
}

bool Trial::is_protected() const
{
	return heap_ != ordinary_heap;
}

void Trial::note(std::string text)
{
	verdict_->evidence.push_back(std::move(text));
}

void Trial::keep(std::string caption, Picture picture)
{
	verdict_->shots.push_back({.caption = std::move(caption), .picture = std::move(picture)});
}

std::optional<Outcome> Trial::trouble(Viewer *viewer)
{
	if (!stage_->running())
		return failed(std::format("the compositor {}", stage_->compositor().state()));
	if (!viewer)
		return std::nullopt;
	const auto trouble = viewer->trouble();

	if (!trouble)
		return std::nullopt;
	// It may be dying just now, and its client was the first to see.
	if (trouble->kind == "gone" &&
	    deadline_->within(2s).await([&] { return !stage_->running(); }))
		return failed(std::format("the compositor {}", stage_->compositor().state()));
	if (trouble->kind == "unsupported")
		return unsupported(trouble->text);
	if (trouble->kind == "refused" && is_protected() && !stage_->offers(direct_display))
		return unsupported(std::format("{}; it has no {}", trouble->text, direct_display));
	return failed(trouble->text);
}

std::vector<std::string> Trial::arguments(Chart chart, std::vector<std::string> options,
					  DirectDisplay direct)
{
	std::vector<std::string> all = {*stage_->chart(chart), "--heap", heap_, "--timeout", "15"};

	if (direct == DirectDisplay::offered && stage_->offers(direct_display))
		all.emplace_back("--direct-display");
	all.append_range(options);
	all.append_range(*client_options_);
	return all;
}

Tried<> Trial::accepted(Viewer &viewer)
{
	std::optional<Outcome> wrong;
	const bool told = deadline_->within(first_buffer).await([&] {
		return viewer.event("buffer") || (wrong = trouble(&viewer));
	});

	// "failed" is told first, and why then.
	if (told && !wrong && *viewer.event("buffer")->find("result")->string() != "created" &&
	    !deadline_->within(10s).await([&] { return (wrong = trouble(&viewer)).has_value(); }))
		return std::unexpected(failed("the client's buffer was refused"));
	if (wrong)
		return std::unexpected(*wrong);
	if (!told)
		return std::unexpected(
			failed("the client's buffer was neither accepted nor refused"));
	return {};
}

Tried<Viewer> Trial::view(Chart chart, std::vector<std::string> options, DirectDisplay direct)
{
	// What is on the full screen hides others.
	stage_->shared.reset();
	if (auto file = stage_->chart(chart); !file)
		return std::unexpected(failed(file.error().text()));
	auto viewer =
		Viewer::start(stage_->compositor(), arguments(chart, std::move(options), direct));

	if (!viewer)
		return std::unexpected(failed(viewer.error().text()));
	if (auto done = accepted(*viewer); !done)
		return std::unexpected(done.error());
	return std::move(*viewer);
}

Tried<Viewer *> Trial::shared()
{
	auto &there = stage_->shared;

	if (there && there->running() && stage_->shared_heap == heap_)
		return &*there;
	there.reset();
	if (auto file = stage_->chart(Chart::first); !file)
		return std::unexpected(failed(file.error().text()));
	auto viewer = Viewer::start(
		stage_->compositor(),
		arguments(Chart::first, {"--fullscreen"}, DirectDisplay::offered));

	if (!viewer)
		return std::unexpected(failed(viewer.error().text()));
	there.emplace(std::move(*viewer));
	stage_->shared_heap = heap_;
	return &*there;
}

Tried<Picture> Trial::panel()
{
	auto card = stage_->display().card();

	if (!card)
		return std::unexpected(failed(card.error().text()));
	auto source = open_panel(*card, std::nullopt);

	if (!source)
		return std::unexpected(failed(source.error().text()));
	return first_of(**source, deadline_->signals());
}

Tried<std::vector<PlaneState>> Trial::clients_planes() const
{
	auto planes = plane_states(stage_->display().number());

	if (!planes)
		return std::unexpected(failed(planes.error().text()));
	std::erase_if(*planes, [](const PlaneState &plane) { return !plane.imported; });
	return std::move(*planes);
}

Tried<Sight> Trial::look(Viewer &viewer, Chart chart, const Picture &expected,
			 std::optional<Area> place, const std::string &caption)
{
	std::optional<Deadline> enough;
	std::optional<Outcome> wrong;
	std::optional<Picture> picture;
	Sight sight;
	const auto see = [&] {
		if ((wrong = trouble(&viewer)))
			return true;
		if (viewer.frames().empty())
			return false;
		if (!enough)
			enough = deadline_->within(settled);
		const bool last = enough->over();
		auto before = clients_planes();
		auto captured = panel();
		auto after = clients_planes();

		if (!before || !captured || !after) {
			wrong = !before ? before.error() :
				!after	? after.error() :
					  captured.error();
			return true;
		}
		picture = std::move(*captured);
		sight.panel = look_for(chart, expected, *picture, place);
		sight.zero_copy = viewer.frames().back().zero_copy;
		// A compositor that changes its mind meanwhile is looked at again, but in the end is
		// taken to have had the plane then: one of both was so.
		const bool sure = !is_protected() || (!before->empty() && !after->empty());

		sight.planes = std::move(after->empty() ? *before : *after);
		return (sight.panel.whole() && sure) || last;
	};

	(void)deadline_->within(first_frame + settled).await(see);
	if (!picture && stage_->running())
		if (auto captured = panel())
			picture = std::move(*captured);
	if (picture && place && sight.panel.nothing())
		sight.instead = tone_of(*picture, {.x = place->x,
						   .y = place->y,
						   .width = expected.width(),
						   .height = expected.height()});
	if (picture)
		keep(caption, std::move(*picture));
	if (wrong)
		return std::unexpected(*wrong);
	if (viewer.frames().empty())
		return std::unexpected(failed("no frame was presented, nor discarded"));
	note(std::format("{}: {:.1f} % of the picture as it should be, {:.1f} % of it misplaced; "
			 "dma-bufs {}; its last frame was presented {}",
			 caption, 100 * sight.panel.share(sight.panel.right),
			 100 * sight.panel.share(sight.panel.misplaced), sight.where(),
			 sight.zero_copy ? "without a copy" : "by a copy"));
	if (place && sight.panel.whole() &&
	    (sight.panel.place.x != place->x || sight.panel.place.y != place->y))
		note(std::format("it is at {},{} and not at {},{}: that is the compositor's choice",
				 sight.panel.place.x, sight.panel.place.y, place->x, place->y));
	return sight;
}

Outcome Trial::judge(const Sight &sight) const
{
	constexpr double little = 0.02;

	if (sight.panel.share(sight.panel.misplaced) > little)
		return failed(std::format("garbage: {:.1f} % of the picture is in a wrong place",
					  100 * sight.panel.share(sight.panel.misplaced)));
	if (sight.panel.whole() && !sight.planes.empty())
		return passed("the picture, " + sight.where());
	// What no plane has somebody has copied. Of a heap with the profile strict nobody can; with
	// another a device can, and what it made is in the open all the same.
	if (sight.panel.whole())
		return is_protected() ? failed("a copy of the picture: no plane has its buffer") :
					passed("shown, by a copy");
	if (sight.panel.nothing())
		return judge_place(sight.instead);
	return failed(std::format("neither the picture nor a placeholder: {:.1f} % is as it should "
				  "be",
				  100 * sight.panel.share(sight.panel.right)));
}

Tried<Picture> Trial::writeback()
{
	std::vector<pid_t> who = {stage_->compositor().pid()};
	Error wrong;

	if (auto master = master_of(stage_->display().number()); master && *master != who[0])
		who.push_back(*master);
	for (const pid_t pid : who) {
		auto over = Over::look(pid);

		if (!over) {
			wrong = over.error();
			continue;
		}
		const Card card = std::move(*over).lease();
		auto source = open_writeback(card, std::nullopt);

		if (!source)
			return std::unexpected(failed(source.error().text()));
		auto picture = first_of(**source, deadline_->signals());

		if (picture)
			keep("written back", *picture);
		return picture;
	}
	return std::unexpected(failed(wrong.text()));
}

Tried<Picture> Trial::screenshot()
{
	auto client =
		WaylandClient::connect(stage_->compositor().socket(), deadline_->signals(), 10s);

	if (!client)
		return std::unexpected(failed(client.error().text()));
	auto shot = WaylandScreenshot::take(**client);

	if (!shot && shot.error().number == EOPNOTSUPP)
		return std::unexpected(unsupported(shot.error().text()));
	if (!shot)
		return std::unexpected(failed(shot.error().text()));
	keep("the compositor's screenshot", shot->picture);
	note("a screenshot by " + shot->protocol);
	return std::move(shot->picture);
}

Tried<> Trial::clean(const Picture &capture, const std::string &what) const
{
	if (!is_protected())
		return {};
	for (const Chart chart : {Chart::first, Chart::second}) {
		const Sighting seen = look_for(chart, Picture(0, 0), capture);

		if (!seen.nothing())
			return std::unexpected(failed(std::format(
				"{} has {} pixels of a protected picture, at {}x{}{:+}{:+}", what,
				seen.hues, seen.area.width, seen.area.height, seen.area.x,
				seen.area.y)));
	}
	return {};
}

} // namespace vskms::svp
