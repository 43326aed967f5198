// SPDX-License-Identifier: GPL-2.0
/* A frame in a protected buffer, ready to be shown. */
#pragma once

#include "error.hpp"
#include "frame.hpp"
#include "framebuffer.hpp"
#include "heap.hpp"
#include "secure_device.hpp"
#include "unique_fd.hpp"

#include <cstddef>
#include <span>

namespace vskms::svp {

/* The card outlives it. */
struct ProtectedFrame {
	UniqueFd buffer;
	Framebuffer framebuffer;

	/* Allocated, injected and imported. @cipher: @bytes are cipher text. */
	[[nodiscard]] static Result<ProtectedFrame>
	create(const Heap &heap, const SecureDevice &device, const Card &card, const Layout &layout,
	       std::span<const std::byte> bytes, const Cipher *cipher = nullptr);
};

} // namespace vskms::svp
