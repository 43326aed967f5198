// SPDX-License-Identifier: GPL-2.0
/* A CRTC with a mode and a connector: what can be looked at, and planes for it. */
#pragma once

#include "atomic.hpp"
#include "card.hpp"
#include "framebuffer.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace vskms::svp {

/* Where a framebuffer is shown, in pixels of the screen. */
struct Position {
	std::int32_t x = 0;
	std::int32_t y = 0;
};

/* The card outlives it. */
class Screen {
public:
	/*
	 * The first that is lit; if none is, one is lit: black, in its preferred mode, for as long
	 * as this lives. (Of who is killed the kernel takes the framebuffers, and leaves the mode.)
	 */
	[[nodiscard]] static Result<Screen> light(const Card &card);

	Screen(Screen &&other) noexcept;
	Screen &operator=(Screen &&) = delete;
	~Screen();

	/* Those that are lit, in the card's order. */
	[[nodiscard]] static Result<std::vector<Screen>> all(const Card &card);

	/* All planes and CRTCs of the card off. It must be ours, as its master. */
	[[nodiscard]] static Result<void> all_off(const Card &card);

	[[nodiscard]] std::uint32_t crtc() const { return crtc_; }
	[[nodiscard]] std::uint32_t index() const { return index_; } // of the CRTC, from 0
	[[nodiscard]] std::uint32_t width() const { return mode_.hdisplay; }
	[[nodiscard]] std::uint32_t height() const { return mode_.vdisplay; }
	[[nodiscard]] std::uint32_t rate() const { return mode_.vrefresh; } // Hz

	/*
	 * A plane of @type, DRM_PLANE_TYPE_*, for this screen that can show @format and shows
	 * nothing now; only the primary one may.
	 */
	[[nodiscard]] Result<Plane> plane(std::uint64_t type, std::uint32_t format) const;

	/*
	 * Adds to a commit that @plane shows @framebuffer at @at, all of it, upright, opaque,
	 * and with the colours of frame.hpp, whatever another program left there.
	 */
	void show(AtomicRequest &request, std::uint32_t plane, const Framebuffer &framebuffer,
		  Position at) const;

	/* Adds to a commit that @plane shows nothing. */
	static void hide(AtomicRequest &request, std::uint32_t plane);

private:
	struct Light;

	Screen(const Card &card, std::uint32_t crtc, std::uint32_t index,
	       const drmModeModeInfo &mode);

	const Card *card_;
	std::uint32_t crtc_;
	std::uint32_t index_;
	drmModeModeInfo mode_;
	std::unique_ptr<Light> light_; // if it was not lit before
};

} // namespace vskms::svp
