// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of svp check-compositor, in the order they run: those of one display setup after
 * the other, and last in each what may leave the compositor changed.
 */
#pragma once

#include "trial.hpp"

#include <span>
#include <vector>

namespace vskms::svp {

struct CheckCase {
	const char *name;
	const char *title; // what should be so
	unsigned int overlays = 2;
	bool twice = false; // also with ordinary buffers, as NAME-ordinary
	Outcome (*run)(Trial &trial);
};

/* What is seen of buffers that are shown, one scene after the other. */
[[nodiscard]] std::span<const CheckCase> scene_cases();

/* What happens to them, to their client, to the display and to the compositor. */
[[nodiscard]] std::span<const CheckCase> event_cases();

} // namespace vskms::svp
