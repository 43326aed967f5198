// SPDX-License-Identifier: GPL-2.0
/*
 * Until when something is waited for. What we wait for here are files of the kernel and
 * other programs, that cannot all be polled: they are looked at every few milliseconds, and
 * a signal ends the wait as the time does.
 */
#pragma once

#include "signals.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace vskms::svp {

class Deadline {
public:
	using Clock = std::chrono::steady_clock;
	using Time = std::chrono::milliseconds;

	/* @signals outlives it. */
	Deadline(Time from_now, const Signals &signals)
	    : until_(Clock::now() + from_now), signals_(&signals)
	{
	}

	/* What is done whether a signal comes or not. */
	explicit Deadline(Time from_now) : until_(Clock::now() + from_now), signals_(nullptr) {}

	/* The same, or sooner. */
	[[nodiscard]] Deadline within(Time from_now) const
	{
		Deadline sooner = *this;

		sooner.until_ = std::min(until_, Clock::now() + from_now);
		return sooner;
	}

	[[nodiscard]] bool over() const { return interrupted() || Clock::now() >= until_; }
	[[nodiscard]] bool interrupted() const { return signals_ && signals_->pending(); }
	/* If it was given any. */
	[[nodiscard]] const Signals &signals() const { return *signals_; }

	[[nodiscard]] Time left() const
	{
		return std::max(Time(0), std::chrono::duration_cast<Time>(until_ - Clock::now()));
	}

	/*
	 * Until @condition holds: true; or it was over: false. It is asked once at least, and once
	 * when the time is over, as we may not have run for long before.
	 */
	template <typename Condition>
	[[nodiscard]] bool await(Condition condition) const
	{
		for (;;) {
			const bool last = over();

			if (condition())
				return true;
			if (last)
				return false;
			std::this_thread::sleep_for(look_again);
		}
	}

	/* Let time pass. */
	void sleep(Time time) const
	{
		(void)within(time).await([] { return false; });
	}

private:
	static constexpr Time look_again{20};

	Clock::time_point until_;
	const Signals *signals_;
};

} // namespace vskms::svp
