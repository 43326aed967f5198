// SPDX-License-Identifier: GPL-2.0
/*
 * The display's one C++ object: what compositor.h declares, on top of the headers
 * here.
 */

#ifdef __KERNEL__
#include "cxx_runtime.hpp"
#endif

#include "compositor.h"
#include "format.hpp"

#include <algorithm>
#include <span>

unsigned int compositor_formats(unsigned int *codes, unsigned int room)
{
	const std::span out{codes, std::min<std::size_t>(room, vskms::formats.size())};

	for (std::size_t i = 0; i < out.size(); i++)
		out[i] = vskms::formats[i].code;
	return vskms::formats.size();
}
