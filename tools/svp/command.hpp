// SPDX-License-Identifier: GPL-2.0
/*
 * A subcommand is one file, NAME_command.cc, and is in the table by a Command of static
 * storage:
 *
 *	Action setup(CLI::App &app)
 *	{
 *		auto options = std::make_shared<Options>();
 *
 *		app.add_flag("--json", options->json, "as JSON");
 *		app.footer("Examples:\n  svp heaps");
 *		return [options] { return run(*options); };
 *	}
 *
 *	const Command command("heaps", "list the protected heaps", setup);
 *
 * Exit statuses: 0; 1 if an action returns an Error, which main() prints in a line; 2 if the
 * arguments are wrong, which CLI11's checks find before an action runs. So what can be seen
 * to be wrong without looking at the machine is checked by an option, not by an action.
 */
#pragma once

#include "error.hpp"

#include <functional>
#include <span>

#define CLI11_COMPILE
#include <CLI/CLI.hpp>

namespace vskms::svp {

/* The exit status, or what went wrong. */
using Action = std::function<Result<int>()>;

class Command {
public:
	Command(const char *its_name, const char *its_summary, Action (*its_setup)(CLI::App &app))
		: name(its_name), summary(its_summary), setup(its_setup), next(first_)
	{
		first_ = this;
	}

	Command(const Command &) = delete;
	Command &operator=(const Command &) = delete;

	/* The first of all there are, in no order. */
	[[nodiscard]] static const Command *first() { return first_; }

	const char *const name;
	const char *const summary;
	Action (*const setup)(CLI::App &app);
	const Command *const next;

private:
	static inline const Command *first_ = nullptr;
};

} // namespace vskms::svp
