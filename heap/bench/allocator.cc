// SPDX-License-Identifier: GPL-2.0
#include "bench/allocator.hpp"
#include "bench/bitmap.hpp"
#include "core/region.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace vskms::bench {
namespace {

class RegionAllocator : public Allocator {
public:
	explicit RegionAllocator(heap::Region &&region) noexcept : region_(std::move(region)) {}

	std::uint64_t allocate(std::uint64_t len, std::uint64_t align) noexcept override
	{
		const auto piece = region_.allocate(len, align);

		return piece ? piece->address : refused;
	}

	void free(std::uint64_t address, std::uint64_t) noexcept override
	{
		static_cast<void>(region_.free(address));
	}

private:
	heap::Region region_;
};

class BitmapAllocator : public Allocator {
public:
	BitmapAllocator(std::uint64_t base, std::uint64_t size) noexcept : bitmap_(base, size) {}

	std::uint64_t allocate(std::uint64_t len, std::uint64_t align) noexcept override
	{
		return bitmap_.allocate(len, align).value_or(refused);
	}

	void free(std::uint64_t address, std::uint64_t len) noexcept override
	{
		bitmap_.free(address, len);
	}

private:
	Bitmap bitmap_;
};

} // namespace

// make_unique is not freestanding.
std::unique_ptr<Allocator> make_region(std::uint64_t base, std::uint64_t size)
{
	auto region = heap::Region::create(base, size);

	if (!region)
		return nullptr;
	return std::unique_ptr<Allocator>(new RegionAllocator(std::move(*region)));
}

std::unique_ptr<Allocator> make_bitmap(std::uint64_t base, std::uint64_t size)
{
	return std::unique_ptr<Allocator>(new BitmapAllocator(base, size));
}

} // namespace vskms::bench
