// SPDX-License-Identifier: GPL-2.0
/*
 * vskms as a test wants it: the module is loaded anew, with parameters of the test's, and
 * with those that it had before when the test is over.
 */
#pragma once

#include "card.hpp"
#include "deadline.hpp"
#include "error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vskms::svp {

class TestDisplay {
public:
	struct Setup {
		unsigned int overlays = 2;
		std::string mode = "640x480";

		bool operator==(const Setup &) const = default;
	};

	/*
	 * The display, if it is nobody's. Nothing was changed if it is wrong: we are not root, the
	 * module is not there, or somebody has the card open.
	 */
	[[nodiscard]] static Result<TestDisplay> take();

	TestDisplay(TestDisplay &&other) noexcept;
	TestDisplay &operator=(TestDisplay &&) = delete;

	/* Puts the parameters back, unless somebody has the card open. */
	~TestDisplay();

	/* Nobody has it open then; nothing is done if it is so already. */
	[[nodiscard]] Result<void> load(const Setup &setup, const Deadline &deadline);

	/* Loads it anew when next asked to: something may be left of the test before. */
	void spoil() { loaded_ = false; }
	[[nodiscard]] bool loaded() const { return loaded_; }

	[[nodiscard]] const Setup &setup() const { return setup_; }
	[[nodiscard]] int number() const { return number_; } // of the card
	/* Not as its master. */
	[[nodiscard]] Result<Card> card() const;

	/* As if the cable were pulled, and put back. */
	[[nodiscard]] Result<void> unplug() const;
	[[nodiscard]] Result<void> plug() const;

	/*
	 * The monitor that is seen from the next plug() on has one mode, other_width times
	 * other_height, until it is loaded anew.
	 */
	[[nodiscard]] Result<void> exchange_monitor() const;

	static constexpr std::uint32_t other_width = 800;
	static constexpr std::uint32_t other_height = 600;

private:
	explicit TestDisplay(std::vector<std::string> before) : before_(std::move(before)) {}

	[[nodiscard]] Result<void> reload(const std::vector<std::string> &parameters,
					  const Deadline &deadline);

	std::vector<std::string> before_; // its parameters, NAME=VALUE
	bool taken_ = true;		  // false if moved away
	bool touched_ = false;		  // it was loaded here once
	bool loaded_ = false;
	Setup setup_;
	int number_ = -1;
	std::string connector_; // card0-Virtual-1
};

} // namespace vskms::svp
