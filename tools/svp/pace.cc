// SPDX-License-Identifier: GPL-2.0
#include "pace.hpp"

namespace vskms::svp {
namespace {

/* Later than this is not made up for. */
constexpr auto most_late = std::chrono::seconds(1);

} // namespace

bool Pace::late(std::uint64_t frame, Clock::time_point now)
{
	if (now - due(frame) > most_late) {
		began_ = now - rate_.time_of(frame);
		return false;
	}
	return now >= due(frame + 1) && missed_ < most_dropped;
}

} // namespace vskms::svp
