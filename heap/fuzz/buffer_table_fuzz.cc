// SPDX-License-Identifier: GPL-2.0
/*
 * The table of buffers against a naive model.
 *
 * An input is two digits, so many handles there are, or 00 for all of them and a first one near
 * their end; and operations, where a buffer is two digits: which of those in the table, or from
 * o0 on the last handle given, or one after it:
 *
 *	a owner page pages	create, the page of two digits
 *	b owner base size	create with hostile numbers
 *	c owner base size	the same without memory for it
 *	d buffer		pin
 *	e buffer		unpin
 *	f buffer		begin to free
 *	g buffer		finish it
 *	h buffer scrubbed	finish it with a hostile number of bytes
 *	i owner			revoke
 *	k			free all that is not pinned
 */

#include "core/buffer_table.hpp"
#include "input.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace {

using namespace vskms::heap;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;
using State = Buffer::State;

constexpr std::uint32_t last_handle = std::numeric_limits<std::uint32_t>::max();

/* Refused{} is no refusal. */
template <typename T>
Refused refusal_of(const std::expected<T, Refused> &result)
{
	return result ? Refused{} : result.error();
}

struct Entry {
	std::uint64_t owner;
	Extent range;
	State state = State::allocated;
	std::uint64_t grants = 0;
};

class Run {
public:
	explicit Run(Input input)
		: input_(input), highest_(input_.pair()), last_(0), table_(1, highest_)
	{
	}

	Run(Input input, std::uint32_t first)
		: input_(input), highest_(last_handle), last_(first - 1), table_(first)
	{
		input_.pair();
	}

	void run()
	{
		while (input_.more()) {
			step();
			compare_some();
		}
		compare_all();
	}

private:
	using Entries = std::map<std::uint32_t, Entry>;

	void step()
	{
		const unsigned what = input_.nibble();
		Extent range;
		std::uint64_t owner;

		switch (what) {
		case op('a'):
			owner = input_.nibble();
			range.address = input_.pair();
			range.size = input_.nibble();
			create(owner, {range.address * page_size, range.size * page_size}, true);
			break;
		case op('b'):
		case op('c'):
			owner = input_.nibble();
			range.address = input_.hostile();
			range.size = input_.hostile();
			create(owner, range, what == op('b'));
			break;
		case op('d'):
			pin(some_handle());
			break;
		case op('e'):
			unpin(some_handle());
			break;
		case op('f'):
			begin_free(some_handle());
			break;
		case op('g'):
			finish_free(some_handle());
			break;
		case op('h'): {
			const std::uint32_t handle = some_handle();

			finish_free(handle, input_.hostile());
			break;
		}
		case op('i'):
			revoke(input_.nibble());
			break;
		case op('k'):
			free_all();
			break;
		}
	}

	std::uint32_t some_handle()
	{
		const unsigned which = input_.pair();

		if (which >= 0xf0 || model_.empty())
			return last_ + (which & 15);	// some of these wrap
		return std::next(model_.begin(),
				 static_cast<std::ptrdiff_t>(which % model_.size()))->first;
	}

	bool taken(const Extent &range) const
	{
		return std::ranges::any_of(model_, [&](const auto &pair) {
			const Extent &is = pair.second.range;

			return is.address <= last_byte(range) && range.address <= last_byte(is);
		});
	}

	void create(std::uint64_t owner, Extent range, bool memory)
	{
		std::unique_ptr<Buffer> blank = memory ? Buffer::blank() : nullptr;
		const Refused why = !memory			  ? Refused::no_memory
				    : !addressable(range)	  ? Refused::outside
				    : taken(range)		  ? Refused::overlap
				    : model_.size() == highest_ ? Refused::exhausted
								  : Refused{};
		const auto handle = table_.create(blank, owner, range, last_);

		require(refusal_of(handle) == why);
		require((blank != nullptr) == (memory && !handle));
		if (!handle)
			return;
		do {
			last_ = last_ == highest_ ? 1 : last_ + 1;
		} while (model_.contains(last_));
		require(*handle == last_);
		model_.emplace(last_, Entry{owner, range});
	}

	void pin(std::uint32_t handle)
	{
		const auto at = model_.find(handle);
		Refused why = {};

		if (at == model_.end())
			why = Refused::unknown;
		else if (at->second.state == State::revoked)
			why = Refused::revoked;
		else if (at->second.state == State::scrubbing)
			why = Refused::dying;
		else
			at->second.grants++;
		require(refusal_of(table_.pin(handle)) == why);
	}

	void unpin(std::uint32_t handle)
	{
		const auto at = model_.find(handle);
		Refused why = {};

		if (at == model_.end())
			why = Refused::unknown;
		else if (!at->second.grants)
			why = Refused::not_pinned;
		else
			at->second.grants--;
		require(refusal_of(table_.unpin(handle)) == why);
	}

	void begin_free(std::uint32_t handle)
	{
		const auto at = model_.find(handle);
		const auto range = table_.begin_free(handle);

		if (at == model_.end()) {
			require(refusal_of(range) == Refused::unknown);
		} else if (at->second.state == State::scrubbing) {
			require(refusal_of(range) == Refused::dying);
		} else if (at->second.grants) {
			require(refusal_of(range) == Refused::busy);
		} else {
			require(range == at->second.range);
			at->second.state = State::scrubbing;
		}
	}

	void finish_free(std::uint32_t handle)
	{
		const auto at = model_.find(handle);

		finish_free(handle, at == model_.end() ? page_size : at->second.range.size);
	}

	void finish_free(std::uint32_t handle, std::uint64_t scrubbed)
	{
		const auto at = model_.find(handle);
		const auto buffer = table_.finish_free(handle, scrubbed);

		if (at == model_.end()) {
			require(refusal_of(buffer) == Refused::unknown);
		} else if (at->second.state != State::scrubbing) {
			require(refusal_of(buffer) == Refused::not_dying);
		} else if (at->second.range.size != scrubbed) {
			require(refusal_of(buffer) == Refused::dirty);
		} else {
			require(buffer && (*buffer)->wiped && (*buffer)->handle == handle);
			require((*buffer)->range == at->second.range);
			model_.erase(at);
		}
	}

	void revoke(std::uint64_t owner)
	{
		std::size_t count = 0;

		for (auto &[handle, entry] : model_) {
			if (entry.owner == owner && entry.state == State::allocated) {
				entry.state = State::revoked;
				count++;
			}
		}
		require(table_.revoke(owner) == count);
	}

	void free_all()
	{
		for (auto at = model_.begin(); at != model_.end();) {
			const std::uint32_t handle = at++->first;

			begin_free(handle);
			finish_free(handle);
		}
	}

	void compare_some() const
	{
		const auto above = model_.upper_bound(last_);
		const Buffer *next = table_.next(last_);
		const Buffer *is = table_.find(last_);

		require(table_.size() == model_.size());
		require(next ? above != model_.end() && next->handle == above->first
			     : above == model_.end());
		require((is != nullptr) == model_.contains(last_));
	}

	void compare_all() const
	{
		std::map<std::uint64_t, std::size_t> owners;
		BufferTotals want = {.scrubbed = table_.totals().scrubbed};
		auto at = model_.begin();

		table_.for_each([&](const Buffer &buffer) {
			require(at != model_.end());

			const auto &[handle, entry] = *at++;

			require(buffer.handle == handle && buffer.owner == entry.owner);
			require(buffer.range == entry.range && buffer.state == entry.state);
			require(buffer.grants == entry.grants);
			owners[entry.owner]++;
			want.buffers[std::to_underlying(entry.state)]++;
			(entry.state == State::scrubbing ? want.unscrubbed : want.live) +=
				entry.range.size;
		});
		require(at == model_.end());
		for (std::uint64_t owner = 0; owner < 16; owner++)
			require(table_.of_owner(owner) == owners[owner]);
		require(table_.totals() == want && table_.check());
	}

	Input input_;
	std::uint32_t highest_;
	std::uint32_t last_;
	Entries model_;
	BufferTable table_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const bool all = !Input(data, size).pair();

	if (all)
		Run(Input(data, size), last_handle - 3).run();
	else
		Run(Input(data, size)).run();
	return 0;
}
