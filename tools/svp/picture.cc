// SPDX-License-Identifier: GPL-2.0
#include "picture.hpp"

#include "layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <format>
#include <optional>
#include <span>

#include <png.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

/* libpng's, freed whatever happens. */
struct Png : png_image {
	Png() : png_image{} { version = PNG_IMAGE_VERSION; }
	Png(const Png &) = delete;
	~Png() { png_image_free(this); }
};

/* A number of a PPM's head, after white space and comments; @data then begins after it. */
std::optional<std::uint32_t> head_number(std::string_view &data)
{
	while (!data.empty() &&
	       (std::isspace(static_cast<unsigned char>(data.front())) || data.front() == '#')) {
		const std::size_t end = data.front() == '#' ? data.find('\n') : 0;

		if (end == data.npos)
			return std::nullopt;
		data.remove_prefix(end + 1);
	}
	std::uint32_t number;
	const auto [rest, wrong] = std::from_chars(data.data(), data.data() + data.size(), number);

	if (wrong != std::errc())
		return std::nullopt;
	data.remove_prefix(static_cast<std::size_t>(rest - data.data()));
	return number;
}

} // namespace

Result<Picture> Picture::load_png(const std::string &path)
{
	// libpng's message has the file's trouble, but not its errno.
	if (access(path.c_str(), R_OK))
		return failure(std::format("{}: cannot read it", path), errno);

	Png png;

	if (!png_image_begin_read_from_file(&png, path.c_str()))
		return failure(std::format("{}: no PNG: {}", path, png.message));
	if (png.width > Layout::max_size || png.height > Layout::max_size)
		return failure(std::format("{}: {}x{} pixels; a side is at most {}", path,
					   png.width, png.height, Layout::max_size));
	png.format = PNG_FORMAT_RGBA;
	Picture picture(png.width, png.height);

	static_assert(sizeof(Pixel) == 4);
	if (!png_image_finish_read(&png, nullptr, picture.pixels_.data(), 0, nullptr))
		return failure(std::format("{}: no PNG: {}", path, png.message));
	return picture;
}

Result<void> Picture::save_png(const std::string &path) const
{
	const std::vector<std::byte> rows = rgb();
	const std::string part = path + ".part";
	Png png;

	png.width = width_;
	png.height = height_;
	png.format = PNG_FORMAT_RGB;
	errno = 0;
	if (!png_image_write_to_file(&png, part.c_str(), 0, rows.data(), 0, nullptr)) {
		const int number = errno;

		std::remove(part.c_str());
		return failure(std::format("{}: cannot write it", path), number,
			       number ? "" : png.message);
	}
	if (std::rename(part.c_str(), path.c_str())) {
		const int number = errno;

		std::remove(part.c_str());
		return failure(std::format("{}: cannot write it", path), number);
	}
	return {};
}

Result<std::vector<std::byte>> Picture::png() const
{
	const std::vector<std::byte> rows = rgb();
	Png png;

	png.width = width_;
	png.height = height_;
	png.format = PNG_FORMAT_RGB;
	std::vector<std::byte> data(PNG_IMAGE_PNG_SIZE_MAX(png));
	png_alloc_size_t size = data.size();

	if (!png_image_write_to_memory(&png, data.data(), &size, 0, rows.data(), 0, nullptr))
		return failure(std::format("{}x{} pixels: cannot make a PNG: {}", width_, height_,
					   png.message));
	data.resize(size);
	return data;
}

Result<Picture> Picture::from_ppm(std::string_view data, std::string_view name)
{
	if (!data.starts_with("P6"))
		return failure(std::format("{}: no binary PPM", name));
	data.remove_prefix(2);
	const auto width = head_number(data), height = head_number(data), most = head_number(data);

	if (!width || !height || !*width || !*height || *width > Layout::max_size ||
	    *height > Layout::max_size || most != 255u || data.empty())
		return failure(std::format("{}: no head of a PPM with 8 bits a sample", name));
	data.remove_prefix(1);
	if (data.size() != std::size_t{*width} * *height * 3)
		return failure(std::format("{}: {} bytes of pixels, not the {} of {}x{}", name,
					   data.size(), std::size_t{*width} * *height * 3, *width,
					   *height));
	Picture picture(*width, *height);

	for (Pixel &pixel : picture.pixels_) {
		pixel = {.red = static_cast<std::uint8_t>(data[0]),
			 .green = static_cast<std::uint8_t>(data[1]),
			 .blue = static_cast<std::uint8_t>(data[2])};
		data.remove_prefix(3);
	}
	return picture;
}

std::vector<std::byte> Picture::ppm() const
{
	const std::string head = std::format("P6\n{} {}\n255\n", width_, height_);
	const auto bytes = std::as_bytes(std::span(head));
	std::vector<std::byte> out(bytes.begin(), bytes.end());

	out.append_range(rgb());
	return out;
}

Picture Picture::scaled(std::uint32_t width, std::uint32_t height) const
{
	Picture out(width, height);
	// Columns, or rows, from first to last but one; one at least.
	const auto span = [](std::uint64_t i, std::uint64_t from, std::uint64_t to) {
		const std::uint64_t first = i * from / to;

		return std::array{first, std::max((i + 1) * from / to, first + 1)};
	};

	for (std::uint32_t y = 0; y < height; y++) {
		const auto [top, bottom] = span(y, height_, height);

		for (std::uint32_t x = 0; x < width; x++) {
			const auto [left, right] = span(x, width_, width);
			const std::uint64_t count = (bottom - top) * (right - left);
			std::array<std::uint64_t, 4> sum = {};

			for (auto v = top; v < bottom; v++) {
				for (auto u = left; u < right; u++) {
					const Pixel &pixel = pixels_[v * width_ + u];

					sum[0] += pixel.red;
					sum[1] += pixel.green;
					sum[2] += pixel.blue;
					sum[3] += pixel.alpha;
				}
			}
			for (std::uint64_t &s : sum)
				s = (s + count / 2) / count;
			out.at(x, y) = {.red = static_cast<std::uint8_t>(sum[0]),
					.green = static_cast<std::uint8_t>(sum[1]),
					.blue = static_cast<std::uint8_t>(sum[2]),
					.alpha = static_cast<std::uint8_t>(sum[3])};
		}
	}
	return out;
}

Picture Picture::turned(unsigned int quarters) const
{
	Picture out = *this;

	for (quarters %= 4; quarters; quarters--) {
		Picture next(out.height_, out.width_);

		for (std::uint32_t y = 0; y < next.height_; y++)
			for (std::uint32_t x = 0; x < next.width_; x++)
				next.at(x, y) = out.at(y, out.height_ - 1 - x);
		out = std::move(next);
	}
	return out;
}

std::vector<std::byte> Picture::rgb() const
{
	std::vector<std::byte> out;

	out.reserve(pixels_.size() * 3);
	for (const Pixel &pixel : pixels_)
		for (std::uint8_t sample : {pixel.red, pixel.green, pixel.blue})
			out.push_back(std::byte{sample});
	return out;
}

} // namespace vskms::svp
