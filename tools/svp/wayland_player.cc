// SPDX-License-Identifier: GPL-2.0
#include "wayland_player.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>
#include <limits>

#include <poll.h>

namespace vskms::svp {
namespace {

/* While nothing is expected of anybody at a known time. */
constexpr auto long_time = std::chrono::hours(1);

} // namespace

WaylandPlayer::WaylandPlayer(WaylandClient &client, WaylandWindow &window,
			     WaylandPresentation &presentation,
			     std::vector<std::unique_ptr<WaylandBuffer>> ring, Video &video,
			     bool paced, const WaylandReport &report, WaylandCount &count)
	: client_(&client), window_(&window), presentation_(&presentation), ring_(std::move(ring)),
	  video_(&video), paced_(paced), report_(&report), count_(&count), pace_(video.rate()),
	  next_(count.all())
{
}

/* A buffer that neither the compositor reads nor a frame waits in; null if there is none. */
WaylandBuffer *WaylandPlayer::idle() const
{
	const auto found = std::ranges::find_if(ring_, [this](const auto &buffer) {
		return !buffer->busy() &&
		       !std::ranges::contains(waiting_, buffer.get(), &Waiting::buffer);
	});

	return found == ring_.end() ? nullptr : found->get();
}

bool WaylandPlayer::late(std::uint64_t frame, Clock::time_point now)
{
	return paced_ && begun_ && pace_.late(frame, now);
}

void WaylandPlayer::drop()
{
	count_->dropped++;
	pace_.dropped();
}

/* Puts one frame into a free buffer, or drops one, if there are both; was there? */
Result<bool> WaylandPlayer::fill(std::uint64_t limit)
{
	WaylandBuffer *const buffer = idle();

	if (!more_ || !buffer)
		return false;
	auto next = next_ < limit ? video_->next() : Video::Next::end;

	if (!next)
		return failure(std::move(next));
	more_ = *next != Video::Next::end;
	if (*next != Video::Next::frame)
		return false;
	if (waiting_.empty() && late(next_, Clock::now())) {
		video_->drop();
		drop();
	} else {
		if (auto done = video_->put(buffer->canvas()); !done)
			return failure(std::move(done));
		waiting_.push_back({buffer, next_});
	}
	next_++;
	return true;
}

/* Commits the next frame, if it may be and its time has come; was one? */
Result<bool> WaylandPlayer::show()
{
	const auto now = Clock::now();

	if (!window_->ready() || waiting_.empty())
		return false;
	if (!begun_)
		pace_.start(now, waiting_.front().frame);
	while (waiting_.size() > 1 && late(waiting_.front().frame, now)) {
		waiting_.pop_front();
		drop();
	}
	const auto [buffer, frame] = waiting_.front();

	if (paced_ && pace_.due(frame) > now)
		return false;
	if (auto done = window_->show(*buffer, *presentation_, frame); !done)
		return failure(std::move(done));
	waiting_.pop_front();
	begun_ = true;
	count_->committed++;
	pace_.shown();
	return true;
}

/* Counts and tells what became of frames; of any? */
bool WaylandPlayer::settle()
{
	const auto ended = presentation_->take();

	for (const Presented &outcome : ended) {
		const bool presented = outcome.result == Presented::Result::presented;

		count_->presented += presented;
		count_->discarded += !presented;
		count_->zero_copy += outcome.zero_copy();
		report_->frame(outcome);
	}
	return !ended.empty();
}

/* Is it the compositor's turn, and nobody else's? */
bool WaylandPlayer::owed() const
{
	if (!more_ && waiting_.empty())
		return presentation_->pending();
	return begun_ && (!window_->ready() || (waiting_.empty() && !idle()));
}

Failure WaylandPlayer::stalled()
{
	if (auto answers = client_->roundtrip(); !answers)
		return failure(std::move(answers));
	const std::chrono::duration<double> seconds = client_->patience();

	return client_->fail(std::format("it answers, but has shown nothing new for {:.0f} s",
					 seconds.count()),
			     ETIMEDOUT, "is the window hidden, or the output off?");
}

Result<WaylandPlayer::End> WaylandPlayer::play(std::optional<std::uint64_t> limit)
{
	const auto most = limit.value_or(std::numeric_limits<std::uint64_t>::max());
	auto moved = Clock::now(); // when something did

	for (;;) {
		const bool was_ready = window_->ready();
		bool progress = settle();

		if (client_->told())
			return End::told;
		if (window_->closed())
			return End::closed;
		if (window_->resized())
			return End::resized;
		auto filled = fill(most);

		if (!filled)
			return failure(std::move(filled));
		auto shown = show();

		if (!shown)
			return failure(std::move(shown));
		if (!more_ && waiting_.empty() && !presentation_->pending())
			return next_ >= most ? End::limit : End::video;

		const auto now = Clock::now();

		progress = progress || *filled || *shown || !owed();
		if (progress)
			moved = now;
		if (now - moved >= client_->patience())
			return stalled();
		std::array<pollfd, 1> video = {pollfd{
			.fd = more_ && idle() ? video_->fd() : -1, .events = POLLIN, .revents = 0}};
		auto until = owed() ? moved + client_->patience() : now + long_time;

		if (*filled || *shown)
			until = now;
		else if (paced_ && window_->ready() && !waiting_.empty())
			until = std::min(until, pace_.due(waiting_.front().frame));
		if (auto done = client_->wait(video, until); !done)
			return failure(std::move(done));
		if (window_->ready() && !was_ready)
			moved = Clock::now();
	}
}

} // namespace vskms::svp
