// SPDX-License-Identifier: GPL-2.0
/* An atomic commit: properties by name, all of them or none. */
#pragma once

#include "card.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace vskms::svp {

/* The card outlives it. */
class AtomicRequest {
public:
	explicit AtomicRequest(const Card &card);

	/* What the object does not have makes commit() fail. */
	AtomicRequest &set(std::uint32_t object, std::string_view property, std::uint64_t value);

	/* An enum's value by its name. */
	AtomicRequest &set(std::uint32_t object, std::string_view property, std::string_view value);

	/* Does @object have @property, and for an enum @value? */
	[[nodiscard]] bool has(std::uint32_t object, std::string_view property,
			       std::string_view value = {});

	/* @flags: DRM_MODE_ATOMIC_*, DRM_MODE_PAGE_FLIP_EVENT; @data comes with the event. */
	[[nodiscard]] Result<void> commit(std::uint32_t flags = 0, void *data = nullptr);

private:
	struct Free {
		void operator()(drmModeAtomicReq *request) const { drmModeAtomicFree(request); }
	};

	const Property *find(std::uint32_t object, std::string_view name);

	const Card &card_;
	std::unique_ptr<drmModeAtomicReq, Free> request_;
	std::map<std::uint32_t, Properties> known_;
	Result<void> trouble_; // the first
};

} // namespace vskms::svp
