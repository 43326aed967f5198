// SPDX-License-Identifier: GPL-2.0
/*
 * What a frame is written into: one dma-buf, or one for each of its planes, as decoders of
 * phones have them. Protected ones are written by INJECT, ordinary ones by the CPU.
 */
#pragma once

#include "heap.hpp"
#include "layout.hpp"
#include "secure_device.hpp"
#include "unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vskms::svp {

class Canvas {
public:
	/* Where a plane's first row is. */
	struct Place {
		int dmabuf;
		std::uint32_t offset;
	};

	/*
	 * @device writes into a protected heap's buffers, and outlives this; for another heap it
	 * may be null. With one plane there is one object, however many are asked for.
	 */
	[[nodiscard]] static Result<Canvas> create(const Heap &heap, const SecureDevice *device,
						   const Layout &layout, std::uint32_t objects = 1);

	/* A whole frame. @cipher: it is cipher text, for protected buffers only. */
	[[nodiscard]] Result<void> write(std::span<const std::byte> frame,
					 const Cipher *cipher = nullptr) const;

	[[nodiscard]] const Layout &layout() const { return layout_; }
	[[nodiscard]] std::uint32_t objects() const
	{
		return static_cast<std::uint32_t>(objects_.size());
	}
	[[nodiscard]] Place plane(std::uint32_t index) const;

private:
	/* A buffer, and which part of a frame it has. */
	struct Object {
		UniqueFd dmabuf;
		std::size_t begin;
		std::size_t size;
	};

	Canvas(const SecureDevice *device, const Layout &layout) : device_(device), layout_(layout) {}

	const SecureDevice *device_; // null if the buffers are ordinary
	Layout layout_;
	std::vector<Object> objects_;
};

} // namespace vskms::svp
