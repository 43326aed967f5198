// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer's input, read as a program.
 *
 * Only the low four bits of a byte count, so that seeds can be written by hand: a digit is
 * itself, j to o are 10 to 15, and as an operation a letter from a to o is its number in the
 * alphabet. Operation 0 is the blank and 10 the end of a line: targets do nothing for them.
 */
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace vskms::fuzz {

/* What must hold, or the input is a finding. */
inline void require(bool holds, std::source_location at = std::source_location::current())
{
	if (holds)
		return;
	std::fprintf(stderr, "%s:%u: %s: does not hold\n", at.file_name(),
		     static_cast<unsigned>(at.line()), at.function_name());
	std::abort();
}

/* The number of an operation, by its letter. */
consteval unsigned op(char letter)
{
	return static_cast<unsigned>(letter) & 15;
}

/* Past its end an input is zeroes. */
class Input {
public:
	Input(const std::uint8_t *data, std::size_t size) : at_(data), end_(data + size) {}

	bool more() const { return at_ != end_; }
	unsigned nibble() { return byte() & 15; }

	/* A number below 256, the high digit first. */
	unsigned pair()
	{
		const unsigned high = nibble();

		return high << 4 | nibble();
	}

	/* A number that a caller should not pass: from a list, or 15 and any eight bytes. */
	std::uint64_t hostile()
	{
		constexpr std::array<std::uint64_t, 15> list = {
			0,
			1,
			4095,
			4096,
			4097,
			1ull << 21,
			(1ull << 31) - 1,
			1ull << 32,
			(1ull << 44) - 4096,
			1ull << 44,
			(1ull << 63) - 1,
			1ull << 63,
			~0ull << 21,
			~0ull << 12,
			~0ull,
		};
		const unsigned which = nibble();
		std::uint64_t raw = 0;

		if (which < list.size())
			return list[which];
		for (int i = 0; i < 8; i++)
			raw = raw << 8 | byte();
		return raw;
	}

private:
	unsigned byte() { return more() ? *at_++ : 0; }

	const std::uint8_t *at_;
	const std::uint8_t *end_;
};

} // namespace vskms::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);
