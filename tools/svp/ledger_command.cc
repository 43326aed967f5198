// SPDX-License-Identifier: GPL-2.0
/* svp ledger: what heaps hold, how often they refused, and each refusal as it happens. */

#include "command.hpp"
#include "json.hpp"
#include "ledger.hpp"
#include "signals.hpp"
#include "table.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <format>
#include <memory>
#include <print>

namespace vskms::svp {
namespace {

/* The file of violations cannot be polled. */
constexpr std::chrono::milliseconds look_again(200);

struct Options {
	bool json = false;
	bool follow = false;
};

std::string errno_name(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : std::to_string(number);
}

Json json_of(const Violation &at)
{
	const auto or_null = [](const std::string &text) {
		return text == "-" ? Json(nullptr) : Json(text);
	};

	return Json::Object{
		{"serial", at.serial},
		{"nanoseconds", at.time},
		{"pid", at.pid},
		{"comm", or_null(at.comm)},
		{"kind", at.kind},
		{"errno", errno_name(at.number)},
		{"heap", or_null(at.heap)},
		{"buffer", at.buffer ? Json(*at.buffer) : Json(nullptr)},
		{"master", or_null(at.master)},
		{"reason", or_null(at.reason)},
	};
}

/* As dmesg writes: when, who, what, why. */
std::string text_of(const Violation &at)
{
	const auto with = [](const char *before, const std::string &text) {
		return text == "-" ? std::string() : before + text;
	};

	return std::format("[{:5}.{:06}] {}[{}] {}{}{}{}: {}: {}", at.time / 1000000000,
			   at.time / 1000 % 1000000, at.comm, at.pid, at.kind,
			   with(" heap ", at.heap),
			   with(" buffer ", at.buffer ? std::to_string(*at.buffer) : "-"),
			   with(" master ", at.master), at.reason, errno_name(at.number));
}

Json json_of(const Ledger &ledger)
{
	Json::Object accounts;

	for (const auto &[name, account] : ledger.accounts()) {
		Json::Object gauges, refused;

		for (const auto &[gauge, level] : account.gauges)
			gauges.emplace_back(gauge, Json::Object{{"now", level.now},
								{"most", level.most},
								{"ever", level.ever}});
		for (const auto &[kind, count] : account.refused)
			refused.emplace_back(kind, count);
		accounts.emplace_back(name, Json::Object{{"gauges", std::move(gauges)},
							 {"refused", std::move(refused)}});
	}
	return accounts;
}

void print(const Ledger &ledger)
{
	Table gauges({"ACCOUNT", "HOLDS", "NOW", "MOST", "EVER"});
	Table refusals({"ACCOUNT", "REFUSED", "TIMES"});
	bool refused = false;

	for (const auto &[name, account] : ledger.accounts()) {
		for (const auto &[gauge, level] : account.gauges)
			gauges.add({name, gauge, std::to_string(level.now),
				    std::to_string(level.most), std::to_string(level.ever)});
		for (const auto &[kind, count] : account.refused) {
			if (!count)
				continue;
			refusals.add({name, kind, std::to_string(count)});
			refused = true;
		}
	}
	std::print("{}", gauges.text());
	if (refused)
		std::print("\n{}", refusals.text());
	else
		std::println("\nnothing was refused");
	if (ledger.imbalances())
		std::println("\n{} imbalances: a bug of secure_heap's", ledger.imbalances());
}

Result<int> show(const Options &options)
{
	auto ledger = Ledger::read();
	auto violations = violations_after(0);

	if (!ledger)
		return failure(std::move(ledger));
	if (!violations)
		return failure(std::move(violations));
	if (!options.json) {
		print(*ledger);
		if (!violations->empty())
			std::println("");
		for (const Violation &violation : *violations)
			std::println("{}", text_of(violation));
		return 0;
	}

	Json::Array all;

	for (const Violation &violation : *violations)
		all.push_back(json_of(violation));
	std::println("{}", Json(Json::Object{{"accounts", json_of(*ledger)},
					     {"imbalances", ledger->imbalances()},
					     {"violations", std::move(all)}})
				   .text());
	return 0;
}

/* From now on, until a signal. */
Result<int> follow(const Options &options)
{
	auto signals = Signals::hold();

	if (!signals)
		return failure(std::move(signals));
	auto before = violations_after(0);

	if (!before)
		return failure(std::move(before));
	std::uint64_t last = before->empty() ? 0 : before->back().serial;

	for (bool ends = false; !ends;) {
		// What was refused before the signal is told before the end.
		ends = signals->pending();
		auto violations = violations_after(last);

		if (!violations)
			return failure(std::move(violations));
		for (const Violation &violation : *violations) {
			// The kernel keeps a number of them; there were too many to see all.
			if (violation.serial != last + 1 && !options.json)
				std::println("... and {} more", violation.serial - last - 1);
			std::println("{}",
				     options.json ? json_of(violation).text() : text_of(violation));
			last = violation.serial;
		}
		if (std::fflush(stdout))
			break; // main() says so
		if (auto waited = signals->wait({}, look_again); !waited)
			return failure(std::move(waited));
	}
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_flag("--follow", options->follow,
		     "Print each refused access as it happens, until interrupted");
	app.add_flag(
		"--json", options->json,
		"Print one JSON object; with --follow one for each refused access, a line each");
	app.footer("The ledger is in debugfs, and root's.\n"
		   "\n"
		   "Examples:\n"
		   "  svp ledger\n"
		   "  svp ledger --follow\n"
		   "  svp ledger --json | jq '.accounts.total.gauges.bytes.most'");
	return [options] { return options->follow ? follow(*options) : show(*options); };
}

const Command command("ledger", "Show what heaps hold, and what they refused to whom", setup);

} // namespace
} // namespace vskms::svp
