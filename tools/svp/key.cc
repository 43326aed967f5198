// SPDX-License-Identifier: GPL-2.0
#include "key.hpp"

#include "file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <format>
#include <optional>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/if_alg.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>

namespace vskms::svp {
namespace {

constexpr std::size_t block_size = 16;

/* What is sent to the kernel at once: less than a socket's buffer. */
constexpr std::size_t part_size = 32768;

std::optional<Key> from_hex(std::string_view text)
{
	const auto digit = [](char c) {
		return c >= '0' && c <= '9' ? c - '0' :
		       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		       c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					      -1;
	};
	Key key;

	if (text.size() != 2 * key.size())
		return std::nullopt;
	for (std::size_t i = 0; i < key.size(); i++) {
		const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return std::nullopt;
		key[i] = static_cast<std::uint8_t>(high << 4 | low);
	}
	return key;
}

Result<void> randomize(std::span<std::uint8_t> data)
{
	if (getrandom(data.data(), data.size(), 0) != static_cast<ssize_t>(data.size()))
		return failure("cannot get random numbers", errno);
	return {};
}

/* The counter block @blocks after @iv: a big endian number of 128 bits. */
CounterBlock advance(CounterBlock iv, std::uint64_t blocks)
{
	unsigned int carry = 0;

	for (std::size_t i = iv.size(); i-- > 0; blocks >>= 8) {
		carry += iv[i] + static_cast<unsigned int>(blocks & 0xff);
		iv[i] = static_cast<std::uint8_t>(carry);
		carry >>= 8;
	}
	return iv;
}

Failure no_cipher(int number)
{
	return failure("AF_ALG: the kernel does not encrypt for us", number,
		       number == ENOENT || number == EAFNOSUPPORT ?
			       "is the module there? modprobe algif_skcipher" :
			       "");
}

/* Sends a part of whole blocks, and takes it back in its place. */
Result<void> transform(int operation, const CounterBlock &iv, std::span<std::byte> part)
{
	alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint32_t)) +
						       CMSG_SPACE(sizeof(af_alg_iv) + block_size)>
		control = {};
	iovec data = {.iov_base = part.data(), .iov_len = part.size()};
	msghdr message = {};

	message.msg_iov = &data;
	message.msg_iovlen = 1;
	message.msg_control = control.data();
	message.msg_controllen = control.size();

	cmsghdr *header = CMSG_FIRSTHDR(&message);
	const std::uint32_t encrypt = ALG_OP_ENCRYPT;

	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_OP;
	header->cmsg_len = CMSG_LEN(sizeof(encrypt));
	std::memcpy(CMSG_DATA(header), &encrypt, sizeof(encrypt));

	header = CMSG_NXTHDR(&message, header);
	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_IV;
	header->cmsg_len = CMSG_LEN(sizeof(af_alg_iv) + block_size);

	const std::uint32_t length = block_size;

	std::memcpy(CMSG_DATA(header), &length, sizeof(length));
	std::memcpy(CMSG_DATA(header) + sizeof(length), iv.data(), iv.size());

	if (sendmsg(operation, &message, 0) != static_cast<ssize_t>(part.size()))
		return failure("AF_ALG: cannot encrypt", errno);
	for (std::size_t done = 0; done < part.size();) {
		const ssize_t got = read(operation, part.data() + done, part.size() - done);

		if (got <= 0)
			return failure("AF_ALG: cannot encrypt", got ? errno : EIO);
		done += static_cast<std::size_t>(got);
	}
	return {};
}

} // namespace

Result<SecretKey> SecretKey::read(const std::string &text)
{
	if (const auto key = from_hex(text))
		return SecretKey(*key);
	auto content = read_text(text);

	if (!content) {
		content.error().remedy = "a key is 32 hexadecimal digits, or a file with them";
		return failure(std::move(content));
	}
	Result<SecretKey> result = failure(
		std::format("key {}: there are neither 32 hexadecimal digits nor 16 bytes in it",
			    text));

	if (content->size() == sizeof(Key)) {
		Key key;

		std::memcpy(key.data(), content->data(), key.size());
		result.emplace(key);
	} else {
		// npos + 1 is 0: nothing else is in it.
		const std::size_t length = content->find_last_not_of(" \r\n") + 1;

		if (const auto key = from_hex(std::string_view(*content).substr(0, length)))
			result.emplace(*key);
	}
	explicit_bzero(content->data(), content->size());
	return result;
}

Result<SecretKey> SecretKey::generate()
{
	SecretKey key;

	if (auto done = randomize(key.key_); !done)
		return failure(std::move(done));
	return key;
}

Result<void> SecretKey::save(const std::string &path) const
{
	std::string text;

	for (std::uint8_t byte : key_)
		text += std::format("{:02x}", byte);
	text += '\n';
	auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (!file)
		return failure(std::move(file));
	auto done = write_all(file->get(), std::as_bytes(std::span(text)), path);

	explicit_bzero(text.data(), text.size());
	return done;
}

void SecretKey::wipe()
{
	explicit_bzero(key_.data(), key_.size());
}

Result<CounterBlock> random_block()
{
	CounterBlock block;

	if (auto done = randomize(block); !done)
		return failure(std::move(done));
	return block;
}

Result<CounterMode> CounterMode::open(const SecretKey &key, const CounterBlock &iv)
{
	sockaddr_alg address = {};

	address.salg_family = AF_ALG;
	std::strcpy(reinterpret_cast<char *>(address.salg_type), "skcipher");
	std::strcpy(reinterpret_cast<char *>(address.salg_name), "ctr(aes)");

	UniqueFd socket(::socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));

	if (!socket ||
	    bind(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof(address)) ||
	    setsockopt(socket.get(), SOL_ALG, ALG_SET_KEY, key.bytes().data(), key.bytes().size()))
		return no_cipher(errno);
	UniqueFd operation(accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));

	if (!operation)
		return no_cipher(errno);
	return CounterMode(std::move(operation), iv);
}

Result<void> CounterMode::apply(std::span<std::byte> data, std::uint64_t position) const
{
	// Up to the next block: what is before it in its block is any bytes.
	if (const std::size_t into = position % block_size; into && !data.empty()) {
		const std::size_t count = std::min(block_size - into, data.size());
		std::array<std::byte, block_size> block = {};

		std::ranges::copy(data.first(count), block.begin() + static_cast<int>(into));
		if (auto done = transform(operation_.get(), advance(iv_, position / block_size),
					  block);
		    !done)
			return done;
		std::copy_n(block.begin() + static_cast<int>(into), count, data.begin());
		data = data.subspan(count);
		position += count;
	}
	while (!data.empty()) {
		const auto part = data.first(std::min(part_size, data.size()));

		if (auto done = transform(operation_.get(), advance(iv_, position / block_size),
					  part);
		    !done)
			return done;
		data = data.subspan(part.size());
		position += part.size();
	}
	return {};
}

} // namespace vskms::svp
