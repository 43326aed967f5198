// SPDX-License-Identifier: GPL-2.0
#include "wayland_pixels.hpp"

#include "frame.hpp"

#include <cerrno>
#include <cstring>
#include <format>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

namespace vskms::svp {

Result<WaylandPixels> WaylandPixels::create(WaylandClient &client, std::uint32_t width,
					    std::uint32_t height, bool with_alpha)
{
	const std::size_t size = std::size_t{width} * height * 4;
	auto shm = client.bind<wl_shm>(wl_shm_interface, 1, 1);
	const UniqueFd file(memfd_create("svp", MFD_CLOEXEC));

	if (!shm)
		return failure(std::move(shm));
	if (!file || ftruncate(file.get(), static_cast<off_t>(size)))
		return failure(std::format("cannot make {} bytes of shared memory", size), errno);
	void *mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);

	if (mapping == MAP_FAILED)
		return failure("cannot map shared memory", errno);
	const WaylandObject<wl_shm_pool> pool(
		wl_shm_create_pool(shm->get(), file.get(), static_cast<std::int32_t>(size)));

	return WaylandPixels(
		width, height, {static_cast<std::byte *>(mapping), size},
		WaylandObject<wl_buffer>(wl_shm_pool_create_buffer(
			pool.get(), 0, static_cast<std::int32_t>(width),
			static_cast<std::int32_t>(height), static_cast<std::int32_t>(width * 4),
			with_alpha ? WL_SHM_FORMAT_ARGB8888 : WL_SHM_FORMAT_XRGB8888)));
}

WaylandPixels::WaylandPixels(WaylandPixels &&other) noexcept
    : width_(other.width_), height_(other.height_), mapping_(std::exchange(other.mapping_, {})),
      buffer_(std::move(other.buffer_))
{
}

WaylandPixels::~WaylandPixels()
{
	if (!mapping_.empty())
		munmap(mapping_.data(), mapping_.size());
}

Picture WaylandPixels::picture() const
{
	return picture_of_xrgb(mapping_, width_, height_, width_ * 4);
}

void WaylandPixels::fill(const Pixel &colour)
{
	const std::uint32_t pixel =
		0xff000000u | colour.red << 16 | colour.green << 8 | colour.blue;

	for (std::size_t at = 0; at < mapping_.size(); at += sizeof(pixel))
		std::memcpy(mapping_.data() + at, &pixel, sizeof(pixel));
}

} // namespace vskms::svp
