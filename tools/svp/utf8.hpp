// SPDX-License-Identifier: GPL-2.0
/* What other programs write is not always UTF-8, and what we write has to be. */
#pragma once

#include <cstddef>
#include <string_view>

namespace vskms::svp {

/*
 * The bytes of the UTF-8 character that @text, which is not empty, begins with; 0 if it begins
 * with none. No character is longer than need be, a surrogate, or above U+10FFFF (RFC 3629).
 */
[[nodiscard]] std::size_t utf8_character(std::string_view text);

} // namespace vskms::svp
