// SPDX-License-Identifier: GPL-2.0
/* What the kernel said from a moment on: /dev/kmsg. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

struct KernelMessage {
	unsigned int level = 0; // 0 an emergency, 4 a warning, 7 for debugging
	std::string text;

	bool operator==(const KernelMessage &) const = default;

	/*
	 * Of a record as /dev/kmsg has it (Documentation/ABI/testing/dev-kmsg); empty if it is no
	 * such, of a program, or the rest of one before it, which has no level of its own.
	 */
	[[nodiscard]] static std::optional<KernelMessage> parse(std::string_view record);

	/* A warning or worse, and not a stall: nothing that ordinary use should lead to. */
	[[nodiscard]] bool complaint() const;

	/* The kernel warns that its CPUs stood still: a busy host's fault, of a guest. */
	[[nodiscard]] bool stall() const;
};

class KernelLog {
public:
	/* From now on. */
	[[nodiscard]] static Result<KernelLog> open();

	/* Those that came since it was opened or last asked. */
	[[nodiscard]] Result<std::vector<KernelMessage>> messages();

private:
	explicit KernelLog(UniqueFd file) : file_(std::move(file)) {}

	UniqueFd file_;
};

} // namespace vskms::svp
