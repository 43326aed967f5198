// SPDX-License-Identifier: GPL-2.0
/* svp wayland: a picture or a video from protected buffers, through a compositor. */

#include "area.hpp"
#include "clip.hpp"
#include "command.hpp"
#include "decoder.hpp"
#include "pattern.hpp"
#include "still.hpp"
#include "wayland_player.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

namespace vskms::svp {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
	std::string file;
	std::string pattern;
	std::string key;
	std::string format;
	std::string size;
	std::string heap = Heap::default_name;
	std::uint32_t objects = 1;
	std::optional<std::uint64_t> frames;
	std::string window;
	std::string subsurface;
	std::string scale;
	std::string transform = "normal";
	std::string display;
	std::string lie;
	double wait = 0;     // seconds
	double timeout = 20; // seconds
	bool encrypted = false;
	bool loop = false;
	bool fullscreen = false;
	bool below = false;
	bool direct_display = false;
	bool immediate = false;
	bool json = false;
};

/* As many as a compositor may hold, and one to write into. */
constexpr std::size_t buffers = 4;

/* Of a pattern that nobody said a size for, and of the window around one. */
constexpr Size pattern_size = {.width = 320, .height = 240};

Clock::duration seconds(double number)
{
	return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(number));
}

/* "pitch=N" */
std::optional<std::uint32_t> parse_lie(std::string_view text)
{
	constexpr std::string_view name = "pitch=";
	std::uint32_t number;

	if (!text.starts_with(name))
		return std::nullopt;
	text.remove_prefix(name.size());
	const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);

	if (wrong != std::errc() || rest != text.data() + text.size())
		return std::nullopt;
	return number;
}

/* Is that no compositor, or one that has gone? */
bool absent(int number)
{
	return number == ENOENT || number == ECONNREFUSED || number == EPIPE;
}

/* What is shown, in its buffers, whatever compositors come and go. */
class Show {
public:
	Show(const Options &options, const Signals &signals)
		: options_(options), signals_(signals), report_(options.json)
	{
	}

	/* What needs no compositor: the heap, and the key of a clip. */
	[[nodiscard]] Result<void> prepare();

	/* Until the end, of whatever kind. */
	[[nodiscard]] Result<int> run();

private:
	using End = WaylandPlayer::End;

	[[nodiscard]] Result<std::unique_ptr<WaylandClient>> connect();
	[[nodiscard]] Result<End> session();
	[[nodiscard]] Result<void> open_source(Size window);
	[[nodiscard]] Result<void> draw(Size window);
	[[nodiscard]] Result<std::vector<std::unique_ptr<WaylandBuffer>>>
	import(WaylandDmabuf &dmabuf);

	[[nodiscard]] bool picture() const
	{
		return !options_.pattern.empty() || options_.file.ends_with(".png");
	}

	const Options &options_;
	const Signals &signals_;
	WaylandReport report_;
	WaylandCount count_;
	std::optional<Clock::time_point> began_; // when there first was a compositor
	std::optional<SecureDevice> device_;
	std::optional<Heap> heap_;
	std::unique_ptr<Video> video_;
	std::vector<Canvas> canvases_;
};

Result<void> Show::prepare()
{
	auto heap = Heap::open(options_.heap);

	if (!heap)
		return failure(std::move(heap));
	heap_ = std::move(*heap);
	if (heap_->is_protected()) {
		auto device = SecureDevice::open();

		if (!device)
			return failure(std::move(device));
		device_ = std::move(*device);
	}
	if (!options_.encrypted)
		return {};
	if (!device_)
		return failure(std::format("heap {}: it is not protected", heap_->name()),
			       "a clip is decrypted into protected buffers only");
	auto key = SecretKey::read(options_.key);

	if (!key)
		return failure(std::move(key));
	auto slot = device_->load_key(options_.heap, key->bytes());

	if (!slot)
		return failure(std::move(slot));
	auto clip = Clip::open(options_.file, *slot, options_.loop);

	if (!clip)
		return failure(std::move(clip));
	video_ = std::make_unique<Clip>(std::move(*clip));
	return {};
}

/* At once, or when there is one, for as long as that may take. */
Result<std::unique_ptr<WaylandClient>> Show::connect()
{
	const auto until = Clock::now() + seconds(options_.wait);

	for (;;) {
		auto client = WaylandClient::connect(options_.display, signals_,
						     seconds(options_.timeout));

		if (client || !absent(client.error().number) || Clock::now() >= until)
			return client;
		if (auto slept = signals_.wait({}, std::chrono::milliseconds(100)); !slept)
			return failure(std::move(slept));
		if (signals_.pending())
			return failure("no longer waiting for a compositor", EINTR);
	}
}

/* Once, or for a picture that fills the window whenever that has another size. */
Result<void> Show::open_source(Size window)
{
	if (video_ && !picture())
		return {};
	if (picture()) {
		if (auto done = draw(window); !done)
			return done;
	} else {
		Decoder::Options decoder = {
			.format = format_named(options_.format.empty() ? "NV12" : options_.format),
			.size = parse_size(options_.size),
			.limit = std::nullopt,
			.loop = options_.loop};

		if (window != Size())
			decoder.limit = window;
		auto decoded = Decoder::open(options_.file, decoder, signals_);

		if (!decoded)
			return failure(std::move(decoded));
		video_ = std::make_unique<Decoder>(std::move(*decoded));
	}
	canvases_.clear();
	return {};
}

Result<void> Show::draw(Size window)
{
	const std::uint32_t format =
		format_named(options_.format.empty() ? "XR24" : options_.format);
	// A turned picture fills a turned window.
	if (transform_named(options_.transform) & 1)
		std::swap(window.width, window.height);
	std::optional<Size> size = parse_size(options_.size);

	if (!size && options_.fullscreen && options_.subsurface.empty() && options_.scale.empty() &&
	    window != Size())
		size = window;
	Result<Picture> picture = Picture(0, 0);

	if (!options_.pattern.empty()) {
		size = size.value_or(pattern_size);
		picture = *draw_pattern(options_.pattern, size->width, size->height);
	} else {
		picture = Picture::load_png(options_.file);
		if (picture && size)
			picture = picture->scaled(size->width, size->height);
	}
	if (!picture)
		return failure(std::move(picture));
	auto frame = Frame::of(*picture, format);

	if (!frame)
		return failure(std::move(frame));
	video_ = std::make_unique<Still>(std::move(*frame));
	return {};
}

Result<std::vector<std::unique_ptr<WaylandBuffer>>> Show::import(WaylandDmabuf &dmabuf)
{
	std::vector<std::unique_ptr<WaylandBuffer>> ring;

	while (canvases_.size() < buffers) {
		auto canvas = Canvas::create(*heap_, device_ ? &*device_ : nullptr,
					     video_->layout(), options_.objects);

		if (!canvas)
			return failure(std::move(canvas));
		canvases_.push_back(std::move(*canvas));
	}
	for (const Canvas &canvas : canvases_) {
		auto buffer = dmabuf.import(canvas, {.direct_display = options_.direct_display,
						     .immediate = options_.immediate,
						     .pitch = parse_lie(options_.lie)});

		report_.buffer(canvas, heap_->name(), options_.direct_display,
			       buffer ? nullptr : &buffer.error());
		if (!buffer)
			return failure(std::move(buffer));
		ring.push_back(std::move(*buffer));
	}
	return ring;
}

/* With one compositor, from its beginning to whoever's end. */
Result<WaylandPlayer::End> Show::session()
{
	auto client = connect();

	if (!client)
		return failure(std::move(client));
	if (!began_)
		began_ = Clock::now();
	auto dmabuf = WaylandDmabuf::open(**client);

	if (!dmabuf)
		return failure(std::move(dmabuf));
	report_.connected(**client, **dmabuf);
	auto presentation = WaylandPresentation::open(**client);

	if (!presentation)
		return failure(std::move(presentation));
	const auto at = parse_area(options_.subsurface);
	auto window = WaylandWindow::create(
		**client,
		{.fullscreen = options_.fullscreen,
		 .subsurface = at ? std::optional(Position{.x = at->x, .y = at->y}) : std::nullopt,
		 .around = parse_size(options_.window).value_or(pattern_size),
		 .below = options_.below,
		 .transform = transform_named(options_.transform),
		 .scale = parse_size(options_.scale)});

	if (!window)
		return failure(std::move(window));
	report_.configured((*window)->size(), options_.fullscreen);
	if (auto opened = open_source((*window)->size()); !opened)
		return failure(std::move(opened));
	if (auto takes = (*dmabuf)->check(video_->layout().format); !takes)
		return failure(std::move(takes));
	auto ring = import(**dmabuf);

	if (!ring)
		return failure(std::move(ring));
	WaylandPlayer player(**client, **window, **presentation, std::move(*ring), *video_,
			     !picture(), report_, count_);
	auto end = player.play(options_.frames);

	for (const Presented &lost : (*presentation)->give_up()) {
		count_.lost++;
		report_.frame(lost);
	}
	return end;
}

Result<int> Show::run()
{
	for (;;) {
		auto end = session();

		if (end ? *end == End::resized : options_.wait > 0 && end.error().number == EPIPE)
			continue;
		const bool told = end ? *end == End::told : end.error().number == EINTR;
		const char *why = told		       ? "told" :
				  !end		       ? "error" :
				  *end == End::closed  ? "closed" :
				  *end == End::limit   ? "limit" :
							 "video";

		if (!end && !told)
			report_.error(end.error());
		report_.summary(count_, began_ ? Clock::now() - *began_ : Clock::duration::zero(),
				why);
		if (!end && !told)
			return failure(std::move(end));
		return 0;
	}
}

Result<int> run(const Options &options)
{
	auto signals = Signals::hold();

	if (!signals)
		return failure(std::move(signals));
	Show show(options, *signals);

	if (auto done = show.prepare(); !done)
		return failure(std::move(done));
	return show.run();
}

CLI::Option *add_size(CLI::App &app, const char *name, std::string &size, const char *text)
{
	return app.add_option(name, size, text)->type_name("WxH")->check(check_size);
}

void add_source(CLI::App &app, Options &options)
{
	CLI::Option *file = app.add_option("FILE", options.file,
					   "A PNG, by its name; else a video that ffmpeg reads")
				    ->type_name("");
	CLI::Option *encrypted =
		app.add_flag("--encrypted", options.encrypted, "FILE is a clip of svp encrypt's");
	CLI::Option *key = app.add_option("--key", options.key,
					  "The clip's key: a file, or 32 hexadecimal digits")
				   ->needs(encrypted);

	encrypted->needs(key)->needs(file);
	app.add_option("--pattern", options.pattern, "A test pattern instead")
		->check(CLI::IsMember(pattern_names()))
		->excludes(file);
	app.add_option("--format", options.format,
		       "Of the buffers (XR24, of a video NV12); a clip has its own")
		->check(CLI::IsMember(format_names()))
		->excludes(encrypted);
	add_size(app, "--size", options.size, "Of the picture; on a full screen that is its size")
		->excludes(encrypted);
	app.add_flag("--loop", options.loop, "Begin a video again at its end");
	app.add_option("--frames", options.frames, "End after as many")
		->check(CLI::PositiveNumber)
		->type_name("N");
	app.add_option("--heap", options.heap, "Whose memory; also an ordinary one's: system")
		->capture_default_str();
	app.add_option("--objects", options.objects,
		       "Buffers of a YUV frame: 1, or 2, one for each plane")
		->check(CLI::Range(1, 2))
		->capture_default_str()
		->type_name("N");
}

void add_window(CLI::App &app, Options &options)
{
	CLI::Option *fullscreen =
		app.add_flag("--fullscreen", options.fullscreen, "On the full screen");
	CLI::Option *subsurface =
		app.add_option("--subsurface", options.subsurface,
			       "A sub-surface, that far from the upper left corner of an ordinary "
			       "window, which is grey")
			->type_name("X,Y");

	add_size(app, "--window", options.window, "That window's size (320x240)")
		->excludes(fullscreen)
		->needs(subsurface);
	app.add_flag("--below", options.below,
		     "Below that window, which has a hole there, as for an underlay plane")
		->needs(subsurface);
	app.add_option("--transform", options.transform,
		       "What has been done to the pixels, and is undone to show them")
		->check(CLI::IsMember(transform_names()))
		->capture_default_str();
	add_size(app, "--scale", options.scale, "Shown in that size, by viewporter");
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	add_source(app, *options);
	add_window(app, *options);
	app.add_flag("--direct-display", options->direct_display,
		     "Ask for the display alone to read the buffers (weston-direct-display)");
	app.add_flag("--immediate", options->immediate,
		     "Make buffers by create_immed; if one is refused the connection may end");
	app.add_option("--lie", options->lie,
		       "Tell the compositor another pitch, to test its checks")
		->type_name("pitch=BYTES")
		->check([](const std::string &text) {
			return parse_lie(text) ? std::string() :
						 std::format("{:?} is not pitch=BYTES", text);
		});
	app.add_option("--display", options->display, "The compositor's socket ($WAYLAND_DISPLAY)")
		->type_name("NAME");
	app.add_option("--wait", options->wait,
		       "Wait for a compositor, also when it is gone, for as long")
		->check(CLI::Range(0.0, 86400.0))
		->type_name("SECONDS");
	app.add_option("--timeout", options->timeout, "How long its answers may take")
		->check(CLI::Range(0.1, 86400.0))
		->capture_default_str()
		->type_name("SECONDS");
	app.add_flag("--json", options->json, "Each event as a JSON object in a line");
	app.parse_complete_callback([options] {
		const auto at = parse_area(options->subsurface);

		if (options->file.empty() && options->pattern.empty())
			throw CLI::RequiredError("FILE or --pattern");
		if (!options->subsurface.empty() && (!at || at->width))
			throw CLI::ValidationError(
				"--subsurface", std::format("{:?} is not X,Y within {}",
							    options->subsurface, Layout::max_size));
	});
	app.footer("How each frame was presented is printed as the compositor tells it; "
		   "zero_copy: from a plane.\n"
		   "\n"
		   "Examples:\n"
		   "  svp wayland --pattern bars --fullscreen --direct-display\n"
		   "  svp wayland --pattern bars --size 320x180 --subsurface 40,30 "
		   "--window 480x300\n"
		   "  svp wayland --encrypted --key film.key --loop --direct-display film.clip\n"
		   "  svp wayland --pattern rings --fullscreen --heap system --frames 100 --json");
	return [options] { return run(*options); };
}

const Command command("wayland", "Show protected buffers through a Wayland compositor", setup);

} // namespace
} // namespace vskms::svp
