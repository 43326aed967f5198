// SPDX-License-Identifier: GPL-2.0
#include "utf8.hpp"

namespace vskms::svp {

std::size_t utf8_character(std::string_view text)
{
	const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
	const unsigned char first = byte(0);
	const std::size_t len = first < 0x80 ? 1 :
				first < 0xc2 ? 0 :
				first < 0xe0 ? 2 :
				first < 0xf0 ? 3 :
				first < 0xf5 ? 4 :
					       0;

	if (len > text.size())
		return 0;
	for (std::size_t i = 1; i < len; i++)
		if ((byte(i) & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
	    (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
		return 0;
	return len;
}

} // namespace vskms::svp
