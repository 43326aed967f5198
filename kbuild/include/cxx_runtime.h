/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CXX_RUNTIME_H
#define CXX_RUNTIME_H

#ifdef __cplusplus
#include <cstddef>
using std::size_t;
extern "C" {
#else
#include <linux/types.h>
#endif

/**
 * cxx_bug() - report a broken C++ invariant and stop this thread
 * @file: source file of the check
 * @line: line of the check
 * @func: function of the check
 * @condition: what did not hold
 *
 * A failed check of std::span's bounds is a bug of ours and ends like any BUG().
 * It does not return, but is not marked so: objtool knows C's noreturn functions
 * by name, and the C++ side traps after the call.
 */
void cxx_bug(const char *file, int line, const char *func, const char *condition);

/**
 * cxx_alloc() - memory for operator new(nothrow)
 * @size: bytes
 *
 * May sleep. Return: memory that the caller gives to cxx_free(), or NULL.
 */
void *cxx_alloc(size_t size);

/**
 * cxx_free() - give back what cxx_alloc() returned
 * @p: the memory, or NULL
 */
void cxx_free(void *p);

#ifdef __cplusplus
}
#endif

#endif
