// SPDX-License-Identifier: GPL-2.0
#include "atomic.hpp"

#include <cerrno>
#include <format>

namespace vskms::svp {
namespace {

std::string commit_remedy(int number)
{
	switch (number) {
	case EACCES:
	case EPERM:
		return "another program is the card's master and drives the display; or what was "
		       "to be "
		       "captured is protected";
	case EBUSY:
		return "the flip before has not been shown yet";
	case ENOMEM:
		return "a protected heap has no room for what the display keeps of its pixels; see "
		       "svp heaps";
	case ERANGE:
	case ENOSPC:
	case EINVAL:
		return "the display cannot do it; the kernel tells why after "
		       "echo 0x14 >/sys/module/drm/parameters/debug";
	default:
		return {};
	}
}

} // namespace

AtomicRequest::AtomicRequest(const Card &card) : card_(card), request_(drmModeAtomicAlloc())
{
}

const Property *AtomicRequest::find(std::uint32_t object, std::string_view name)
{
	auto known = known_.find(object);

	if (known == known_.end()) {
		auto properties = card_.properties(object);

		if (!properties) {
			if (trouble_)
				trouble_ = failure(std::move(properties));
			return nullptr;
		}
		known = known_.emplace(object, std::move(*properties)).first;
	}
	const auto found = known->second.find(name);

	return found == known->second.end() ? nullptr : &found->second;
}

bool AtomicRequest::has(std::uint32_t object, std::string_view property, std::string_view value)
{
	const Property *found = find(object, property);

	return found && (value.empty() || found->names.contains(value));
}

AtomicRequest &AtomicRequest::set(std::uint32_t object, std::string_view property,
				  std::uint64_t value)
{
	const Property *found = find(object, property);

	if (!found && trouble_)
		trouble_ = failure(
			card_.about(std::format("object {} has no property {}", object, property)));
	if (found && drmModeAtomicAddProperty(request_.get(), object, found->id, value) < 0 &&
	    trouble_)
		trouble_ = failure(card_.about("no memory for a commit"), ENOMEM);
	return *this;
}

AtomicRequest &AtomicRequest::set(std::uint32_t object, std::string_view property,
				  std::string_view value)
{
	const Property *found = find(object, property);

	if (found && found->names.contains(value))
		return set(object, property, found->names.find(value)->second);
	if (trouble_)
		trouble_ = failure(card_.about(
			std::format("object {} has no {} {:?}", object, property, value)));
	return *this;
}

Result<void> AtomicRequest::commit(std::uint32_t flags, void *data)
{
	if (!trouble_)
		return trouble_;
	if (drmModeAtomicCommit(card_.fd(), request_.get(), flags, data))
		return failure(card_.about("it refused a commit"), errno, commit_remedy(errno));
	return {};
}

} // namespace vskms::svp
