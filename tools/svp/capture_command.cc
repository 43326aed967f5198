// SPDX-License-Identifier: GPL-2.0
/*
 * svp capture: what is on the screen, as a person sees it (panel) or as software may have it
 * (writeback), in files.
 */

#include "capture.hpp"
#include "child.hpp"
#include "command.hpp"
#include "file.hpp"
#include "over.hpp"
#include "signals.hpp"

#include <cstdio>
#include <format>
#include <memory>
#include <optional>
#include <print>

#include <fcntl.h>

namespace vskms::svp {
namespace {

struct Options {
	std::string source;
	std::string file;
	unsigned int frames = 1;
	unsigned int rate = 25;
	std::optional<unsigned int> crtc;
	std::string device;
	std::optional<pid_t> over;
};

bool is_film(const std::string &file)
{
	return file.ends_with(".webp") || file.ends_with(".mp4");
}

std::string check_file(const std::string &file)
{
	if (file.ends_with(".png") || file.ends_with(".ppm") || is_film(file))
		return {};
	return std::format("{:?} is no .png, .ppm, .webp or .mp4", file);
}

/* An ffmpeg that makes a film of what it is given: rows of red, green and blue. */
std::vector<std::string> encoder(const Options &options, const Picture &first)
{
	std::vector<std::string> argv = {"ffmpeg",
					 "-nostdin",
					 "-loglevel",
					 "error",
					 "-y",
					 "-f",
					 "rawvideo",
					 "-pixel_format",
					 "rgb24",
					 "-video_size",
					 std::format("{}x{}", first.width(), first.height()),
					 "-framerate",
					 std::to_string(options.rate),
					 "-i",
					 "pipe:0"};

	// H.264 in 4:2:0, as everything plays it, has even sides only.
	if (options.file.ends_with(".mp4"))
		argv.append_range(std::vector<std::string>{
			"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset",
			"veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"});
	else
		argv.append_range(std::vector<std::string>{"-c:v", "libwebp_anim", "-loop", "0",
							   "-quality", "80"});
	argv.push_back("file:" + options.file);
	return argv;
}

/* Where the frames go: one after the other. */
class Sink {
public:
	explicit Sink(const Options &options) : options_(options) {}

	[[nodiscard]] Result<void> put(const Picture &picture)
	{
		if (options_.file.ends_with(".png"))
			return picture.save_png(options_.file);
		if (is_film(options_.file))
			return encode(picture);
		return append(picture);
	}

	[[nodiscard]] Result<void> finish() { return child_ ? child_->finish() : Result<void>(); }

private:
	Result<void> encode(const Picture &picture)
	{
		if (!child_) {
			auto child = Child::start(encoder(options_, picture), Child::Pipe::input);

			if (!child)
				return failure(std::move(child));
			child_.emplace(std::move(*child));
			width_ = picture.width();
			height_ = picture.height();
		}
		if (picture.width() != width_ || picture.height() != height_)
			return failure(std::format("{}: the mode changed from {}x{} to {}x{}",
						   options_.file, width_, height_, picture.width(),
						   picture.height()));
		auto written = write_all(child_->pipe(), picture.rgb(), child_->name());

		if (written)
			return {};
		// Why it reads no more, it knows better.
		auto finished = child_->finish();

		return finished ? written : finished;
	}

	/* PPMs one after the other are what ffmpeg reads as -f ppm_pipe. */
	Result<void> append(const Picture &picture)
	{
		if (!file_) {
			auto file = open_file(options_.file, O_WRONLY | O_CREAT | O_TRUNC);

			if (!file)
				return failure(std::move(file));
			file_ = std::move(*file);
		}
		return write_all(file_.get(), picture.ppm(), options_.file);
	}

	const Options &options_;
	std::optional<Child> child_;
	UniqueFd file_;
	std::uint32_t width_ = 0, height_ = 0;
};

Result<Card> open_card(const Options &options)
{
	if (!options.over)
		return Card::open(options.device.empty() ? Card::default_name : options.device);
	auto over = Over::look(*options.over, options.device);

	if (!over)
		return failure(std::move(over));
	return std::move(*over).lease();
}

Result<int> run(const Options &options)
{
	auto signals = Signals::hold();
	auto card = open_card(options);

	if (!signals)
		return failure(std::move(signals));
	if (!card)
		return failure(std::move(card));
	auto source = options.source == "panel" ? open_panel(*card, options.crtc) :
						  open_writeback(*card, options.crtc);

	if (!source)
		return failure(std::move(source));
	Sink sink(options);
	unsigned int done = 0;

	for (; done < options.frames && !signals->pending(); done++) {
		auto picture = (*source)->next(*signals);

		if (!picture)
			return failure(std::move(picture));
		if (!*picture)
			break;
		if (auto put = sink.put(**picture); !put)
			return failure(std::move(put));
	}
	if (auto finished = sink.finish(); !finished)
		return failure(std::move(finished));
	if (!done)
		return failure(
			std::format("{}: interrupted before there was a frame", options.file));
	std::println("{}: {} of {} {} captured", options.file, done, options.frames,
		     options.frames == 1 ? "frame" : "frames");
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("SOURCE", options->source,
		       "panel: what a person sees; writeback: what software may capture")
		->check(CLI::IsMember({"panel", "writeback"}))
		->required();
	app.add_option("-o,--output", options->file, "FILE.png, .ppm, .webp or .mp4")
		->check(check_file)
		->required();
	app.add_option("--frames", options->frames, "How many; a .png has one")
		->check(CLI::Range(1u, 100000u))
		->capture_default_str();
	app.add_option("--rate", options->rate, "Of a film, in frames a second")
		->check(CLI::Range(1u, 240u))
		->capture_default_str();
	app.add_option("--crtc", options->crtc, "Which CRTC, from 0 (the first that is on)");
	app.add_option("--device", options->device, "The card: driver, cardN or path")
		->default_str(Card::default_name);
	app.add_option("--over", options->over,
		       "With writeback: what the program with that process id shows, or a svp that "
		       "is over one")
		->check(CLI::PositiveNumber)
		->type_name("PID");
	app.footer("panel is root's, and needs vskms loaded with panel_capture=1. writeback is the "
		   "business\n"
		   "of the card's master, so a program that drives the display is named with "
		   "--over.\n"
		   "\n"
		   "A film has the frames one after the other, whatever time lay between them. A "
		   ".ppm of\n"
		   "several frames has them one after the other, too; ffmpeg -f ppm_pipe -i FILE "
		   "reads it.\n"
		   "\n"
		   "Examples:\n"
		   "  svp capture panel -o panel.png\n"
		   "  svp capture writeback -o screenshot.png\n"
		   "  svp capture writeback --over $(pidof kmscube) -o screenshot.png\n"
		   "  svp capture panel --frames 100 -o film.mp4");
	app.parse_complete_callback([options] {
		if (options->over && options->source == "panel")
			throw CLI::ValidationError(
				"--over", "it is for writeback; the panel needs none");
		if (options->frames > 1 && options->file.ends_with(".png"))
			throw CLI::ValidationError(
				"--frames", "a .png has one frame; write a .webp, .mp4 or .ppm");
	});
	return [options] { return run(*options); };
}

const Command command("capture", "Capture the panel, or a screenshot, in a file", setup);

} // namespace
} // namespace vskms::svp
