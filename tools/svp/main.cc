// SPDX-License-Identifier: GPL-2.0
/* svp: the user's command. What there is to do is in the files *_command.cc. */

#include "command.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <format>
#include <print>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>

namespace {

using namespace vskms::svp;

constexpr int status_error = 1;
constexpr int status_usage = 2;

std::vector<const Command *> commands()
{
	std::vector<const Command *> all;

	for (const Command *command = Command::first(); command; command = command->next)
		all.push_back(command);
	std::ranges::sort(all, {},
			  [](const Command *command) { return std::string_view(command->name); });
	return all;
}

/* CLI11's message may have several lines; a mistake is told in one. */
int complain(const CLI::App &app, const CLI::ParseError &mistake, std::string_view first)
{
	const auto chosen = app.get_subcommands();
	const std::string name = chosen.empty() ? "svp" : "svp " + chosen.front()->get_name();
	std::string message = mistake.what();

	if (chosen.empty() && !first.empty() && !first.starts_with('-'))
		message = std::format("there is no command {}", first);

	std::ranges::replace(message, '\n', ' ');
	std::println(stderr, "{}: {} ({} --help)", name, message, name);
	return status_usage;
}

int run(int argc, char **argv)
{
	CLI::App app("Protected video buffers: see them, show them, test them.", "svp");
	Action action;

	app.require_subcommand(1);
	// Examples keep their lines.
	app.get_formatter()->enable_footer_formatting(false);
	app.footer(
		"svp COMMAND --help tells more, with examples; so does the manual page, svp(1).");
	for (const Command *command : commands()) {
		CLI::App *sub = app.add_subcommand(command->name, command->summary);
		Action chosen = command->setup(*sub);

		sub->callback([&action, chosen = std::move(chosen)] { action = chosen; });
	}
	try {
		app.parse(argc, argv);
	} catch (const CLI::Success &help) {
		return app.exit(help);
	} catch (const CLI::ParseError &mistake) {
		return complain(app, mistake, argc > 1 ? argv[1] : "");
	}

	Result<int> status = action();

	// What was printed may not have been written yet, and then may not be.
	if (status && (std::fflush(stdout) || std::ferror(stdout)))
		status = failure("standard output: cannot write to it", errno);
	if (!status) {
		std::println(stderr, "svp: {}", status.error().text());
		return status_error;
	}
	return *status;
}

} // namespace

int main(int argc, char **argv)
{
	// A reader that has gone is an error of write().
	signal(SIGPIPE, SIG_IGN);
	try {
		return run(argc, argv);
	} catch (const std::exception &trouble) {
		// Of the libraries: no memory, or standard output is gone.
		std::fprintf(stderr, "svp: %s\n", trouble.what());
		return status_error;
	}
}
