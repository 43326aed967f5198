// SPDX-License-Identifier: GPL-2.0
#include "secure_device.hpp"

#include "file.hpp"
#include "table.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>

#include <fcntl.h>
#include <secure_heap.h>
#include <strings.h>
#include <sys/ioctl.h>

namespace vskms::svp {
namespace {

constexpr const char *path = "/dev/secure_heap";

std::string profile_name(std::uint32_t profile)
{
	switch (profile) {
	case SECURE_HEAP_PROFILE_STRICT:
		return "strict";
	case SECURE_HEAP_PROFILE_TEE:
		return "tee";
	case SECURE_HEAP_PROFILE_MTK:
		return "mtk";
	case SECURE_HEAP_PROFILE_TEGRA:
		return "tegra";
	case SECURE_HEAP_PROFILE_CHROMEOS:
		return "chromeos";
	default:
		return std::format("{}", profile);
	}
}

std::string inject_remedy(int number, bool encrypted)
{
	switch (number) {
	case EIO:
		return "its heap was revoked: the buffer is dead, allocate another";
	case EINVAL:
		return "is it a protected buffer?";
	case ENOKEY:
		return "the key went when its heap was revoked";
	case EACCES:
		return encrypted ? "the key is for another heap" : "";
	default:
		return {};
	}
}

Result<void> change_session(int device, unsigned long request, const std::string &heap)
{
	secure_heap_session session = {};

	if (heap.size() >= sizeof(session.heap))
		return failure(std::format("heap {}: the name is too long for a heap", heap));
	std::ranges::copy(heap, session.heap);
	if (ioctl(device, request, &session))
		return failure(std::format("heap {}: cannot {} it", heap,
					   request == SECURE_HEAP_IOCTL_REVOKE ? "revoke" :
										 "restore"),
			       errno, errno == EPERM ? "run svp as root" : "");
	return {};
}

} // namespace

Result<SecureDevice> SecureDevice::open()
{
	auto fd = open_file(path, O_RDWR | O_NONBLOCK);

	if (!fd) {
		fd.error().remedy = open_remedy(fd.error().number, "secure_heap");
		return failure(std::move(fd));
	}
	return SecureDevice(std::move(*fd));
}

Result<std::uint64_t> SecureDevice::changes() const
{
	std::uint64_t count = 0;

	if (read(fd_.get(), &count, sizeof(count)) < 0 && errno != EAGAIN)
		return failure(std::format("{}: cannot tell what was revoked", path), errno);
	return count;
}

Result<BufferInfo> SecureDevice::query(int buffer) const
{
	secure_heap_query query = {};

	query.fd = buffer;
	if (ioctl(fd_.get(), SECURE_HEAP_IOCTL_QUERY, &query))
		return failure(std::format("{}: cannot query file descriptor {}", path, buffer),
			       errno, errno == EINVAL ? "is it a dma-buf?" : "");
	if (query.state == SECURE_HEAP_STATE_ORDINARY)
		return BufferInfo();
	return BufferInfo{
		.state = query.state == SECURE_HEAP_STATE_LIVE ? BufferInfo::State::live :
								 BufferInfo::State::revoked,
		.heap = std::string(query.heap, strnlen(query.heap, sizeof(query.heap))),
		.profile = profile_name(query.profile),
		.size = query.size,
		.handle = query.handle,
		.generation = query.generation,
		.session = query.session,
	};
}

Result<void> SecureDevice::inject(int buffer, std::uint64_t offset, std::span<const std::byte> data,
				  const Cipher *cipher) const
{
	secure_heap_inject inject = {};

	inject.fd = buffer;
	inject.offset = offset;
	inject.len = data.size();
	inject.data = reinterpret_cast<std::uintptr_t>(data.data());
	if (cipher) {
		inject.flags = SECURE_HEAP_INJECT_AES_CTR;
		inject.key = cipher->slot;
		inject.position = cipher->position;
		std::ranges::copy(cipher->iv, inject.iv);
	}
	if (ioctl(fd_.get(), SECURE_HEAP_IOCTL_INJECT, &inject))
		return failure(std::format("{}: cannot inject {} into buffer {}", path,
					   size_text(data.size()), buffer),
			       errno, inject_remedy(errno, cipher));
	return {};
}

Result<std::uint32_t> SecureDevice::load_key(const std::string &heap, const Key &key) const
{
	secure_heap_key data = {};

	if (heap.size() >= sizeof(data.heap))
		return failure(std::format("heap {}: the name is too long for a heap", heap));
	std::ranges::copy(heap, data.heap);
	data.slot = SECURE_HEAP_KEY_ANY;
	std::ranges::copy(key, data.key);
	const int wrong = ioctl(fd_.get(), SECURE_HEAP_IOCTL_KEY, &data) ? errno : 0;

	explicit_bzero(data.key, sizeof(data.key));
	if (wrong)
		return failure(std::format("heap {}: cannot load a key", heap), wrong,
			       wrong == ENOSPC ? std::format("all {} slots are in use",
							     SECURE_HEAP_KEY_SLOTS) :
			       wrong == EIO    ? "the heap is revoked" :
						 "");
	return data.slot;
}

Result<void> SecureDevice::revoke(const std::string &heap) const
{
	return change_session(fd_.get(), SECURE_HEAP_IOCTL_REVOKE, heap);
}

Result<void> SecureDevice::restore(const std::string &heap) const
{
	return change_session(fd_.get(), SECURE_HEAP_IOCTL_RESTORE, heap);
}

} // namespace vskms::svp
