// SPDX-License-Identifier: GPL-2.0
/* What is on the screen, in a word: a CRTC's CRC, from debugfs, root's. */
#pragma once

#include "card.hpp"
#include "error.hpp"

#include <cstdint>

namespace vskms::svp {

/* Of a frame that begins after this was called. @index is the CRTC's, from 0. */
[[nodiscard]] Result<std::uint32_t> read_crc(const Card &card, std::uint32_t index);

} // namespace vskms::svp
