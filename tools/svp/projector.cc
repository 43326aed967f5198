// SPDX-License-Identifier: GPL-2.0
#include "projector.hpp"

#include "atomic.hpp"
#include "over.hpp"

#include <cerrno>
#include <format>

#include <poll.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

Result<Screen> lit(const Card &card)
{
	auto screens = Screen::all(card);

	if (!screens)
		return failure(std::move(screens));
	if (screens->empty())
		return failure(card.about("it shows nothing"));
	return std::move(screens->front());
}

} // namespace

Projector::Projector(std::unique_ptr<Card> card, std::unique_ptr<Screen> screen,
		     Plane plane, UniqueFd program, std::string name)
	: card_(std::move(card)), screen_(std::move(screen)), plane_(std::move(plane)),
	  program_(std::move(program)), name_(std::move(name))
{
	std::uint64_t able = 0;

	// On a screen of our own flips need not be in a hurry.
	async_ = program_ && !drmGetCap(card_->fd(), DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP, &able) && able;
}

Result<Projector> Projector::open(const Options &options)
{
	std::unique_ptr<Card> card;
	UniqueFd program;
	std::string name;

	if (options.over) {
		auto over = Over::take(*options.over, options.type, options.format, options.device);

		if (!over)
			return failure(std::move(over));
		name = over->name();
		program = std::move(*over).program();
		card = std::make_unique<Card>(std::move(*over).lease());
	} else {
		auto own = Card::open(options.device.empty() ? Card::default_name :
							       options.device);

		if (!own)
			return failure(std::move(own));
		card = std::make_unique<Card>(std::move(*own));
	}

	// What a program does not light is not for us to.
	auto screen = program ? lit(*card) : Screen::light(*card);

	if (!screen)
		return failure(std::move(screen));
	auto plane = screen->plane(options.type, options.format);

	if (!plane)
		return failure(std::move(plane));
	return Projector(std::move(card), std::make_unique<Screen>(std::move(*screen)),
			 std::move(*plane), std::move(program), std::move(name));
}

Failure Projector::ended() const
{
	return failure(std::format("{} has ended, and what was over it with it", name_));
}

Result<void> Projector::show(const Framebuffer &framebuffer, Position at)
{
	const bool flips = shown_ && shown_->x == at.x && shown_->y == at.y;
	auto done = told(flips ? flip(framebuffer) : enable(framebuffer, at));

	if (done)
		shown_ = at;
	return done;
}

/* What a commit said; where there is no program any more, that. */
Result<void> Projector::told(Result<void> done) const
{
	pollfd program = {.fd = program_.get(), .events = POLLIN, .revents = 0};

	// Its lease goes a moment before its end is told.
	if (!done && program_ &&
	    (done.error().number == ENOENT || done.error().number == EACCES) &&
	    poll(&program, 1, 1000) == 1)
		return ended();
	return done;
}

Result<void> Projector::enable(const Framebuffer &framebuffer, Position at)
{
	AtomicRequest request(*card_);

	screen_->show(request, plane_.id, framebuffer, at);
	return request.commit();
}

Result<void> Projector::flip(const Framebuffer &framebuffer)
{
	AtomicRequest request(*card_);

	request.set(plane_.id, "FB_ID", framebuffer.id());
	if (async_) {
		drmVBlank vblank = {};

		// A screen that is off has none, and needs none.
		vblank.request.type = DRM_VBLANK_RELATIVE;
		vblank.request.sequence = 1;
		(void)drmWaitVBlank(card_->fd(), &vblank);

		auto done = request.commit(DRM_MODE_PAGE_FLIP_ASYNC);

		if (done || done.error().number != EINVAL)
			return done;
		async_ = false;
	}
	return request.commit();
}

} // namespace vskms::svp
