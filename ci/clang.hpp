// SPDX-License-Identifier: GPL-2.0
/*
 * What the cores take from g++ and clang has not, for the fuzzers, which clang compiles: it
 * does not evaluate pow() at compile time. Included before anything else.
 */
#pragma once

#include <cmath>
#include <numbers>

/* Of a positive @base: exp(exponent * ln(base)), each by its series, to a bit or two. */
consteval double compile_time_pow(double base, double exponent)
{
	using std::numbers::ln2;
	double logarithm = 0, power = 1, term = 1;

	for (; base > 1.5; base /= 2)
		logarithm += ln2;
	for (; base < 0.75; base *= 2)
		logarithm -= ln2;
	// 2 artanh(z); z is 0.2 at most, and its 24th power nothing.
	const double z = (base - 1) / (base + 1);

	for (double n = 1, part = 2 * z; n < 25; n += 2, part *= z * z)
		logarithm += part / n;
	const double whole = static_cast<int>(logarithm * exponent / ln2);
	const double rest = logarithm * exponent - whole * ln2;

	for (int n = 1; n < 25; n++)
		power += term *= rest / n;
	for (int n = 0; n < whole; n++)
		power *= 2;
	for (int n = 0; n > whole; n--)
		power /= 2;
	return power;
}

#define __builtin_pow compile_time_pow
