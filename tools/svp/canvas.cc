// SPDX-License-Identifier: GPL-2.0
#include "canvas.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

namespace vskms::svp {
namespace {

/* Begins, or ends, that the CPU writes into a buffer. */
bool sync(int dmabuf, std::uint64_t flag)
{
	dma_buf_sync data = {.flags = DMA_BUF_SYNC_WRITE | flag};
	int wrong;

	do {
		wrong = ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &data);
	} while (wrong && (errno == EINTR || errno == EAGAIN));
	return !wrong;
}

Result<void> write_ordinary(int dmabuf, std::span<const std::byte> data)
{
	void *const mapping = mmap(nullptr, data.size(), PROT_WRITE, MAP_SHARED, dmabuf, 0);

	if (mapping == MAP_FAILED)
		return failure("cannot map a buffer", errno);
	bool done = sync(dmabuf, DMA_BUF_SYNC_START);

	if (done) {
		std::memcpy(mapping, data.data(), data.size());
		done = sync(dmabuf, DMA_BUF_SYNC_END);
	}
	const int number = errno;

	munmap(mapping, data.size());
	if (!done)
		return failure("cannot write into a buffer", number);
	return {};
}

} // namespace

Result<Canvas> Canvas::create(const Heap &heap, const SecureDevice *device, const Layout &layout,
			      std::uint32_t objects)
{
	Canvas canvas(heap.is_protected() ? device : nullptr, layout);
	const std::uint32_t count = objects > 1 ? layout.count : 1;

	for (std::uint32_t i = 0; i < count; i++) {
		const std::size_t begin = layout.planes[i].offset;
		const std::size_t end =
			i + 1 < count ? layout.planes[i + 1].offset : layout.size;
		auto dmabuf = heap.allocate(end - begin);

		if (!dmabuf)
			return failure(std::move(dmabuf));
		canvas.objects_.push_back({std::move(*dmabuf), begin, end - begin});
	}
	return canvas;
}

Result<void> Canvas::write(std::span<const std::byte> frame, const Cipher *cipher) const
{
	for (const Object &object : objects_) {
		const auto part = frame.subspan(object.begin, object.size);
		Cipher here = cipher ? *cipher : Cipher();

		here.position += object.begin;
		auto done = device_ ? device_->inject(object.dmabuf.get(), 0, part,
						      cipher ? &here : nullptr) :
				      write_ordinary(object.dmabuf.get(), part);

		if (!done)
			return done;
	}
	return {};
}

Canvas::Place Canvas::plane(std::uint32_t index) const
{
	const Object &object = objects_[objects_.size() > 1 ? index : 0];

	return {.dmabuf = object.dmabuf.get(),
		.offset = static_cast<std::uint32_t>(layout_.planes[index].offset - object.begin)};
}

} // namespace vskms::svp
