// SPDX-License-Identifier: GPL-2.0
/* Where pictures of the screen come from. */
#pragma once

#include "card.hpp"
#include "error.hpp"
#include "picture.hpp"
#include "signals.hpp"

#include <memory>
#include <optional>

namespace vskms::svp {

class CaptureSource {
public:
	virtual ~CaptureSource() = default;

	/* The next frame; empty if a signal came first. */
	[[nodiscard]] virtual Result<std::optional<Picture>> next(const Signals &signals) = 0;
};

/*
 * What a person in front of the display sees, protected or not: vskms's debugfs file, root's.
 * @crtc is a CRTC's index, by default that of the first one that is on. If it made us the
 * card's master we are that no longer, so that other programs can be.
 */
[[nodiscard]] Result<std::unique_ptr<CaptureSource>> open_panel(const Card &card,
								std::optional<std::uint32_t> crtc);

/* What software may capture: a writeback connector's frames. The card outlives it. */
[[nodiscard]] Result<std::unique_ptr<CaptureSource>>
open_writeback(const Card &card, std::optional<std::uint32_t> crtc);

} // namespace vskms::svp
