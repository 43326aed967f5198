// SPDX-License-Identifier: GPL-2.0
#include "heap.hpp"

#include "file.hpp"
#include "table.hpp"

#include <algorithm>
#include <cerrno>
#include <format>
#include <system_error>

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>

namespace vskms::svp {
namespace {

Result<HeapInfo> read_info(const std::filesystem::path &directory)
{
	HeapInfo info;

	info.name = directory.filename();
	for (const auto &[file, value] : {std::pair("node", &info.node),
					  {"type", &info.type},
					  {"profile", &info.profile},
					  {"state", &info.state}}) {
		auto text = read_text(directory / file);

		if (!text)
			return failure(std::move(text));
		*value = std::move(*text);
		if (value->ends_with('\n'))
			value->pop_back();
	}
	for (const auto &[file, value] : {std::pair("size", &info.size),
					  {"used", &info.used},
					  {"generation", &info.generation}}) {
		auto number = read_number(directory / file);

		if (!number)
			return failure(std::move(number));
		*value = *number;
	}
	return info;
}

std::string allocate_remedy(int number, std::uint64_t bytes, const Result<HeapInfo> &info)
{
	switch (number) {
	case ENOMEM: {
		if (!info)
			return {};
		const std::uint64_t free = info->size - std::min(info->used, info->size);

		return std::format("{} of {} are free{}", size_text(free), size_text(info->size),
				   bytes > free ? "" :
						  ", but not in one piece, or not of pinned pages");
	}
	case EIO:
		return "the heap is revoked; an administrator can restore it";
	case ENODEV:
		return "the heap is disabled; see /sys/kernel/config/secure_heap";
	default:
		return {};
	}
}

} // namespace

Result<std::vector<HeapInfo>> Heap::list(const std::filesystem::path &directory)
{
	std::vector<HeapInfo> heaps;
	std::error_code wrong;

	for (auto entry = std::filesystem::directory_iterator(directory, wrong);
	     !wrong && entry != std::filesystem::directory_iterator(); entry.increment(wrong)) {
		auto info = read_info(entry->path());

		if (info)
			heaps.push_back(std::move(*info));
		else if (info.error().number != ENOENT && info.error().number != ENODEV)
			return failure(std::move(info));
		// else it went away meanwhile
	}
	if (wrong)
		return failure(std::format("{}: cannot list the heaps", directory.string()),
			       wrong.value(), open_remedy(wrong.value(), "secure_heap"));
	std::ranges::sort(heaps, {}, &HeapInfo::name);
	return heaps;
}

Result<Heap> Heap::find(std::string_view name)
{
	auto heaps = list();

	if (!heaps)
		return failure(std::move(heaps));
	const auto found = std::ranges::find(*heaps, name, &HeapInfo::name);

	if (found == heaps->end()) {
		std::string others;

		for (const HeapInfo &heap : *heaps)
			others += (others.empty() ? "there are: " : " ") + heap.name;
		return failure(std::format("heap {}: there is no such protected heap", name),
			       others.empty() ? "there is none; secure_heap was loaded without" :
						others);
	}
	auto node = open_file(found->node, O_RDONLY);

	if (!node) {
		node.error().remedy = open_remedy(node.error().number, "secure_heap");
		return failure(std::move(node));
	}
	return Heap(found->name, true, std::move(*node));
}

Result<Heap> Heap::open(std::string_view name)
{
	const auto heaps = list();

	if (heaps && std::ranges::contains(*heaps, name, &HeapInfo::name))
		return find(name);
	// Without secure_heap there are others still.
	if (name.contains('/'))
		return failure(std::format("heap {}: that is no heap's name", name));
	auto node = open_file(std::format("/dev/dma_heap/{}", name), O_RDONLY);

	if (!node) {
		node.error().remedy = node.error().number == ENOENT ?
					      "there is no such heap, protected or not" :
					      open_remedy(node.error().number, "secure_heap");
		return failure(std::move(node));
	}
	return Heap(std::string(name), false, std::move(*node));
}

Result<HeapInfo> Heap::info() const
{
	return read_info(std::filesystem::path(sysfs) / name_);
}

Result<UniqueFd> Heap::allocate(std::uint64_t bytes) const
{
	dma_heap_allocation_data data = {
		.len = bytes,
		.fd = 0,
		.fd_flags = O_RDWR | O_CLOEXEC,
		.heap_flags = 0,
	};

	if (ioctl(node_.get(), DMA_HEAP_IOCTL_ALLOC, &data)) {
		const int number = errno;

		return failure(std::format("heap {}: cannot allocate {}", name_, size_text(bytes)),
			       number, allocate_remedy(number, bytes, info()));
	}
	return UniqueFd(static_cast<int>(data.fd));
}

} // namespace vskms::svp
