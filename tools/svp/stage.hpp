// SPDX-License-Identifier: GPL-2.0
/*
 * A compositor on a display, for one case after the other: both are set up once for as many
 * cases as can share them, and anew when the compositor has died or the display must differ.
 */
#pragma once

#include "chart.hpp"
#include "compositor.hpp"
#include "deadline.hpp"
#include "error.hpp"
#include "test_display.hpp"
#include "viewer.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vskms::svp {

class Stage {
public:
	/* @signals outlive it. */
	Stage(std::vector<std::string> command, TestDisplay display, const Signals &signals);

	Stage(const Stage &) = delete;
	Stage &operator=(const Stage &) = delete;
	~Stage();

	/*
	 * There is a compositor that accepts clients, on such a display. One that did not come up
	 * on it is not tried again: what was wrong then is wrong now.
	 */
	[[nodiscard]] Result<void> set(const TestDisplay::Setup &setup, const Deadline &deadline);

	/* The compositor is new for the next case. */
	void strike();

	[[nodiscard]] TestDisplay &display() { return display_; }
	/* Of these there is one after set(). */
	[[nodiscard]] Compositor &compositor() { return *compositor_; }
	[[nodiscard]] bool running() { return compositor_ && compositor_->running(); }

	/* Its interfaces, with their versions. */
	[[nodiscard]] const std::map<std::string, std::uint32_t, std::less<>> &globals() const
	{
		return globals_;
	}
	[[nodiscard]] bool offers(std::string_view interface) const
	{
		return globals_.contains(interface);
	}
	/* Asks for them. */
	[[nodiscard]] Result<void> learn();

	/* What the compositors said, the last one's last. */
	[[nodiscard]] std::string log() const;

	/* A chart as a file, for as long as this lives. */
	[[nodiscard]] Result<std::string> chart(Chart chart);

	/* A client that several cases look at, one after the other. */
	std::optional<Viewer> shared;
	std::string shared_heap; // whose buffers it shows

private:
	[[nodiscard]] std::optional<Picture> look() const;
	void settle(const Deadline &deadline);

	std::vector<std::string> command_;
	TestDisplay display_;
	const Signals *signals_;
	std::optional<Error> wrong_; // why there is none on this display
	std::filesystem::path directory_;
	std::unique_ptr<Compositor> compositor_;
	std::map<std::string, std::uint32_t, std::less<>> globals_;
};

} // namespace vskms::svp
