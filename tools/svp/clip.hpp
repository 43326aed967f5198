// SPDX-License-Identifier: GPL-2.0
/*
 * A clip: encrypted frames in a file, as svp encrypt writes them. Numbers are little endian.
 *
 *	 0	8	"SVPCLIP1"
 *	 8	4	format, DRM_FORMAT_*
 *	12	4	width, in pixels
 *	16	4	height
 *	20	4	frames ...
 *	24	4	... in so many seconds
 *	28	4	0
 *	32	8	how many frames there are
 *	40	16	the counter block of the stream's first 16 bytes
 *	56	8	0
 *	64		the frames, without gaps, each Layout::size bytes
 *
 * The frames are one AES-128-CTR stream, so frame N is at N * size of it, and can be read
 * without the ones before. The counter block is random, so a key can be that of many clips.
 * Nothing authenticates it: who changes the file changes pictures, and learns nothing.
 *
 * Whoever plays it passes the cipher text on to a protected buffer's engine, which decrypts it
 * on its way in. In clear it is where it was encrypted, which is the content provider's part,
 * and not for the machine it is played on.
 */
#pragma once

#include "key.hpp"
#include "video.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vskms::svp {

/* Writes one. Frames are given in clear, and encrypted before they are written. */
class ClipWriter {
public:
	[[nodiscard]] static Result<ClipWriter> create(const std::string &path,
						       const Layout &layout, Rate rate,
						       const SecretKey &key);

	/* Encrypts @frame in its place; it is layout.size bytes. */
	[[nodiscard]] Result<void> write(std::span<std::byte> frame);

	/* Without it there is no file of that name: it is whole, or as it was. */
	[[nodiscard]] Result<void> finish();

	[[nodiscard]] std::uint64_t frames() const { return frames_; }

	ClipWriter(ClipWriter &&) = default;
	ClipWriter &operator=(ClipWriter &&) = delete;
	~ClipWriter();

private:
	ClipWriter(std::string path, UniqueFd file, const Layout &layout, Rate rate,
		   const CounterBlock &iv, CounterMode cipher)
		: path_(std::move(path)), file_(std::move(file)), layout_(layout), rate_(rate),
		  iv_(iv), cipher_(std::move(cipher))
	{
	}

	std::string path_; // it is written to what part_path() makes of that
	UniqueFd file_;	   // until it is finished
	Layout layout_;
	Rate rate_;
	CounterBlock iv_;
	CounterMode cipher_;
	std::uint64_t frames_ = 0;
};

/* Plays one: clear frames are in none of its memory. */
class Clip final : public Video {
public:
	/* @slot: where the device has the key, see SecureDevice::load_key(). */
	[[nodiscard]] static Result<Clip> open(const std::string &path, std::uint32_t slot,
					       bool loop);

	[[nodiscard]] Result<Next> next() override
	{
		return at_ < count_ ? Next::frame : Next::end;
	}
	[[nodiscard]] int fd() const override { return -1; }
	[[nodiscard]] Result<void> put(const Canvas &canvas) override;
	void drop() override;

private:
	Clip(std::string path, UniqueFd file, const Layout &layout, Rate rate, std::uint64_t count,
	     bool loop, const Cipher &cipher)
		: Video(layout, rate, loop ? std::nullopt : std::optional(count)),
		  path_(std::move(path)), file_(std::move(file)), count_(count), loop_(loop),
		  cipher_(cipher), text_(layout.size)
	{
	}

	std::string path_;
	UniqueFd file_;
	std::uint64_t count_;
	std::uint64_t at_ = 0;
	bool loop_;
	Cipher cipher_;
	std::vector<std::byte> text_; // cipher text
};

} // namespace vskms::svp
