// SPDX-License-Identifier: GPL-2.0
#include "framebuffer.hpp"

#include "table.hpp"

#include <cerrno>
#include <format>

#include <sys/mman.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

std::string import_remedy(int number)
{
	switch (number) {
	case EACCES:
		return "the buffer's heap does not trust the card; see svp masters";
	case EIO:
		return "the buffer's heap was revoked";
	default:
		return {};
	}
}

} // namespace

void release_blob(int card, std::uint32_t id)
{
	drmModeDestroyPropertyBlob(card, id);
}

void release_handle(int card, std::uint32_t id)
{
	drmCloseBufferHandle(card, id);
}

void release_framebuffer(int card, std::uint32_t id)
{
	drmModeRmFB(card, id);
}

Result<Blob> create_blob(const Card &card, std::span<const std::byte> data)
{
	std::uint32_t id;

	if (drmModeCreatePropertyBlob(card.fd(), data.data(), data.size(), &id))
		return failure(card.about("cannot create a blob"), errno);
	return Blob(card, id);
}

Result<Blob> create_blob(const Card &card, const drmModeModeInfo &mode)
{
	return create_blob(card, std::as_bytes(std::span(&mode, 1)));
}

Result<Framebuffer> Framebuffer::of(const Card &card, const Layout &layout, GemHandle handle)
{
	std::uint32_t handles[4] = {}, pitches[4] = {}, offsets[4] = {}, id;

	for (std::uint32_t i = 0; i < layout.count; i++) {
		handles[i] = handle.id();
		pitches[i] = layout.planes[i].pitch;
		offsets[i] = layout.planes[i].offset;
	}
	if (drmModeAddFB2(card.fd(), layout.width, layout.height, layout.format, handles, pitches,
			  offsets, &id, 0))
		return failure(card.about(std::format("cannot make a framebuffer of {}x{} {}",
						      layout.width, layout.height,
						      format_name(layout.format))),
			       errno);
	Framebuffer framebuffer;

	framebuffer.layout_ = layout;
	framebuffer.handle_ = std::move(handle);
	framebuffer.framebuffer_ = CardObject<release_framebuffer>(card, id);
	return framebuffer;
}

Result<Framebuffer> Framebuffer::import(const Card &card, const Layout &layout, int dmabuf)
{
	std::uint32_t handle;

	if (drmPrimeFDToHandle(card.fd(), dmabuf, &handle))
		return failure(card.about(std::format("cannot import buffer {}", dmabuf)), errno,
			       import_remedy(errno));
	return of(card, layout, GemHandle(card, handle));
}

Result<DumbBuffer> DumbBuffer::create(const Card &card, const Layout &layout)
{
	std::uint32_t handle, pitch;
	std::uint64_t size, offset;
	// In bytes, and in rows of one, so that the layout is ours and not the driver's.
	const std::uint32_t rows = layout.height;
	const auto row = static_cast<std::uint32_t>((layout.size + rows - 1) / rows);

	if (drmModeCreateDumbBuffer(card.fd(), row, rows, 8, 0, &handle, &pitch, &size))
		return failure(card.about(std::format("cannot create a buffer of {}",
						      size_text(layout.size))),
			       errno);
	GemHandle owner(card, handle);

	if (drmModeMapDumbBuffer(card.fd(), handle, &offset))
		return failure(card.about("cannot map a buffer"), errno);
	auto framebuffer = Framebuffer::of(card, layout, std::move(owner));

	if (!framebuffer)
		return failure(std::move(framebuffer));
	void *mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd(),
			     static_cast<off_t>(offset));

	if (mapping == MAP_FAILED)
		return failure(card.about("cannot map a buffer"), errno);
	return DumbBuffer(std::move(*framebuffer), {static_cast<std::byte *>(mapping), size});
}

DumbBuffer::~DumbBuffer()
{
	if (!bytes.empty())
		munmap(bytes.data(), bytes.size());
}

} // namespace vskms::svp
