// SPDX-License-Identifier: GPL-2.0
#include "decoder.hpp"

#include "file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <format>
#include <map>
#include <string_view>
#include <utility>

#include <drm_fourcc.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

constexpr Rate usual_rate = {.frames = 25, .seconds = 1};

/* What ffmpeg calls it. */
const char *pixel_format(std::uint32_t format)
{
	switch (format) {
	case DRM_FORMAT_XRGB8888:
		return "bgr0";
	case DRM_FORMAT_ARGB8888:
		return "bgra";
	case DRM_FORMAT_P010:
		return "p010le";
	default:
		return "nv12";
	}
}

template <typename T>
std::optional<T> number(std::string_view text)
{
	T value;
	const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (wrong != std::errc() || rest != text.data() + text.size())
		return std::nullopt;
	return value;
}

/* "16:9" or "30000/1001". */
std::optional<std::pair<std::uint32_t, std::uint32_t>> ratio(std::string_view text, char between)
{
	const auto parts = split(text, between);

	if (parts.size() != 2)
		return std::nullopt;
	const auto above = number<std::uint32_t>(parts[0]);
	const auto below = number<std::uint32_t>(parts[1]);

	if (!above || !below || !*above || !*below)
		return std::nullopt;
	return std::pair(*above, *below);
}

/* What ffprobe says of the first video stream, by name. */
class Probe {
public:
	[[nodiscard]] static Result<Probe> of(const std::string &path, const Signals &signals);

	[[nodiscard]] Size size() const;
	[[nodiscard]] Rate rate() const;
	[[nodiscard]] std::optional<double> seconds() const
	{
		return number<double>(value("duration"));
	}

private:
	[[nodiscard]] std::string_view value(std::string_view name) const
	{
		const auto found = values_.find(name);

		return found == values_.end() ? std::string_view() : found->second;
	}

	std::map<std::string, std::string, std::less<>> values_;
};

/* All that it says, unless we are told to end: what it reads may be a pipe, and never come. */
Result<std::string> output_of(const Child &child, const Signals &signals)
{
	std::array<pollfd, 1> more = {pollfd{.fd = child.pipe(), .events = POLLIN, .revents = 0}};
	std::array<char, 4096> part;
	std::string text;

	for (;;) {
		auto ready = signals.wait(more);

		if (!ready)
			return failure(std::move(ready));
		if (!*ready)
			return failure(std::format("{}: interrupted", child.name()));
		const ssize_t got = read(child.pipe(), part.data(), part.size());

		if (got > 0)
			text.append(part.data(), static_cast<std::size_t>(got));
		else if (!got)
			return text;
		else if (errno != EINTR)
			return failure(std::format("{}: cannot read from it", child.name()), errno);
	}
}

Result<Probe> Probe::of(const std::string &path, const Signals &signals)
{
	auto ffprobe = Child::start(
		{"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
		 "stream=width,height,sample_aspect_ratio,avg_frame_rate,r_frame_rate:"
		 "stream_side_data=rotation:format=duration",
		 "-of", "default=noprint_wrappers=1", "-i", "file:" + path},
		Child::Pipe::output);

	if (!ffprobe)
		return failure(std::move(ffprobe));
	auto text = output_of(*ffprobe, signals);

	if (!text)
		return failure(std::move(text));
	if (auto done = ffprobe->finish(); !done)
		return failure(std::move(done));

	Probe probe;

	for (std::string_view line : split(*text, '\n'))
		if (const auto parts = split(line, '='); parts.size() == 2)
			probe.values_.emplace(parts[0], parts[1]);
	if (probe.value("width").empty())
		return failure(std::format("{}: there is no video in it", path));
	return probe;
}

/* As it is seen: with square pixels, and turned as the camera was. */
Size Probe::size() const
{
	Size size = {.width = number<std::uint32_t>(value("width")).value_or(0),
		     .height = number<std::uint32_t>(value("height")).value_or(0)};

	if (const auto pixel = ratio(value("sample_aspect_ratio"), ':'))
		size.width = static_cast<std::uint32_t>(std::min<std::uint64_t>(
			std::uint64_t{size.width} * pixel->first / pixel->second, UINT32_MAX));
	if (const auto turned = number<int>(value("rotation")); turned && *turned % 180)
		std::swap(size.width, size.height);
	return size;
}

Rate Probe::rate() const
{
	for (const char *name : {"avg_frame_rate", "r_frame_rate"})
		if (const auto found = ratio(value(name), '/')) {
			const Rate rate = {.frames = found->first, .seconds = found->second};

			if (rate.sane())
				return rate;
		}
	return usual_rate;
}

} // namespace

Size fit(Size from, Size limit)
{
	const double scale = std::min({1.0, static_cast<double>(limit.width) / from.width,
				       static_cast<double>(limit.height) / from.height});
	const auto even = [scale](std::uint32_t side) {
		const auto scaled = static_cast<std::uint32_t>(std::lround(side * scale));

		return std::max(scaled / 2 * 2, 2u);
	};

	return {.width = even(from.width), .height = even(from.height)};
}

Result<Decoder> Decoder::open(const std::string &path, const Options &options,
			      const Signals &signals)
{
	// ffprobe would tell less clearly, but a pipe without a writer is for it to wait for.
	if (auto file = open_file(path, O_RDONLY | O_NONBLOCK); !file)
		return failure(std::move(file));
	auto probe = Probe::of(path, signals);

	if (!probe)
		return failure(std::move(probe));
	const Size shown = probe->size();

	if (!shown.width || !shown.height)
		return failure(std::format("{}: its video has no size", path));
	const Size size = options.size.value_or(fit(
		shown, options.limit.value_or(Size{Layout::max_size, Layout::max_size})));
	auto layout = Layout::of(options.format, size.width, size.height);

	if (!layout)
		return failure(std::move(layout));
	const Rate rate = probe->rate();
	std::vector<std::string> arguments = {"ffmpeg", "-nostdin", "-v", "error"};

	if (options.loop)
		arguments.insert(arguments.end(), {"-stream_loop", "-1"});
	arguments.insert(
		arguments.end(),
		{"-i", "file:" + path, "-map", "0:v:0", "-fps_mode", "cfr", "-r",
		 std::format("{}/{}", rate.frames, rate.seconds), "-vf",
		 std::format("scale={}:{}:out_color_matrix=bt709:out_range=tv,setsar=1,format={}",
			     size.width, size.height, pixel_format(options.format)),
		 "-f", "rawvideo", "pipe:1"});
	auto ffmpeg = Child::start(arguments, Child::Pipe::output);

	if (!ffmpeg)
		return failure(std::move(ffmpeg));
	// A frame is not always there when asked for; and the larger the pipe, the fewer turns.
	if (fcntl(ffmpeg->pipe(), F_SETFL, O_NONBLOCK))
		return failure("ffmpeg: cannot read from it", errno);
	fcntl(ffmpeg->pipe(), F_SETPIPE_SZ, 1 << 20);

	std::optional<std::uint64_t> frames;

	if (const auto seconds = probe->seconds(); seconds && !options.loop)
		frames = static_cast<std::uint64_t>(std::llround(*seconds * rate.per_second()));
	return Decoder(*layout, rate, frames, path, std::move(*ffmpeg));
}

Result<Video::Next> Decoder::next()
{
	while (have_ < frame_.size()) {
		const ssize_t got =
			read(ffmpeg_.pipe(), frame_.data() + have_, frame_.size() - have_);

		if (got > 0) {
			have_ += static_cast<std::size_t>(got);
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return Next::waiting;
		if (got < 0)
			return failure("ffmpeg: cannot read from it", errno);
		// What ffmpeg could not read to the end it did play; without a frame it failed.
		if (auto done = ffmpeg_.finish(); !done && !any_)
			return failure(std::move(done));
		if (!any_)
			return failure(std::format("{}: there is no frame in it", path_));
		return Next::end;
	}
	any_ = true;
	return Next::frame;
}

Result<void> Decoder::put(const Canvas &canvas)
{
	have_ = 0;
	return canvas.write(frame_);
}

} // namespace vskms::svp
