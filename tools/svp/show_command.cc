// SPDX-License-Identifier: GPL-2.0
/* svp show: a picture in a protected buffer, on the screen. */

#include "area.hpp"
#include "command.hpp"
#include "frame.hpp"
#include "heap.hpp"
#include "pattern.hpp"
#include "projector.hpp"
#include "protected_frame.hpp"
#include "secure_device.hpp"
#include "signals.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <format>
#include <memory>
#include <optional>
#include <print>

#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

struct Options {
	std::string file;
	std::string pattern;
	std::string plane = "overlay";
	std::string at;
	std::string format;
	std::string heap = Heap::default_name;
	std::string device;
	std::optional<pid_t> over;
};

/* Of a pattern, if nobody says. */
Size default_size(const Screen &screen, std::uint64_t plane)
{
	switch (plane) {
	case DRM_PLANE_TYPE_PRIMARY:
		return {screen.width(), screen.height()};
	case DRM_PLANE_TYPE_CURSOR:
		return {64, 64};
	default:
		return {std::max(screen.width() / 2, 1u), std::max(screen.height() / 2, 1u)};
	}
}

/* As large as it was said to be, or as it is. */
Result<Picture> make_picture(const Options &options, const Screen &screen, const Area &area)
{
	if (options.file.empty()) {
		const std::uint64_t plane = plane_type_named(options.plane);
		const Size size = area.width ? Size(area.width, area.height) :
					       default_size(screen, plane);

		return *draw_pattern(options.pattern, size.width, size.height);
	}
	auto picture = Picture::load_png(options.file);

	if (!picture || !area.width)
		return picture;
	return picture->scaled(area.width, area.height);
}

/* In the middle, if nobody says. */
Position position(const Options &options, const Screen &screen, const Area &area,
		  const Layout &layout)
{
	const auto middle = [](std::uint32_t whole, std::uint32_t part) {
		return (static_cast<std::int32_t>(whole) - static_cast<std::int32_t>(part)) / 2;
	};

	if (!options.at.empty())
		return {.x = area.x, .y = area.y};
	return {.x = middle(screen.width(), layout.width),
		.y = middle(screen.height(), layout.height)};
}

/* Until a signal, or the end of the program below; revocations are told as they come. */
Result<int> wait(const Signals &signals, const SecureDevice &device, int buffer,
		 const Projector &projector)
{
	bool live = true;

	for (;;) {
		std::array watched = {
			pollfd{.fd = device.fd(), .events = POLLIN, .revents = 0},
			pollfd{.fd = projector.program(), .events = POLLIN, .revents = 0},
		};
		auto changed = signals.wait(watched);

		if (!changed)
			return failure(std::move(changed));
		if (!*changed)
			return 0;
		if (watched[1].revents)
			return projector.ended();
		auto changes = device.changes();
		auto info = device.query(buffer);

		if (!changes)
			return failure(std::move(changes));
		if (!info)
			return failure(std::move(info));
		if (live && info->state == BufferInfo::State::revoked) {
			std::println("heap {} was revoked: the picture is black, for good",
				     info->heap);
			std::fflush(stdout);
			live = false;
		}
	}
}

Result<int> run(const Options &options)
{
	const std::uint64_t type = plane_type_named(options.plane);
	const bool cursor = type == DRM_PLANE_TYPE_CURSOR;
	const std::uint32_t format = format_named(!options.format.empty() ? options.format :
						  cursor		  ? "AR24" :
									    "XR24");
	auto signals = Signals::hold();
	auto device = SecureDevice::open();
	auto heap = Heap::find(options.heap);

	if (!signals)
		return failure(std::move(signals));
	if (!device)
		return failure(std::move(device));
	if (!heap)
		return failure(std::move(heap));
	auto projector = Projector::open({.device = options.device,
					  .over = options.over,
					  .type = type,
					  .format = format});

	if (!projector)
		return failure(std::move(projector));
	const Card &card = projector->card();
	const Area area = parse_area(options.at).value_or(Area());
	auto picture = make_picture(options, projector->screen(), area);

	if (!picture)
		return failure(std::move(picture));
	auto frame = Frame::of(*picture, format);

	if (!frame)
		return failure(std::move(frame));
	auto shown = ProtectedFrame::create(*heap, *device, card, frame->layout, frame->bytes);

	if (!shown)
		return failure(std::move(shown));
	const Position at = position(options, projector->screen(), area, frame->layout);

	if (auto done = projector->show(shown->framebuffer, at); !done)
		return failure(std::move(done));
	std::println("{}: {}x{} {} from heap {} at {},{} on {} plane {}; Ctrl-C ends it",
		     card.name(), frame->layout.width, frame->layout.height, format_name(format),
		     heap->name(), at.x, at.y, options.plane, projector->plane());
	std::fflush(stdout);

	// With its framebuffer the plane goes off, and with a primary plane the CRTC.
	return wait(*signals, *device, shown->buffer.get(), *projector);
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();
	auto *file = app.add_option("FILE", options->file, "A PNG");

	app.add_option("--pattern", options->pattern, "A test pattern instead")
		->check(CLI::IsMember(pattern_names()))
		->excludes(file);
	app.add_option("--plane", options->plane, "Which plane")
		->check(CLI::IsMember({"overlay", "primary", "cursor"}))
		->capture_default_str();
	app.add_option("--at", options->at,
		       "X,Y[,W,H]: where on the screen, and scaled to which size (in its middle, "
		       "as it is)")
		->check(check_area);
	app.add_option("--format", options->format,
		       "Of the buffer (XR24; on the cursor plane AR24)")
		->check(CLI::IsMember(format_names()));
	app.add_option("--heap", options->heap, "Whose memory")->capture_default_str();
	app.add_option("--device", options->device, "The card: driver, cardN or path")
		->default_str(Card::default_name);
	app.add_option("--over", options->over,
		       "Over what the program with that process id shows")
		->check(CLI::PositiveNumber)
		->type_name("PID");
	app.footer("The picture is written into the buffer by the trusted engine (INJECT), and "
		   "shown until\n"
		   "svp is interrupted. If nothing is on the screen yet, it is lit: black.\n"
		   "\n"
		   "Examples:\n"
		   "  svp show --pattern bars\n"
		   "  svp show --pattern rings --format NV12 --at 100,50,640,360\n"
		   "  svp show logo.png --plane cursor --at 20,20\n"
		   "  svp show --pattern bars --over $(pidof kmscube)\n"
		   "  svp show film.png --plane primary --heap protected,secure-video-dynamic");
	app.parse_complete_callback([options] {
		if (options->file.empty() && options->pattern.empty())
			throw CLI::RequiredError("FILE or --pattern");
	});
	return [options] { return run(*options); };
}

const Command command("show", "Show a picture from a protected buffer", setup);

} // namespace
} // namespace vskms::svp
