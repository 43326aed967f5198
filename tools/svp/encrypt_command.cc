// SPDX-License-Identifier: GPL-2.0
/*
 * svp encrypt: a clip of a video, for svp play --encrypted. It plays the content provider:
 * here, and nowhere else, frames are in clear.
 */

#include "area.hpp"
#include "clip.hpp"
#include "command.hpp"
#include "decoder.hpp"
#include "signals.hpp"
#include "table.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <print>

#include <poll.h>

namespace vskms::svp {
namespace {

struct Options {
	std::string in;
	std::string out;
	std::string key;
	std::string format = "NV12";
	std::string size;
	std::optional<std::uint64_t> frames;
};

/* The one it is told, or the one in the file; where there is none, a new one, which is kept. */
Result<SecretKey> key_of(const std::string &where)
{
	auto key = SecretKey::read(where);

	if (key || key.error().number != ENOENT)
		return key;
	auto made = SecretKey::generate();

	if (!made)
		return made;
	if (auto done = made->save(where); !done)
		return failure(std::move(done));
	return made;
}

Result<int> run(const Options &options)
{
	auto signals = Signals::hold();

	if (!signals)
		return failure(std::move(signals));
	Decoder::Options decoder = {.format = format_named(options.format),
				    .size = std::nullopt,
				    .limit = std::nullopt,
				    .loop = false};

	if (!options.size.empty())
		decoder.size = parse_size(options.size);
	auto video = Decoder::open(options.in, decoder, *signals);

	if (!video)
		return failure(std::move(video));
	const std::string where = options.key.empty() ? options.out + ".key" : options.key;
	auto key = key_of(where);

	if (!key)
		return failure(std::move(key));
	auto clip = ClipWriter::create(options.out, video->layout(), video->rate(), *key);

	if (!clip)
		return failure(std::move(clip));

	while (clip->frames() != options.frames) {
		std::array<pollfd, 1> more = {
			pollfd{.fd = video->fd(), .events = POLLIN, .revents = 0}};

		if (signals->pending())
			return failure(std::format("{}: interrupted, nothing is written",
						   options.out));
		auto next = video->next();

		if (!next)
			return failure(std::move(next));
		if (*next == Video::Next::end)
			break;
		if (*next == Video::Next::waiting) {
			if (auto done = signals->wait(more); !done)
				return failure(std::move(done));
			continue;
		}
		if (auto done = clip->write(video->frame()); !done)
			return failure(std::move(done));
		video->drop();
	}
	if (auto done = clip->finish(); !done)
		return failure(std::move(done));
	const Layout &layout = video->layout();

	std::println("{}: {} frames of {}x{} {} at {:.4g} a second, {}; the key is {}", options.out,
		     clip->frames(), layout.width, layout.height, format_name(layout.format),
		     video->rate().per_second(), size_text(clip->frames() * layout.size),
		     std::filesystem::exists(where) ? "in " + where : "the one given");
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("IN", options->in, "A video; of any kind that ffmpeg reads")
		->required()
		->type_name("");
	app.add_option("OUT", options->out, "The clip")->required()->type_name("");
	app.add_option("--key", options->key,
		       "A file with the key, which is made if there is none, or 32 hexadecimal "
		       "digits, which others see on this machine; else the file OUT.key");
	app.add_option("--format", options->format, "Of the frames")
		->check(CLI::IsMember(format_names()))
		->capture_default_str();
	app.add_option("--size", options->size, "Of the frames; else the video's")
		->check(check_size)
		->type_name("WxH");
	app.add_option("--frames", options->frames, "No more than as many")
		->check(CLI::PositiveNumber)
		->type_name("N");
	app.footer("Examples:\n"
		   "  svp encrypt film.mkv film.clip\n"
		   "  svp encrypt --size 480x270 --key film.key film.mkv film.clip\n"
		   "  svp play --encrypted --key film.key film.clip");
	return [options] { return run(*options); };
}

const Command command("encrypt", "Make a clip of a video that only protected buffers show", setup);

} // namespace
} // namespace vskms::svp
