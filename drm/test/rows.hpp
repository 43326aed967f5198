// SPDX-License-Identifier: GPL-2.0
/* Memory of images, of which no other byte may be touched. */
#pragma once

#include <sanitizer/asan_interface.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace vskms::test {

/*
 * @rows rows of @row_bytes, @pitch apart and @lead bytes from an 8-byte boundary. Nothing lies
 * behind the last row, and what is between rows may not be touched: AddressSanitizer sees to it.
 */
class Rows {
public:
	Rows(std::uint32_t rows, std::uint32_t row_bytes, std::uint32_t pitch, std::uint32_t lead)
		: size_(lead + std::size_t{pitch} * (rows - 1) + row_bytes), lead_(lead),
		  pitch_(pitch),
		  bytes_(static_cast<std::uint8_t *>(std::malloc(size_)))
	{
		ASAN_POISON_MEMORY_REGION(bytes_.get(), lead);
		for (std::uint32_t y = 1; y < rows; y++)
			ASAN_POISON_MEMORY_REGION(data() + std::size_t{y - 1} * pitch + row_bytes,
						  pitch - row_bytes);
	}

	Rows(Rows &&) = default;

	~Rows()
	{
		if (bytes_)
			ASAN_UNPOISON_MEMORY_REGION(bytes_.get(), size_);
	}

	std::uint8_t *data() const { return bytes_.get() + lead_; }
	std::uint32_t pitch() const { return pitch_; }

private:
	struct Free {
		void operator()(void *p) const { std::free(p); }
	};

	std::size_t size_, lead_;
	std::uint32_t pitch_;
	std::unique_ptr<std::uint8_t[], Free> bytes_;
};

} // namespace vskms::test
