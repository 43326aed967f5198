// SPDX-License-Identifier: GPL-2.0
#include "clip.hpp"

#include "file.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <format>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

constexpr std::array<char, 8> magic = {'S', 'V', 'P', 'C', 'L', 'I', 'P', '1'};

struct Header {
	std::array<char, 8> magic;
	std::uint32_t format;
	std::uint32_t width;
	std::uint32_t height;
	std::uint32_t rate_frames;
	std::uint32_t rate_seconds;
	std::uint32_t zero;
	std::uint64_t frames;
	CounterBlock iv;
	std::uint64_t zeros;
};

static_assert(sizeof(Header) == 64);
static_assert(std::endian::native == std::endian::little, "the file's numbers are");

std::string part_path(const std::string &path)
{
	return path + ".part";
}

} // namespace

Result<ClipWriter> ClipWriter::create(const std::string &path, const Layout &layout, Rate rate,
				      const SecretKey &key)
{
	auto iv = random_block();

	if (!iv)
		return failure(std::move(iv));
	auto cipher = CounterMode::open(key, *iv);

	if (!cipher)
		return failure(std::move(cipher));
	auto file = open_file(part_path(path), O_WRONLY | O_CREAT | O_TRUNC);

	if (!file)
		return failure(std::move(file));
	ClipWriter writer(path, std::move(*file), layout, rate, *iv, std::move(*cipher));
	const std::array<std::byte, sizeof(Header)> room = {};

	if (auto done = write_all(writer.file_.get(), room, path); !done)
		return failure(std::move(done));
	return writer;
}

Result<void> ClipWriter::write(std::span<std::byte> frame)
{
	if (auto done = cipher_.apply(frame, frames_ * layout_.size); !done)
		return done;
	if (auto done = write_all(file_.get(), frame, path_); !done)
		return done;
	frames_++;
	return {};
}

Result<void> ClipWriter::finish()
{
	const Header header = {
		.magic = magic,
		.format = layout_.format,
		.width = layout_.width,
		.height = layout_.height,
		.rate_frames = rate_.frames,
		.rate_seconds = rate_.seconds,
		.zero = 0,
		.frames = frames_,
		.iv = iv_,
		.zeros = 0,
	};

	if (pwrite(file_.get(), &header, sizeof(header), 0) != sizeof(header) ||
	    std::rename(part_path(path_).c_str(), path_.c_str()))
		return failure(std::format("{}: cannot write it", path_), errno);
	file_.reset();
	return {};
}

ClipWriter::~ClipWriter()
{
	if (file_)
		std::remove(part_path(path_).c_str());
}

Result<Clip> Clip::open(const std::string &path, std::uint32_t slot, bool loop)
{
	auto file = open_file(path, O_RDONLY);
	Header header;
	struct stat status;

	if (!file)
		return failure(std::move(file));
	if (fstat(file->get(), &status))
		return failure(std::format("{}: cannot read it", path), errno);
	const ssize_t got = pread(file->get(), &header, sizeof(header), 0);

	if (got < 0)
		return failure(std::format("{}: cannot read it", path), errno);
	if (got != sizeof(header) || header.magic != magic || header.zero || header.zeros)
		return failure(std::format("{}: it is no clip", path), "svp encrypt makes clips");
	auto layout = Layout::of(header.format, header.width, header.height);
	const Rate rate = {.frames = header.rate_frames, .seconds = header.rate_seconds};

	if (!layout)
		return failure(std::format("{}: {}", path, layout.error().what));
	if (!rate.sane())
		return failure(std::format("{}: {} frames in {} seconds is no rate", path,
					   rate.frames, rate.seconds));
	const auto room = static_cast<std::uint64_t>(status.st_size) - sizeof(header);

	if (!header.frames || room / layout->size < header.frames)
		return failure(std::format("{}: it has {} frames, and should have {}", path,
					   room / layout->size, header.frames));
	return Clip(path, std::move(*file), *layout, rate, header.frames, loop,
		    {.slot = slot, .iv = header.iv, .position = 0});
}

Result<void> Clip::put(const Canvas &canvas)
{
	std::size_t have = 0;

	cipher_.position = at_ * text_.size();
	while (have < text_.size()) {
		const ssize_t got =
			pread(file_.get(), text_.data() + have, text_.size() - have,
			      static_cast<off_t>(sizeof(Header) + cipher_.position + have));

		if (got > 0)
			have += static_cast<std::size_t>(got);
		else if (!got)
			return failure(std::format("{}: it became shorter", path_));
		else if (errno != EINTR)
			return failure(std::format("{}: cannot read it", path_), errno);
	}
	drop();
	return canvas.write(text_, &cipher_);
}

void Clip::drop()
{
	at_++;
	if (loop_ && at_ == count_)
		at_ = 0;
}

} // namespace vskms::svp
