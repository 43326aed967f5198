// SPDX-License-Identifier: GPL-2.0
/* Runs a fuzz target on each file named, and on no input, where there is no libFuzzer. */

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

int main(int argc, char **argv)
{
	if (argc < 2) {
		std::fprintf(stderr, "no input named: a fuzzer has seeds\n");
		return 1;
	}
	LLVMFuzzerTestOneInput(nullptr, 0);

	for (int i = 1; i < argc; i++) {
		std::ifstream file(argv[i], std::ios::binary);
		// Of the exact size, so that ASan sees a read past the end.
		const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
		const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());

		if (!file) {
			std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
		// The last one printed is the one that failed.
		std::printf("%s\n", argv[i]);
		std::fflush(stdout);
		LLVMFuzzerTestOneInput(input.data(), input.size());
	}
	return 0;
}
