// SPDX-License-Identifier: GPL-2.0
/*
 * AES-128 keys, and the counter mode by the kernel's AF_ALG sockets, as its
 * Documentation/crypto/userspace-if.rst has them.
 */
#pragma once

#include "secure_device.hpp"
#include "unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vskms::svp {

using Key = SecureDevice::Key;

/* Wipes it when it is over. */
class SecretKey {
public:
	SecretKey() = default;
	explicit SecretKey(const Key &key) noexcept : key_(key) {}
	SecretKey(SecretKey &&other) noexcept : key_(other.key_) { other.wipe(); }
	SecretKey &operator=(SecretKey &&) = delete;
	~SecretKey() { wipe(); }

	/* 32 hexadecimal digits, or a file with them, or one with 16 bytes. */
	[[nodiscard]] static Result<SecretKey> read(const std::string &text);

	[[nodiscard]] static Result<SecretKey> generate();

	/* As hexadecimal digits, for the owner alone; a file that exists is left as it is. */
	[[nodiscard]] Result<void> save(const std::string &path) const;

	[[nodiscard]] const Key &bytes() const { return key_; }

private:
	void wipe();

	Key key_ = {};
};

/* The counter block of a stream's first 16 bytes. */
using CounterBlock = std::array<std::uint8_t, 16>;

[[nodiscard]] Result<CounterBlock> random_block();

/* AES-128-CTR (NIST SP 800-38A), as SECURE_HEAP_INJECT_AES_CTR undoes it. */
class CounterMode {
public:
	[[nodiscard]] static Result<CounterMode> open(const SecretKey &key, const CounterBlock &iv);

	/* Encrypts @data, or decrypts it, which is at @position of the stream, in place. */
	[[nodiscard]] Result<void> apply(std::span<std::byte> data, std::uint64_t position) const;

private:
	CounterMode(UniqueFd operation, const CounterBlock &iv)
		: operation_(std::move(operation)), iv_(iv)
	{
	}

	UniqueFd operation_;
	CounterBlock iv_;
};

} // namespace vskms::svp
