// SPDX-License-Identifier: GPL-2.0
/*
 * What the C++ language expects of its environment, in terms of cxx_runtime.h.
 *
 * These are definitions, not declarations: a module's one .cc file includes this
 * when it is compiled for the kernel. On the host libstdc++ supplies them all.
 *
 * Plain operator new is left undefined on purpose: an allocation that cannot
 * report failure then fails at build time, in modpost.
 */
#pragma once

#include "cxx_runtime.h"

#include <new>

namespace std {

// _GLIBCXX_ASSERTIONS calls this for a span, array, optional or expected misused.
[[noreturn]] void __glibcxx_assert_fail(const char *file, int line, const char *func,
					const char *condition) noexcept
{
	cxx_bug(file, line, func, condition);
	__builtin_trap();
}

[[noreturn]] void terminate() noexcept
{
	cxx_bug("", 0, "", "std::terminate");
	__builtin_trap();
}

} // namespace std

void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
	return cxx_alloc(size);
}

void operator delete(void *p) noexcept
{
	cxx_free(p);
}

void operator delete(void *p, std::size_t) noexcept
{
	cxx_free(p);
}
