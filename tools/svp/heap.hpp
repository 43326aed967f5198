// SPDX-License-Identifier: GPL-2.0
/* A heap: buffers from it, and of a protected one what sysfs tells. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

struct HeapInfo {
	std::string name;
	std::string node;	      // /dev/dma_heap/NAME
	std::string type;	      // carveout or dynamic
	std::string profile;	      // of buffers allocated from now on
	std::string state;	      // live or revoked
	std::uint64_t size = 0;	      // bytes
	std::uint64_t used = 0;	      // bytes
	std::uint64_t generation = 0; // which session; each revocation begins the next
};

/* An open heap. */
class Heap {
public:
	static constexpr const char *default_name = "protected,secure-video";
	static constexpr const char *sysfs = "/sys/class/secure_heap";

	/* Those there are, by name. */
	[[nodiscard]] static Result<std::vector<HeapInfo>>
	list(const std::filesystem::path &directory = sysfs);

	/* A protected one. */
	[[nodiscard]] static Result<Heap> find(std::string_view name);

	/* Any of /dev/dma_heap. */
	[[nodiscard]] static Result<Heap> open(std::string_view name);

	[[nodiscard]] const std::string &name() const { return name_; }
	[[nodiscard]] bool is_protected() const { return protected_; }

	/* Of a protected one. */
	[[nodiscard]] Result<HeapInfo> info() const;

	/* A dma-buf of at least @bytes, all 0. */
	[[nodiscard]] Result<UniqueFd> allocate(std::uint64_t bytes) const;

private:
	Heap(std::string name, bool is_protected, UniqueFd node)
		: name_(std::move(name)), protected_(is_protected), node_(std::move(node))
	{
	}

	std::string name_;
	bool protected_;
	UniqueFd node_;
};

} // namespace vskms::svp
