// SPDX-License-Identifier: GPL-2.0
#include "bench/trace.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace vskms::bench {
namespace {

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t MiB = 1 << 20;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to)
{
	return (value + to - 1) / to * to;
}

struct Picture {
	std::uint64_t width;
	std::uint64_t height;

	/* Rows of 128 bytes, 32 lines: as hardware that decodes HEVC and AV1 wants them. */
	constexpr std::uint64_t nv12() const
	{
		return round_up(width, 128) * round_up(height, 32) * 3 / 2;
	}

	/* For each square of so many pixels a side, so many bytes. */
	constexpr std::uint64_t per_block(std::uint64_t side, std::uint64_t bytes) const
	{
		return (width + side - 1) / side * ((height + side - 1) / side) * bytes;
	}
};

constexpr Picture p480 = {854, 480};
constexpr Picture p720 = {1280, 720};
constexpr Picture p1080 = {1920, 1080};
constexpr Picture p2160 = {3840, 2160};

enum class Codec { h264, hevc, av1 };

/*
 * How many frames a decoder has: the codec's most references at the level that streams of this
 * size have, and three for the display.
 */
std::size_t frames_of(Codec codec, const Picture &picture)
{
	const bool small = picture.height <= 480;
	const bool medium = picture.height == 720;

	switch (codec) {
	case Codec::h264:
		return small ? 17 : medium ? 12 : 7;
	case Codec::hevc:
		return small ? 17 : medium ? 15 : 9;
	case Codec::av1:
		break;
	}
	return 11;
}

/* Writes a trace, and counts what is live. */
class Program {
public:
	std::uint32_t take(std::uint64_t size)
	{
		const std::uint32_t buffer = static_cast<std::uint32_t>(sizes_.size());

		sizes_.push_back(size);
		ops_.push_back({buffer, size});
		live_ += round_up(size, 4 * KiB);
		peak_ = std::max(peak_, live_);
		return buffer;
	}

	void give(std::uint32_t buffer)
	{
		ops_.push_back({buffer, 0});
		live_ -= round_up(sizes_[buffer], 4 * KiB);
	}

	template <typename Buffers>
	void give_all(Buffers &buffers)
	{
		for (const std::uint32_t buffer : buffers)
			give(buffer);
		buffers.clear();
	}

	std::uint64_t live() const { return live_; }

	Trace trace(std::string name)
	{
		return {std::move(name), peak_, static_cast<std::uint32_t>(sizes_.size()),
			std::move(ops_)};
	}

private:
	std::vector<std::uint64_t> sizes_;
	std::vector<Op> ops_;
	std::uint64_t live_ = 0;
	std::uint64_t peak_ = 0;
};

/* Small buffers that come at any time and stay long: cursors, subtitles, keys, icons. */
class Interface {
public:
	Interface(Program &program, unsigned seed) : program_(program), random_(seed) {}

	/* One comes, and one that has been there for a while goes. */
	void step()
	{
		static constexpr std::array<std::uint64_t, 8> sizes = {
			4 * KiB,	// keys, HDR metadata
			4 * KiB,
			16 * KiB,	// cursor, 64x64
			64 * KiB,	// cursor, 128x128
			256 * KiB,	// cursor, 256x256
			48 * KiB,	// icon
			1280 * 96 * 4,	// a line of subtitles
			12 * KiB,
		};

		if (shown_.size() == most) {
			const auto at = shown_.begin() + static_cast<long>(random_() % (most / 2));

			program_.give(*at);
			shown_.erase(at);
		}
		shown_.push_back(program_.take(sizes[random_() % sizes.size()]));
	}

private:
	static constexpr std::size_t most = 24;

	Program &program_;
	std::mt19937 random_;
	std::deque<std::uint32_t> shown_;
};

/* A decoder and its buffers, as V4L2's stateful and stateless drivers have them. */
class Decoder {
public:
	Decoder(Program &program, Interface &interface)
		: program_(program), interface_(interface)
	{
	}

	void start(Codec codec, const Picture &picture)
	{
		take_bitstream(picture);
		take_work(codec, picture);
		take_frames(codec, picture);
	}

	/*
	 * Another picture size in the stream. The queue is drained: what is not on its way to
	 * the screen goes at once, and the last frames when new ones have taken their place.
	 */
	void change(Codec codec, const Picture &picture)
	{
		const std::vector<std::uint32_t> old_work = std::move(work_);

		for (std::size_t i = 0; i + held < frames_.size(); i++)
			program_.give(frames_[i]);
		frames_.erase(frames_.begin(), frames_.end() - held);
		program_.give_all(motion_);

		std::deque<std::uint32_t> shown = std::move(frames_);

		frames_.clear();
		if (bitstream_size(picture) != bitstream_size_) {
			program_.give_all(bitstream_);
			take_bitstream(picture);
		}
		work_.clear();
		take_work(codec, picture);
		for (const std::uint32_t buffer : old_work)
			program_.give(buffer);
		take_frames(codec, picture);
		interface_.step();
		program_.give_all(shown);
	}

	/* Another codec: the new decoder is ready before the old one has shown its last frame. */
	void splice(Codec codec, const Picture &picture)
	{
		Decoder next(program_, interface_);

		next.start(codec, picture);
		interface_.step();
		stop();
		std::swap(frames_, next.frames_);
		std::swap(motion_, next.motion_);
		std::swap(work_, next.work_);
		std::swap(bitstream_, next.bitstream_);
		bitstream_size_ = next.bitstream_size_;
	}

	/* A segment plays: metadata and a few small buffers come and go. */
	void play()
	{
		std::vector<std::uint32_t> segment;

		for (const std::uint64_t size : {4 * KiB, 8 * KiB, 16 * KiB, 4 * KiB})
			segment.push_back(program_.take(size));
		interface_.step();
		program_.give_all(segment);
	}

	void stop()
	{
		program_.give_all(bitstream_);
		program_.give_all(motion_);
		program_.give_all(work_);
		program_.give_all(frames_);
	}

private:
	static constexpr std::ptrdiff_t held = 4;	// frames at the display

	static std::uint64_t bitstream_size(const Picture &picture)
	{
		return picture.height > 1080 ? 2 * MiB : MiB;
	}

	void take_bitstream(const Picture &picture)
	{
		bitstream_size_ = bitstream_size(picture);
		for (int i = 0; i < 4; i++)
			bitstream_.push_back(program_.take(bitstream_size_));
	}

	/* Tables, contexts and the filters' lines, which are as long as the picture is wide. */
	void take_work(Codec codec, const Picture &picture)
	{
		for (const std::uint64_t size :
		     {4 * KiB, 4 * KiB, 8 * KiB, 12 * KiB, 32 * KiB, 64 * KiB})
			work_.push_back(program_.take(size));
		for (const std::uint64_t bytes_a_pixel : {8, 16, 32, 64})
			work_.push_back(program_.take(picture.width * bytes_a_pixel));
		if (codec == Codec::av1) {
			for (int i = 0; i < 8; i++) {
				work_.push_back(program_.take(24 * KiB));	// CDFs
				work_.push_back(program_.take(picture.per_block(64, 64)));
			}
		}
	}

	/* All at once, as VIDIOC_REQBUFS does; the motion vectors of each beside it. */
	void take_frames(Codec codec, const Picture &picture)
	{
		const std::uint64_t bytes_a_block = codec == Codec::h264 ? 64 : 16;
		const std::size_t count = frames_of(codec, picture);

		for (std::size_t i = 0; i < count; i++)
			frames_.push_back(program_.take(picture.nv12()));
		for (std::size_t i = 0; i < count; i++)
			motion_.push_back(program_.take(picture.per_block(16, bytes_a_block)));
	}

	Program &program_;
	Interface &interface_;
	std::vector<std::uint32_t> bitstream_;
	std::vector<std::uint32_t> work_;
	std::vector<std::uint32_t> motion_;
	std::deque<std::uint32_t> frames_;	// in the order they are shown
	std::uint64_t bitstream_size_ = 0;
};

/* One film whose bandwidth comes and goes, for hours. */
Trace adaptive(std::string name, unsigned seed, Codec codec, std::initializer_list<Picture> ladder)
{
	Program program;
	Interface interface(program, seed);
	Decoder decoder(program, interface);

	decoder.start(codec, *ladder.begin());
	for (int hour = 0; hour < 20; hour++) {
		for (const Picture &picture : ladder) {
			decoder.change(codec, picture);
			for (int segment = 0; segment < 6; segment++)
				decoder.play();
		}
	}
	decoder.stop();
	return program.trace(std::move(name));
}

/* A film, and another in a corner that is opened, changed and closed meanwhile. */
Trace picture_in_picture(unsigned seed)
{
	Program program;
	Interface interface(program, seed);
	Decoder film(program, interface);
	Decoder corner(program, interface);
	std::mt19937 random(seed);
	bool open = false;

	film.start(Codec::hevc, p1080);
	for (int minute = 0; minute < 200; minute++) {
		static constexpr std::array<Picture, 4> sizes = {p720, p1080, p2160, p1080};

		if (minute % 3 == 0)
			film.change(Codec::hevc, sizes[random() % sizes.size()]);
		if (!open) {
			corner.start(Codec::h264, p480);
			open = true;
		} else if (random() % 2) {
			corner.change(Codec::h264, random() % 2 ? p480 : p720);
		} else {
			corner.stop();
			open = false;
		}
		film.play();
	}
	film.stop();
	return program.trace("pip");
}

/* Channels: every one another codec and size, and both decoders live for a moment. */
Trace zapping(unsigned seed)
{
	Program program;
	Interface interface(program, seed);
	Decoder decoder(program, interface);
	std::mt19937 random(seed);

	decoder.start(Codec::h264, p720);
	for (int channel = 0; channel < 300; channel++) {
		static constexpr std::array<Picture, 5> sizes = {p480, p720, p1080, p1080, p2160};

		decoder.splice(static_cast<Codec>(random() % 3), sizes[random() % sizes.size()]);
		for (unsigned segments = random() % 4; segments; segments--)
			decoder.play();
	}
	decoder.stop();
	return program.trace("zapping");
}

/* Any size at any time, always close to the most. */
Trace soak(unsigned seed)
{
	constexpr std::uint64_t most = 384 * MiB;
	Program program;
	std::mt19937 random(seed);
	std::vector<std::uint32_t> live;

	const auto some_size = [&]() -> std::uint64_t {
		static constexpr std::array<Picture, 8> pictures = {p480, p480, p720, p720,
								    p1080, p1080, p1080, p2160};
		const unsigned kind = random() % 100;

		if (kind < 55)
			return (1 + random() % 64) * 4 * KiB;
		if (kind < 75)
			return (256 + random() % 1792) * KiB;
		return pictures[random() % pictures.size()].nv12();
	};

	for (int taken = 0; taken < 10000; taken++) {
		const std::uint64_t size = some_size();

		while (program.live() + round_up(size, 4 * KiB) > most) {
			std::swap(live[random() % live.size()], live.back());
			program.give(live.back());
			live.pop_back();
		}
		live.push_back(program.take(size));
	}
	program.give_all(live);
	return program.trace("soak");
}

} // namespace

const std::uint64_t large = p1080.nv12();

std::vector<Trace> traces(unsigned seed)
{
	return {
		adaptive("adaptive-1080p", seed, Codec::h264,
			 {p480, p720, p1080, p720, p480, p1080}),
		adaptive("adaptive-4k", seed, Codec::hevc,
			 {p480, p720, p1080, p2160, p1080, p2160, p720, p480}),
		adaptive("adaptive-4k-av1", seed, Codec::av1,
			 {p1080, p2160, p1080, p720, p2160, p480, p1080, p2160}),
		picture_in_picture(seed),
		zapping(seed),
		soak(seed),
	};
}

} // namespace vskms::bench
