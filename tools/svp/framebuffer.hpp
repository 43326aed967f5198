// SPDX-License-Identifier: GPL-2.0
/*
 * What a card holds for us, each given back by its destructor: a buffer's handle, a
 * framebuffer of it, a blob. None may outlive the Card it was made on. Whoever dies first
 * gives all back with the file.
 *
 * A framebuffer that is destroyed while a plane shows it takes the plane off the screen.
 */
#pragma once

#include "card.hpp"
#include "layout.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace vskms::svp {

/* An object of a card's by number, 0 if there is none. */
template <void (*release)(int card, std::uint32_t id)>
class CardObject {
public:
	CardObject() = default;
	CardObject(const Card &card, std::uint32_t id) : card_(card.fd()), id_(id) {}
	CardObject(CardObject &&other) noexcept
		: card_(other.card_), id_(std::exchange(other.id_, 0))
	{
	}
	CardObject &operator=(CardObject &&other) noexcept
	{
		std::swap(card_, other.card_);
		std::swap(id_, other.id_);
		return *this;
	}
	~CardObject()
	{
		if (id_)
			release(card_, id_);
	}

	[[nodiscard]] std::uint32_t id() const { return id_; }

private:
	int card_ = -1;
	std::uint32_t id_ = 0;
};

void release_blob(int card, std::uint32_t id);
void release_handle(int card, std::uint32_t id);
void release_framebuffer(int card, std::uint32_t id);

using Blob = CardObject<release_blob>;
using GemHandle = CardObject<release_handle>;

[[nodiscard]] Result<Blob> create_blob(const Card &card, std::span<const std::byte> data);

/* Of a mode, for a CRTC's MODE_ID. */
[[nodiscard]] Result<Blob> create_blob(const Card &card, const drmModeModeInfo &mode);

class Framebuffer {
public:
	Framebuffer() = default;

	/* Of a dma-buf, which is imported; its descriptor may be closed after. */
	[[nodiscard]] static Result<Framebuffer> import(const Card &card, const Layout &layout,
							int dmabuf);

	[[nodiscard]] std::uint32_t id() const { return framebuffer_.id(); }
	[[nodiscard]] const Layout &layout() const { return layout_; }

private:
	friend class DumbBuffer;

	[[nodiscard]] static Result<Framebuffer> of(const Card &card, const Layout &layout,
						    GemHandle handle);

	Layout layout_;
	GemHandle handle_;
	// After the handle, so that it goes before.
	CardObject<release_framebuffer> framebuffer_;
};

/* An ordinary framebuffer that the CPU reads and writes. */
class DumbBuffer {
public:
	[[nodiscard]] static Result<DumbBuffer> create(const Card &card, const Layout &layout);

	DumbBuffer(DumbBuffer &&other) noexcept
		: framebuffer(std::move(other.framebuffer)), bytes(std::exchange(other.bytes, {}))
	{
	}
	DumbBuffer &operator=(DumbBuffer &&) = delete;
	~DumbBuffer();

	Framebuffer framebuffer;
	std::span<std::byte> bytes; // the layout's, or more

private:
	DumbBuffer(Framebuffer fb, std::span<std::byte> mapping)
		: framebuffer(std::move(fb)), bytes(mapping)
	{
	}
};

} // namespace vskms::svp
