// SPDX-License-Identifier: GPL-2.0
/*
 * One plane of a screen, and what it shows: of a card that is ours alone, or over a running
 * program (over.hpp tells how that is left alone).
 */
#pragma once

#include "card.hpp"
#include "framebuffer.hpp"
#include "screen.hpp"
#include "unique_fd.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

namespace vskms::svp {

class Projector {
public:
	struct Options {
		std::string device; // as of Card::open(), or empty: vskms, or over's
		std::optional<pid_t> over;
		std::uint64_t type = 0; // of plane, DRM_PLANE_TYPE_*
		std::uint32_t format = 0;
	};

	[[nodiscard]] static Result<Projector> open(const Options &options);

	[[nodiscard]] const Card &card() const { return *card_; }
	[[nodiscard]] const Screen &screen() const { return *screen_; }
	[[nodiscard]] std::uint32_t plane() const { return plane_.id; }

	/*
	 * Returns when @framebuffer is on the screen, so what was there before is free. With the
	 * framebuffer the plane goes off. Over a program that has ended it is an error that says
	 * so.
	 */
	[[nodiscard]] Result<void> show(const Framebuffer &framebuffer, Position at);

	/* Polls readable when the program below has ended; -1 if there is none. */
	[[nodiscard]] int program() const { return program_.get(); }

	/* The error that is to be told then. */
	[[nodiscard]] Failure ended() const;

private:
	Projector(std::unique_ptr<Card> card, std::unique_ptr<Screen> screen, Plane plane,
		  UniqueFd program, std::string name);

	[[nodiscard]] Result<void> told(Result<void> done) const;
	[[nodiscard]] Result<void> enable(const Framebuffer &framebuffer, Position at);
	[[nodiscard]] Result<void> flip(const Framebuffer &framebuffer);

	// What has been shown refers to them, and is not to see them move.
	std::unique_ptr<Card> card_;
	std::unique_ptr<Screen> screen_;
	Plane plane_;
	UniqueFd program_;
	std::string name_;
	bool async_ = false;
	std::optional<Position> shown_; // where, if something is
};

} // namespace vskms::svp
