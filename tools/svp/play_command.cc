// SPDX-License-Identifier: GPL-2.0
/* svp play: a video in protected buffers, on a plane, perhaps over a running program. */

#include "area.hpp"
#include "clip.hpp"
#include "command.hpp"
#include "decoder.hpp"
#include "json.hpp"
#include "player.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <print>

#include <xf86drmMode.h>

namespace vskms::svp {
namespace {

struct Options {
	std::string file;
	std::string key;
	std::string format = "NV12";
	std::string plane = "overlay";
	std::string at;
	std::string heap = Heap::default_name;
	std::string device;
	std::optional<pid_t> over;
	std::optional<std::uint64_t> frames;
	bool encrypted = false;
	bool loop = false;
	bool json = false;
};

/* Where it is to be: in the middle, or where it was asked for. */
Position position(const std::optional<Area> &area, const Layout &layout, const Screen &screen)
{
	const auto middle = [](std::uint32_t of, std::uint32_t size) {
		return (static_cast<std::int32_t>(of) - static_cast<std::int32_t>(size)) / 2;
	};

	if (area)
		return {.x = area->x, .y = area->y};
	return {.x = middle(screen.width(), layout.width),
		.y = middle(screen.height(), layout.height)};
}

std::string clock_text(std::chrono::nanoseconds time)
{
	return std::format("{:%M:%S}", std::chrono::floor<std::chrono::seconds>(time));
}

/* A line on the terminal that is written again and again. */
class Progress {
public:
	Progress(const Player &player, const Video &video)
		: player_(player), video_(video), terminal_(isatty(STDERR_FILENO))
	{
	}
	~Progress()
	{
		if (written_)
			std::println(stderr, "");
	}

	void operator()()
	{
		const auto now = std::chrono::steady_clock::now();

		if (!terminal_ || now - last_ < std::chrono::milliseconds(200))
			return;
		last_ = now;
		written_ = true;
		std::print(stderr, "\r{}{}  {} frames shown, {} dropped ",
			   clock_text(player_.time()),
			   video_.frames() ? " of " + clock_text(video_.rate().time_of(
							     *video_.frames())) :
					     "",
			   player_.count().shown, player_.count().dropped);
	}

private:
	const Player &player_;
	const Video &video_;
	bool terminal_;
	bool written_ = false;
	std::chrono::steady_clock::time_point last_;
};

void summarize(const Options &options, const Video &video, const Projector &projector,
	       const Player &player)
{
	const double seconds = std::chrono::duration<double>(player.time()).count();
	const Layout &layout = video.layout();

	if (options.json)
		std::println("{}", Json(Json::Object{
					   {"shown", player.count().shown},
					   {"dropped", player.count().dropped},
					   {"seconds", seconds},
					   {"rate", video.rate().per_second()},
					   {"format", format_name(layout.format)},
					   {"width", layout.width},
					   {"height", layout.height},
					   {"heap", options.heap},
					   {"encrypted", options.encrypted},
					   {"card", projector.card().name()},
					   {"plane", projector.plane()},
				   })
				   .text());
	else
		std::println("{} frames shown, {} dropped, in {:.1f} s: {}x{} {} at {:.4g} a "
			     "second, on plane {} of {}",
			     player.count().shown, player.count().dropped, seconds, layout.width,
			     layout.height, format_name(layout.format), video.rate().per_second(),
			     projector.plane(), projector.card().name());
}

Result<std::unique_ptr<Video>> open_video(const Options &options, const Signals &signals,
					  const SecureDevice &device, const Screen *screen)
{
	if (options.encrypted) {
		auto key = SecretKey::read(options.key);

		if (!key)
			return failure(std::move(key));
		auto slot = device.load_key(options.heap, key->bytes());

		if (!slot)
			return failure(std::move(slot));
		auto clip = Clip::open(options.file, *slot, options.loop);

		if (!clip)
			return failure(std::move(clip));
		return std::make_unique<Clip>(std::move(*clip));
	}

	Decoder::Options decoder = {.format = format_named(options.format),
				    .size = std::nullopt,
				    .limit = std::nullopt,
				    .loop = options.loop};

	if (const auto area = parse_area(options.at); area && area->width)
		decoder.size = {.width = area->width, .height = area->height};
	if (screen)
		decoder.limit = {.width = screen->width(), .height = screen->height()};
	auto decoded = Decoder::open(options.file, decoder, signals);

	if (!decoded)
		return failure(std::move(decoded));
	return std::make_unique<Decoder>(std::move(*decoded));
}

Result<int> run(const Options &options)
{
	auto signals = Signals::hold();

	if (!signals)
		return failure(std::move(signals));
	auto device = SecureDevice::open();

	if (!device)
		return failure(std::move(device));
	auto heap = Heap::find(options.heap);

	if (!heap)
		return failure(std::move(heap));

	// A clip tells its format, and a screen how large a video can be.
	Result<std::unique_ptr<Video>> video = nullptr;

	if (options.encrypted) {
		video = open_video(options, *signals, *device, nullptr);
		if (!video)
			return failure(std::move(video));
	}
	auto projector = Projector::open(
		{.device = options.device,
		 .over = options.over,
		 .type = plane_type_named(options.plane),
		 .format = *video ? (*video)->layout().format : format_named(options.format)});

	if (!projector)
		return failure(std::move(projector));
	if (!*video) {
		video = open_video(options, *signals, *device, &projector->screen());
		if (!video)
			return failure(std::move(video));
	}

	const Position at =
		position(parse_area(options.at), (*video)->layout(), projector->screen());
	auto player = Player::create(*projector, at, **video, *heap, *device);

	if (!player)
		return failure(std::move(player));
	auto end = [&] {
		Progress progress(*player, **video);

		return player->play(*signals, options.frames, [&] { progress(); });
	}();

	summarize(options, **video, *projector, *player);
	if (!end)
		return failure(std::move(end));
	if (*end == Player::End::program)
		return projector->ended();
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("FILE", options->file, "A video; of any kind that ffmpeg reads")
		->required()
		->type_name("");
	CLI::Option *encrypted =
		app.add_flag("--encrypted", options->encrypted,
			     "FILE is a clip of svp encrypt's; it is decrypted on its way into "
			     "the buffers");
	CLI::Option *key = app.add_option("--key", options->key,
					  "The clip's key: a file, or 32 hexadecimal digits")
				   ->needs(encrypted);

	encrypted->needs(key);
	app.add_option("--over", options->over, "Over what the program with that process id shows")
		->check(CLI::PositiveNumber)
		->type_name("PID");
	app.add_option("--at", options->at,
		       "X,Y[,W,H]: where on the screen, and scaled to which size (in its middle, "
		       "as it is)")
		->check(check_area);
	app.add_option("--plane", options->plane, "overlay, primary or cursor")
		->check(CLI::IsMember({"overlay", "primary", "cursor"}))
		->capture_default_str();
	app.add_option("--format", options->format, "Of the buffers; a clip has its own")
		->check(CLI::IsMember(format_names()))
		->excludes(encrypted)
		->capture_default_str();
	app.add_option("--frames", options->frames, "End after as many")
		->check(CLI::PositiveNumber)
		->type_name("N");
	app.add_flag("--loop", options->loop, "Begin again at the end");
	app.add_option("--heap", options->heap, "Whose memory")->capture_default_str();
	app.add_option("--device", options->device, "The card: driver, cardN or path")
		->default_str(Card::default_name);
	app.add_flag("--json", options->json, "Print the summary as a JSON object");
	app.parse_complete_callback([options] {
		if (const auto area = parse_area(options->at);
		    area && area->width && options->encrypted)
			throw CLI::ValidationError("--at", "a clip has its own size: X,Y");
	});
	app.footer("Examples:\n"
		   "  svp play film.mkv\n"
		   "  svp play --over $(pidof kmscube) --at 64,64,480,270 film.mkv\n"
		   "  svp encrypt film.mkv film.clip --key film.key\n"
		   "  svp play --encrypted --key film.key --loop film.clip");
	return [options] { return run(*options); };
}

const Command command("play", "Play a video in protected buffers", setup);

} // namespace
} // namespace vskms::svp
