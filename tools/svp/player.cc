// SPDX-License-Identifier: GPL-2.0
#include "player.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <poll.h>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

} // namespace

Result<Player> Player::create(Projector &projector, Position at, Video &video, const Heap &heap,
			      const SecureDevice &device)
{
	std::vector<Buffer> ring;

	for (std::size_t i = 0; i < buffers; i++) {
		auto canvas = Canvas::create(heap, &device, video.layout());

		if (!canvas)
			return failure(std::move(canvas));
		auto framebuffer = Framebuffer::import(projector.card(), video.layout(),
						       canvas->plane(0).dmabuf);

		if (!framebuffer)
			return failure(std::move(framebuffer));
		ring.push_back({std::move(*canvas), std::move(*framebuffer)});
	}
	return Player(projector, at, video, std::move(ring));
}

Player::Player(Projector &projector, Position at, Video &video, std::vector<Buffer> ring)
	: projector_(&projector), at_(at), video_(&video), ring_(std::move(ring)),
	  pace_(video.rate())
{
	// A vector's elements stay where they are when it is moved.
	for (Buffer &buffer : ring_)
		free_.push_back(&buffer);
}

std::chrono::nanoseconds Player::time() const
{
	return front_ ? Clock::now() - first_ : Clock::duration::zero();
}

void Player::drop()
{
	count_.dropped++;
	pace_.dropped();
}

/* Puts one frame into a free buffer, or drops one, if there are both; was there? */
Result<bool> Player::fill()
{
	if (!more_ || free_.empty())
		return false;

	auto next = next_ < limit_ ? video_->next() : Video::Next::end;

	if (!next)
		return failure(std::move(next));
	more_ = *next != Video::Next::end;
	if (*next != Video::Next::frame)
		return false;
	if (front_ && waiting_.empty() && pace_.late(next_, Clock::now())) {
		video_->drop();
		drop();
	} else {
		if (auto done = video_->put(free_.back()->canvas); !done)
			return failure(std::move(done));
		waiting_.push_back({free_.back(), next_});
		free_.pop_back();
	}
	next_++;
	return true;
}

/* Shows the frame whose time has come, if one's has. */
Result<void> Player::show()
{
	const auto now = Clock::now();

	if (!front_ && !waiting_.empty()) {
		first_ = now;
		pace_.start(now);
	}
	while (waiting_.size() > 1 && pace_.late(waiting_.front().frame, now)) {
		free_.push_back(waiting_.front().buffer);
		waiting_.pop_front();
		drop();
	}
	if (waiting_.empty() || pace_.due(waiting_.front().frame) > now)
		return {};
	Buffer *const next = waiting_.front().buffer;

	waiting_.pop_front();
	if (auto done = projector_->show(next->framebuffer, at_); !done)
		return done;
	if (front_)
		free_.push_back(front_);
	front_ = next;
	count_.shown++;
	pace_.shown();
	return {};
}

Result<Player::End> Player::play(const Signals &signals, std::optional<std::uint64_t> limit,
				 const std::function<void()> &progress)
{
	limit_ = limit.value_or(std::numeric_limits<std::uint64_t>::max());
	for (;;) {
		if (signals.pending())
			return End::told;
		auto filled = fill();

		if (!filled)
			return failure(std::move(filled));
		if (auto done = show(); !done)
			return failure(std::move(done));
		progress();
		const auto now = Clock::now();

		// The last frame is on the screen for as long as the others.
		if (!more_ && waiting_.empty() && now >= pace_.due(next_))
			return next_ == limit_ ? End::limit : End::video;

		const auto until = pace_.due(waiting_.empty() ? next_ : waiting_.front().frame);
		std::array<pollfd, 2> others = {
			pollfd{.fd = more_ && !free_.empty() ? video_->fd() : -1,
			       .events = POLLIN,
			       .revents = 0},
			pollfd{.fd = projector_->program(), .events = POLLIN, .revents = 0},
		};
		// While the next frame is not there it is not known how long to wait.
		std::optional<std::chrono::milliseconds> timeout;

		if (*filled)
			timeout = 0ms;
		else if (!waiting_.empty() || !more_)
			timeout = std::chrono::ceil<std::chrono::milliseconds>(
				std::max<Clock::duration>(until - now, 0ns));
		if (auto done = signals.wait(others, timeout); !done)
			return failure(std::move(done));
		if (others[1].revents)
			return End::program;
	}
}

} // namespace vskms::svp
