// SPDX-License-Identifier: GPL-2.0
#include "protected_frame.hpp"

namespace vskms::svp {

Result<ProtectedFrame> ProtectedFrame::create(const Heap &heap, const SecureDevice &device,
					      const Card &card, const Layout &layout,
					      std::span<const std::byte> bytes,
					      const Cipher *cipher)
{
	auto buffer = heap.allocate(layout.size);

	if (!buffer)
		return failure(std::move(buffer));
	if (auto injected = device.inject(buffer->get(), 0, bytes, cipher); !injected)
		return failure(std::move(injected));
	auto framebuffer = Framebuffer::import(card, layout, buffer->get());

	if (!framebuffer)
		return failure(std::move(framebuffer));
	return ProtectedFrame{std::move(*buffer), std::move(*framebuffer)};
}

} // namespace vskms::svp
