// SPDX-License-Identifier: GPL-2.0
/*
 * One client on the full screen is looked at from all sides; then there are scenes in which a
 * compositor may not be able to use a plane, each of a client of its own.
 */

#include "check_case.hpp"

#include "plain_window.hpp"
#include "wayland_client.hpp"

#include <algorithm>
#include <array>
#include <format>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

/* Of a picture that does not fill the screen. */
constexpr std::uint32_t small_width = 320;
constexpr std::uint32_t small_height = 240;

/* An ordinary window's; no chart has it. */
constexpr Pixel plain = {.red = 236, .green = 228, .blue = 214};

std::string size_option(std::uint32_t width, std::uint32_t height)
{
	return std::format("{}x{}", width, height);
}

std::string text_of(const Json &object, std::string_view member)
{
	const Json *value = object.find(member);

	return value && value->string() ? *value->string() : "";
}

/* The client that is shared is there, and its buffers were accepted. */
Tried<Viewer *> shown(Trial &trial)
{
	auto viewer = trial.shared();

	if (viewer)
		if (auto accepted = trial.accepted(**viewer); !accepted)
			return std::unexpected(accepted.error());
	return viewer;
}

/* And what is seen of it. */
Tried<Sight> look_at_shared(Trial &trial)
{
	auto viewer = shown(trial);

	if (!viewer)
		return std::unexpected(viewer.error());
	return trial.look(**viewer, Chart::first,
			  draw_chart(Chart::first, trial.width(), trial.height()), Area());
}

Outcome starts(Trial &trial)
{
	std::string interfaces;
	Tried<Picture> picture = std::unexpected(failed("it was not looked at"));
	const bool lit = trial.deadline().within(10s).await([&] {
		picture = trial.panel();
		return picture || !trial.stage().running();
	});

	if (auto wrong = trial.trouble(nullptr))
		return *wrong;
	if (!lit)
		return failed("it accepts clients, but the display is dark: " +
			      picture.error().text);
	for (const auto &[interface, version] : trial.stage().globals())
		interfaces +=
			std::format("{}{} {}", interfaces.empty() ? "" : ", ", interface, version);
	trial.note(std::move(interfaces));
	const auto planes = plane_states(trial.stage().display().number());

	if (!planes)
		return failed(planes.error().text());
	const std::string size = std::format("{}x{}", picture->width(), picture->height());

	trial.keep("the panel", std::move(*picture));
	// Some have nothing to show until there is a client.
	if (planes->empty())
		return passed(size + ", and no plane is used yet");
	return passed(
		std::format("{}, {} on {}", size, planes->front().format, planes->front().name));
}

Outcome dmabuf(Trial &trial)
{
	auto viewer = trial.shared();

	if (!viewer)
		return viewer.error();
	std::optional<Outcome> wrong;

	(void)trial.deadline().within(10s).await(
		[&] { return (*viewer)->event("connected") || (wrong = trial.trouble(*viewer)); });
	const Json *connected = (*viewer)->event("connected");

	if (!connected)
		return wrong.value_or(failed("its client never told of a connection"));
	const Json *formats = connected->find("formats");
	const Json *modifiers = formats ? formats->find("XR24") : nullptr;
	const bool linear = modifiers && modifiers->array() &&
			    std::ranges::any_of(*modifiers->array(), [](const Json &modifier) {
				    return modifier.string() && *modifier.string() == "LINEAR";
			    });
	const std::string device = text_of(*connected, "main_device");
	const auto version = connected->find("dmabuf_version")->number().value_or(0);

	trial.note(std::format("zwp_linux_dmabuf_v1 {}", version));
	if (!linear)
		return failed("its linux-dmabuf has no XR24 with modifier LINEAR");
	if (device.empty())
		return passed("XR24 with LINEAR; it does not tell for which device");
	const std::string card = std::format("/dev/dri/card{}", trial.stage().display().number());
	struct stat status;

	if (stat(card.c_str(), &status))
		return failed(std::format("{} is gone", card));
	if (device != std::format("{}:{}", major(status.st_rdev), minor(status.st_rdev)))
		trial.note(std::format("its main device is {}, not {}", device, card));
	return passed(std::format("XR24 with LINEAR; its main device is {}", device));
}

Outcome accepts(Trial &trial)
{
	auto viewer = shown(trial);

	if (!viewer)
		return viewer.error();
	const Json *buffer = (*viewer)->event("buffer");

	return passed(std::format("{} from heap {}", text_of(*buffer, "format"),
				  text_of(*buffer, "heap")));
}

Outcome plane(Trial &trial)
{
	auto sight = look_at_shared(trial);

	if (!sight)
		return sight.error();
	if (!sight->planes.empty())
		return passed(sight->where());
	const std::string text =
		sight->panel.whole() ? "it is shown, but on no plane" : "it is on no plane";

	// A compositor that cannot be asked to keep the GPU away owes nobody a plane.
	if (trial.stage().offers("weston_direct_display_v1"))
		return failed(text);
	return unsupported(text + "; it has no weston_direct_display_v1");
}

Outcome panel(Trial &trial)
{
	auto sight = look_at_shared(trial);

	if (!sight)
		return sight.error();
	if (sight->panel.nothing() && !trial.stage().offers("weston_direct_display_v1"))
		return unsupported("nothing of the picture; it has no weston_direct_display_v1");
	if (sight->panel.nothing())
		return failed("nothing of the picture is on the panel");
	return trial.judge(*sight);
}

/* @take has a picture of the screen, in which there may be nothing of the client's. */
Outcome capture(Trial &trial, Tried<Picture> (Trial::*take)(), const char *what)
{
	auto sight = look_at_shared(trial);

	if (!sight)
		return sight.error();
	auto picture = (trial.*take)();

	if (!picture)
		return picture.error();
	if (auto clean = trial.clean(*picture, what); !clean)
		return clean.error();
	const Sighting seen =
		look_for(Chart::first, draw_chart(Chart::first, trial.width(), trial.height()),
			 *picture, Area());

	if (auto wrong = trial.trouble(nullptr))
		return *wrong;
	return passed(seen.nothing() ? std::format("{} has nothing of the picture", what) :
				       std::format("{} has {:.1f} % of the picture", what,
						   100 * seen.share(seen.right)));
}

Outcome writeback(Trial &trial)
{
	return capture(trial, &Trial::writeback, "the writeback");
}

/* Composed by the compositor, as the GPU may: so its screenshot is to have the picture. */
Outcome ordinary_screenshot(Trial &trial)
{
	const Picture expected = draw_chart(Chart::first, trial.width(), trial.height());
	auto viewer = trial.view(Chart::first, {"--fullscreen"}, Trial::DirectDisplay::never);

	if (!viewer)
		return viewer.error();
	auto sight = trial.look(*viewer, Chart::first, expected, Area());

	if (!sight)
		return sight.error();
	auto picture = trial.screenshot();

	if (!picture)
		return picture.error();
	const Sighting seen = look_for(Chart::first, expected, *picture, Area());

	if (auto wrong = trial.trouble(&*viewer))
		return *wrong;
	const std::string text = std::format("the screenshot has {:.1f} % of the picture",
					     100 * seen.share(seen.right));

	return seen.whole() ? passed(text) : failed(text);
}

/* What proves that a screenshot has nothing protected is that it has what is ordinary. */
Outcome screenshot(Trial &trial)
{
	if (!trial.is_protected())
		return ordinary_screenshot(trial);
	return capture(trial, &Trial::screenshot, "the screenshot");
}

/* A scene: what a client shows, how it should look, and where. */
Outcome scene(Trial &trial, std::vector<std::string> options, const Picture &expected,
	      std::optional<Area> place)
{
	auto viewer = trial.view(Chart::first, std::move(options));

	if (!viewer)
		return viewer.error();
	auto sight = trial.look(*viewer, Chart::first, expected, place);

	if (!sight)
		return sight.error();
	if (trial.is_protected() && !sight->panel.nothing()) {
		auto written = trial.writeback();

		if (!written)
			return written.error();
		if (auto clean = trial.clean(*written, "the writeback"); !clean)
			return clean.error();
	}
	if (auto wrong = trial.trouble(&*viewer))
		return *wrong;
	return trial.judge(*sight);
}

/* Most of the screen, and a window that is then put over it. */
Outcome window_over(Trial &trial)
{
	const std::uint32_t width = trial.width() * 7 / 8 & ~1u;
	const std::uint32_t height = trial.height() * 3 / 4 & ~1u;
	auto viewer = trial.view(Chart::first, {"--size", size_option(width, height)});

	if (!viewer)
		return viewer.error();
	const Picture expected = draw_chart(Chart::first, width, height);
	auto before = trial.look(*viewer, Chart::first, expected, std::nullopt,
				 "before there was a window over it");

	if (!before)
		return before.error();
	auto client = WaylandClient::connect(trial.stage().compositor().socket(),
					     trial.deadline().signals(), 10s);

	if (!client)
		return failed(client.error().text());
	auto window = PlainWindow::show(**client, trial.width() / 3, trial.height() / 3, plain);

	if (auto wrong = trial.trouble(&*viewer))
		return *wrong;
	if (!window)
		return failed(window.error().text());
	// What is to change has then been changed.
	trial.deadline().sleep(1s);
	auto capture = trial.panel();

	if (!capture)
		return capture.error();
	const Patch patch = look_for(plain, *capture);
	const Sighting seen =
		look_for(Chart::first, expected, *capture,
			 before->panel.whole() ? std::optional(before->panel.area) : std::nullopt);

	trial.keep("with a window over it", *capture);
	trial.note(std::format("the window has {} pixels of {}; {:.1f} % of the picture is as it "
			       "should be, {:.1f} % misplaced",
			       patch.pixels, trial.width() / 3 * (trial.height() / 3),
			       100 * seen.share(seen.right), 100 * seen.share(seen.misplaced)));
	if (auto wrong = trial.trouble(&*viewer))
		return *wrong;
	if (seen.share(seen.misplaced) > 0.02)
		return failed("garbage: a part of the picture is in a wrong place");
	// A window that the picture hides is a compositor's choice, but not half of one.
	if (patch.pixels < std::size_t{trial.width() / 3} * (trial.height() / 3) * 9 / 10)
		return failed(std::format("of the window over it {} pixels are to be seen",
					  patch.pixels));
	return passed(seen.nothing() ? "the window, and a placeholder under it" :
				       "the window, and the picture around it");
}

Outcome rotated(Trial &trial)
{
	const Picture buffer = draw_chart(Chart::first, trial.height(), trial.width());

	// The client said that it was turned counter-clockwise: so it is turned back.
	return scene(trial, {"--fullscreen", "--transform", "90"}, buffer.turned(1), Area());
}

Outcome scaled(Trial &trial)
{
	return scene(trial,
		     {"--fullscreen", "--size", size_option(trial.width() / 2, trial.height() / 2),
		      "--scale", size_option(trial.width(), trial.height())},
		     draw_chart(Chart::first, trial.width(), trial.height()), Area());
}

Outcome half_off_screen(Trial &trial)
{
	const int x = static_cast<int>(trial.width()) - static_cast<int>(small_width / 2);

	return scene(trial,
		     {"--fullscreen", "--size", size_option(small_width, small_height),
		      "--subsurface", std::format("{},60", x)},
		     draw_chart(Chart::first, small_width, small_height), Area{.x = x, .y = 60});
}

Outcome subsurface(Trial &trial)
{
	return scene(trial,
		     {"--fullscreen", "--size", size_option(small_width, small_height),
		      "--subsurface", "40,60"},
		     draw_chart(Chart::first, small_width, small_height), Area{.x = 40, .y = 60});
}

/* Under a window with a hole; an underlay plane is what is below the compositor's own. */
Outcome underlay(Trial &trial)
{
	auto viewer = trial.view(Chart::first,
				 {"--fullscreen", "--below", "--size",
				  size_option(small_width, small_height), "--subsurface", "40,60"});

	if (!viewer)
		return viewer.error();
	auto sight = trial.look(*viewer, Chart::first,
				draw_chart(Chart::first, small_width, small_height),
				Area{.x = 40, .y = 60});

	if (!sight)
		return sight.error();
	const Outcome outcome = trial.judge(*sight);

	if (outcome.verdict == Verdict::pass && sight->panel.nothing())
		return unsupported("it uses no plane below its own (weston does with "
				   "gbm-format=argb8888): a placeholder, nothing of the picture");
	return outcome;
}

Outcome nv12(Trial &trial, const char *objects)
{
	return scene(trial, {"--fullscreen", "--format", "NV12", "--objects", objects},
		     draw_chart(Chart::first, trial.width(), trial.height()), Area());
}

Outcome nv12_one(Trial &trial)
{
	return nv12(trial, "1");
}

Outcome nv12_two(Trial &trial)
{
	return nv12(trial, "2");
}

/* Two clients and a plane for one of them. */
Outcome two_surfaces(Trial &trial)
{
	const std::uint32_t width = trial.width() / 3 & ~1u, height = trial.height() / 3 & ~1u;
	const std::vector<std::string> options = {"--size", size_option(width, height)};
	auto one = trial.view(Chart::first, options);

	if (!one)
		return one.error();
	auto other = trial.view(Chart::second, options);

	if (!other)
		return other.error();
	auto first = trial.look(*one, Chart::first, draw_chart(Chart::first, width, height),
				std::nullopt, "both; the first one is looked at");

	if (!first)
		return first.error();
	auto second = trial.look(*other, Chart::second, draw_chart(Chart::second, width, height),
				 std::nullopt, "both; the second one is looked at");

	if (!second)
		return second.error();
	auto written = trial.writeback();

	if (!written)
		return written.error();
	if (auto clean = trial.clean(*written, "the writeback"); !clean)
		return clean.error();
	// One may lie over the other: then what is seen of that is less, but nowhere else.
	for (const Sight *sight : {&*first, &*second})
		if (sight->panel.share(sight->panel.misplaced) > 0.02)
			return failed("garbage: a part of a picture is in a wrong place");
	const auto name = [](const Sight &sight) {
		return sight.panel.nothing() ? "a placeholder" :
		       sight.panel.whole()   ? "the picture" :
					       "a part of the picture";
	};

	return passed(std::format("of one {}, of the other {}", name(*first), name(*second)));
}

constexpr std::array cases = {
	CheckCase{.name = "starts",
		  .title = "It starts on the driver, and lights the display",
		  .run = starts},
	CheckCase{.name = "dmabuf",
		  .title = "It advertises linux-dmabuf with LINEAR for the card",
		  .run = dmabuf},
	CheckCase{.name = "accepts",
		  .title = "It accepts a protected buffer",
		  .twice = true,
		  .run = accepts},
	CheckCase{.name = "plane",
		  .title = "A protected buffer on the full screen reaches a plane",
		  .twice = true,
		  .run = plane},
	CheckCase{.name = "panel",
		  .title = "The panel shows its pixels as they should be",
		  .twice = true,
		  .run = panel},
	CheckCase{.name = "writeback",
		  .title = "What is written back has no protected pixel",
		  .twice = true,
		  .run = writeback},
	CheckCase{.name = "screenshot",
		  .title = "The compositor's own screenshot has no protected pixel",
		  .twice = true,
		  .run = screenshot},
	CheckCase{.name = "subsurface",
		  .title = "A sub-surface of an ordinary window",
		  .twice = true,
		  .run = subsurface},
	CheckCase{.name = "window-over",
		  .title = "An ordinary window over it",
		  .twice = true,
		  .run = window_over},
	CheckCase{.name = "rotated",
		  .title = "A surface turned by 90 degrees",
		  .twice = true,
		  .run = rotated},
	CheckCase{.name = "scaled",
		  .title = "A surface scaled to twice its size",
		  .twice = true,
		  .run = scaled},
	CheckCase{.name = "half-off-screen",
		  .title = "A surface half off the screen",
		  .twice = true,
		  .run = half_off_screen},
	CheckCase{.name = "underlay",
		  .title = "Below a window with a hole, by an underlay plane",
		  .twice = true,
		  .run = underlay},
	CheckCase{.name = "nv12", .title = "NV12 in one buffer", .twice = true, .run = nv12_one},
	CheckCase{.name = "nv12-two-buffers",
		  .title = "NV12 in two buffers, one for each plane",
		  .twice = true,
		  .run = nv12_two},
	CheckCase{.name = "two-surfaces",
		  .title = "Two protected surfaces, and one overlay plane",
		  .overlays = 1,
		  .twice = true,
		  .run = two_surfaces},
	CheckCase{.name = "no-overlays",
		  .title = "A sub-surface on a display without overlay planes",
		  .overlays = 0,
		  .twice = true,
		  .run = subsurface},
};

} // namespace

std::span<const CheckCase> scene_cases()
{
	return cases;
}

} // namespace vskms::svp
