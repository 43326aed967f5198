// SPDX-License-Identifier: GPL-2.0
/* Small files as a whole: what the kernel shows in sysfs, debugfs and configfs. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

/* @flags are open()'s; O_CLOEXEC is always added. The error has no remedy. */
[[nodiscard]] Result<UniqueFd> open_file(const std::filesystem::path &path, int flags,
					 unsigned int mode = 0666);

/* Everything up to the end of the file. */
[[nodiscard]] Result<std::string> read_all(int fd, std::string_view name);
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path &path);

/* One number, and nothing but a newline after it. */
[[nodiscard]] Result<std::uint64_t> read_number(const std::filesystem::path &path);

/* All of it, however many writes that takes. */
[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> data,
				     std::string_view name);

/* What is between single spaces, or newlines. */
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char between);

} // namespace vskms::svp
