// SPDX-License-Identifier: GPL-2.0
/*
 * A plane over a running program, which knows nothing of it: --over PID.
 *
 * Only the master of a card may commit, and the program is it. But a master can lease some
 * of its card to another file, and still use all of it. So what there is on the card is
 * looked up on a file of our own, and the program's is taken, by pidfd_getfd(), for one
 * ioctl: CREATE_LEASE, of its CRTC, that one's connectors, and a plane that is not in use.
 * Then it is closed, and everything is done on the lease, a file of its own: client
 * capabilities, handles, framebuffers and events are that file's, the program's has none of
 * them. Whichever way we end, the kernel closes the lease, removes its framebuffers, and with
 * them the plane from the screen. If the program ends first, the lease is worth nothing.
 *
 * The screen is still one. A CRTC has one flip pending; a nonblocking commit, or a legacy
 * page flip, that comes before it is shown is told -EBUSY, and kmscube, as many programs,
 * ends when it is told that. It asks again only after its own flip, so it is safe from
 * itself; a flip of ours that is pending then is what would end it. There is no moment that
 * would be safe, as it may flip at any; retrying helps only us. What helps is how locks are
 * held (drm_atomic_helper_commit()):
 *
 *	a nonblocking commit takes the CRTC's lock, and is -EBUSY, or leaves its flip
 *	pending and drops the lock;
 *	a blocking one takes the lock, waits until the flip before is shown, has its own
 *	shown, and drops the lock then.
 *
 * So a blocking commit is never told -EBUSY, and never makes another be told: whoever
 * comes meanwhile waits for the lock, and finds nothing pending when it has it. All commits
 * here block: the one that shows the plane first, those that flip it, and what the kernel
 * does when the lease is closed.
 *
 * That alone would cost: shown at a vblank, our flip takes that vblank from the program's,
 * which comes one later. Therefore flips are async ones, that change the plane's framebuffer
 * and nothing else, and are shown at once: with the lock held for no longer than the commit
 * takes, or until the program's own flip is done. To be shown at once is to tear, unless it
 * is just after a vblank: so that is waited for first, without any lock. (Async alone would
 * not do: it is pending too, for as long as the display takes, or somebody composes.)
 * Where a driver does not flip that plane async, flips are blocking ones, and the two
 * programs share the vblanks; no more than that.
 *
 * Only the first commit and the last take a vblank: the program's frame of that time is one
 * later.
 */
#pragma once

#include "card.hpp"
#include "unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace vskms::svp {

class Over {
public:
	/*
	 * The screen that process @pid shows, if it is master of a card. What is leased has one
	 * plane of @type, DRM_PLANE_TYPE_*, that shows @format, and the CRTC's writeback
	 * connector if it has one. @device, if not empty, is the card it should be, as
	 * Card::open() has it.
	 */
	[[nodiscard]] static Result<Over> take(pid_t pid, std::uint64_t type, std::uint32_t format,
					       std::string_view device = {});

	/*
	 * For a capture of that screen, by writeback. A CRTC is leased once: of a svp that is over
	 * a program, the process @pid, that lease is used, too.
	 */
	[[nodiscard]] static Result<Over> look(pid_t pid, std::string_view device = {});

	/* Hands over the lease. */
	[[nodiscard]] Card lease() && { return std::move(lease_); }

	/* A pidfd: polls readable when the program has ended. */
	[[nodiscard]] UniqueFd program() && { return std::move(program_); }

	/* "process 123 (kmscube)" */
	[[nodiscard]] const std::string &name() const { return name_; }

private:
	[[nodiscard]] static Result<Over> take(pid_t pid, std::uint64_t type, std::uint32_t format,
					       std::string_view device, bool share);

	Over(Card lease, UniqueFd program, std::string name)
		: lease_(std::move(lease)), program_(std::move(program)), name_(std::move(name))
	{
	}

	Card lease_;
	UniqueFd program_;
	std::string name_;
};

} // namespace vskms::svp
