// SPDX-License-Identifier: GPL-2.0
/* /dev/secure_heap: what is behind a file descriptor, and writing into protected buffers. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vskms::svp {

struct BufferInfo {
	enum class State { ordinary, live, revoked };

	State state = State::ordinary; // if ordinary, all below is empty
	std::string heap;
	std::string profile;
	std::uint64_t size = 0; // bytes
	std::uint32_t handle = 0;
	std::uint64_t generation = 0; // the buffer's session
	std::uint64_t session = 0;    // its heap's session now
};

/* Where in an AES-128-CTR stream data is, and which slot has its key. */
struct Cipher {
	std::uint32_t slot;
	std::array<std::uint8_t, 16> iv; // the counter block of the stream's first 16 bytes
	std::uint64_t position;		 // bytes from the stream's beginning
};

class SecureDevice {
public:
	using Key = std::array<std::uint8_t, 16>;

	[[nodiscard]] static Result<SecureDevice> open();

	/* Polls readable when a heap was revoked or restored. */
	[[nodiscard]] int fd() const { return fd_.get(); }

	/* How often any heap was, since this was opened or last asked; it does not wait. */
	[[nodiscard]] Result<std::uint64_t> changes() const;

	/* Of any dma-buf. */
	[[nodiscard]] Result<BufferInfo> query(int buffer) const;

	/* Writes clear data; with @cipher, what that makes of the cipher text @data. */
	[[nodiscard]] Result<void> inject(int buffer, std::uint64_t offset,
					  std::span<const std::byte> data,
					  const Cipher *cipher = nullptr) const;

	/* Leaves a key for buffers of a heap: its slot. It goes when this is closed. */
	[[nodiscard]] Result<std::uint32_t> load_key(const std::string &heap, const Key &key) const;

	/*
	 * Ends a heap's session, so that its buffers are dead; and begins the next, in which there
	 * can be new ones. CAP_SYS_ADMIN's.
	 */
	[[nodiscard]] Result<void> revoke(const std::string &heap) const;
	[[nodiscard]] Result<void> restore(const std::string &heap) const;

private:
	explicit SecureDevice(UniqueFd fd) : fd_(std::move(fd)) {}

	UniqueFd fd_;
};

} // namespace vskms::svp
