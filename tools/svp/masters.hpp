// SPDX-License-Identifier: GPL-2.0
/* Who may use which heap: the devices that are trusted, and by whose word. */
#pragma once

#include "error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vskms::svp {

struct Master {
	std::string heap;
	std::string device;
	bool registered = false; // its driver says so
	std::optional<std::string>
		access;		    // what an administrator listed it for; outranks the driver
	std::uint64_t attached = 0; // how many of the heap's buffers it holds now
};

struct MasterFiles {
	std::filesystem::path devices = "/sys/devices";
	std::filesystem::path policies = "/sys/kernel/config/secure_heap";
	std::filesystem::path attachments = "/sys/kernel/debug/secure_heap/attachments";
};

/*
 * By heap, then by device. Policies and attachments are root's: to others they are as if
 * empty.
 */
[[nodiscard]] Result<std::vector<Master>> list_masters(const MasterFiles &files = {});

} // namespace vskms::svp
