/* SPDX-License-Identifier: MIT */
/*
 * What our tests use of libigt, the IGT test library, as Debian ships it without
 * headers: only symbols whose form has not changed for years.
 *
 * A test is
 *
 *	igt_main()
 *	{
 *		igt_fixture()
 *			... what all subtests need; igt_require() skips them all ...
 *
 *		igt_describe("What the subtest shows.");
 *		igt_subtest("name-with-dashes")
 *			test_it(fd);
 *	}
 *
 * A failed assertion jumps back to the subtest's head and on to the next one, so
 * what a subtest opened and did not close stays open till the program ends.
 */
#ifndef VSKMS_IGT_H
#define VSKMS_IGT_H

#include <getopt.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

extern jmp_buf igt_subtest_jmpbuf;

void igt_subtest_init_parse_opts(int *argc, char *argv[], const char *short_opts,
				 const struct option *long_opts, const char *help,
				 int (*handler)(int opt, int index, void *data), void *data);
bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, int line);
void igt_success(void);
__attribute__((noreturn)) void igt_exit(void);
__attribute__((noreturn)) void igt_skip(const char *format, ...);
void __igt_skip_check(const char *file, int line, const char *func, const char *check,
		      const char *format, ...);
__attribute__((noreturn)) void __igt_fail_assert(const char *domain, const char *file, int line,
						 const char *func, const char *assertion,
						 const char *format, ...);
void igt_describe_f(const char *format, ...);

#define igt_main()							\
	static void igt_main_body(void);				\
	int main(int argc, char **argv)					\
	{								\
		igt_subtest_init_parse_opts(&argc, argv, "", NULL, NULL, NULL, NULL); \
		igt_main_body();					\
		igt_exit();						\
	}								\
	static void igt_main_body(void)

#define igt_fixture()							\
	for (volatile bool done_ = false;				\
	     !done_ && !sigsetjmp(igt_subtest_jmpbuf, 1) && __igt_fixture(); \
	     done_ = true, __igt_fixture_complete())

#define igt_subtest(name)						\
	for (; __igt_run_subtest(name, __FILE__, __LINE__) &&		\
	       !sigsetjmp(igt_subtest_jmpbuf, 1); igt_success())

#define igt_describe(text) igt_describe_f("%s", text)

#define igt_require(condition) do {					\
	if (!(condition))						\
		__igt_skip_check(__FILE__, __LINE__, __func__, #condition, NULL); \
} while (0)

#define igt_assert(condition) do {					\
	if (!(condition))						\
		__igt_fail_assert(NULL, __FILE__, __LINE__, __func__, #condition, NULL); \
} while (0)

/* Shows both values: an errno that is not the expected one is half the answer. */
#define igt_assert_eq(left, right) do {					\
	long long left_ = (left), right_ = (right);			\
	if (left_ != right_)						\
		__igt_fail_assert(NULL, __FILE__, __LINE__, __func__, #left " == " #right, \
				  "%lld != %lld\n", left_, right_);	\
} while (0)

#endif
