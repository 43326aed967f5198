// SPDX-License-Identifier: GPL-2.0
#include "witness.hpp"

#include "ledger.hpp"

#include <algorithm>
#include <cstring>
#include <format>

namespace vskms::svp {
namespace {

std::string text_of(const Violation &violation)
{
	const char *name = strerrorname_np(violation.number);

	return std::format("{} ({}) was refused {} of heap {}: {}: {}", violation.comm,
			   violation.pid, violation.kind, violation.heap, violation.reason,
			   name ? name : std::to_string(violation.number));
}

Result<std::uint64_t> buffers()
{
	auto ledger = Ledger::read();

	if (!ledger)
		return failure(std::move(ledger));
	return ledger->now(Ledger::total, "buffers").value_or(0);
}

} // namespace

Result<Witness> Witness::call()
{
	auto log = KernelLog::open();

	if (!log)
		return failure(std::move(log));
	Witness witness(std::move(*log));
	auto there = buffers();

	if (!there)
		return failure(std::move(there));
	witness.buffers_ = *there;
	return witness;
}

Result<void> Witness::begin()
{
	auto messages = log_.messages();
	auto violations = violations_after(serial_);

	if (!messages)
		return failure(std::move(messages));
	if (!violations)
		return failure(std::move(violations));
	if (!violations->empty())
		serial_ = violations->back().serial;
	return {};
}

/* None, or how many when the time is over. */
Result<std::uint64_t> Witness::more_than_before(const Deadline &deadline) const
{
	Result<std::uint64_t> now = buffers();

	(void)deadline.await([&] {
		now = buffers();
		return !now || *now <= buffers_;
	});
	if (now)
		*now -= std::min(*now, buffers_);
	return now;
}

Result<std::uint64_t> Witness::still_left(const Deadline &deadline)
{
	auto left = more_than_before(deadline);

	if (left)
		buffers_ += *left;
	return left;
}

Result<Witness::Findings> Witness::end(bool kept, const Deadline &deadline)
{
	Findings findings;

	if (!kept) {
		auto left = more_than_before(deadline);

		if (!left)
			return failure(std::move(left));
		findings.left = *left;
	}
	auto messages = log_.messages();
	auto violations = violations_after(serial_);
	auto ledger = Ledger::read();

	if (!messages)
		return failure(std::move(messages));
	if (!violations)
		return failure(std::move(violations));
	if (!ledger)
		return failure(std::move(ledger));
	for (const KernelMessage &message : *messages) {
		if (message.complaint())
			findings.complaints.push_back(message.text);
		else if (message.stall())
			findings.stalls.push_back(message.text);
	}
	for (const Violation &violation : *violations)
		findings.refusals.push_back(text_of(violation));
	findings.unbalanced = ledger->imbalances();
	return findings;
}

} // namespace vskms::svp
