// SPDX-License-Identifier: GPL-2.0
/*
 * svp check-compositor: a verdict on how a compositor treats protected buffers, case by case
 * (check_case.hpp). Each has a time in which it must end, so the whole has, too.
 */

#include "check_case.hpp"
#include "command.hpp"
#include "file.hpp"
#include "heap.hpp"
#include "stage.hpp"
#include "verdict.hpp"
#include "witness.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <format>
#include <functional>
#include <memory>
#include <optional>
#include <print>
#include <ranges>

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/utsname.h>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

struct Options {
	std::vector<std::string> command;
	std::vector<std::string> patterns;
	std::vector<std::string> client;
	std::string mode = "640x480";
	unsigned int timeout = 90; // seconds
	std::string heap = Heap::default_name;
	std::string json, junit, html;
	bool list = false;
};

/* A case, of one kind of buffers. */
struct Chosen {
	const CheckCase *what;
	bool ordinary;

	[[nodiscard]] std::string name() const
	{
		return std::string(what->name) + (ordinary ? "-ordinary" : "");
	}

	[[nodiscard]] std::string title() const
	{
		return std::string(what->title) + (ordinary ? " (ordinary buffers)" : "");
	}
};

/* All that there are, in the order they run. */
std::vector<Chosen> all_cases()
{
	std::vector<Chosen> all;

	for (const auto cases : {scene_cases(), event_cases()})
		for (const CheckCase &one : cases) {
			all.push_back({.what = &one, .ordinary = false});
			if (one.twice)
				all.push_back({.what = &one, .ordinary = true});
		}
	std::ranges::stable_sort(all, [](const Chosen &one, const Chosen &other) {
		return std::pair(other.what->overlays, one.ordinary) <
		       std::pair(one.what->overlays, other.ordinary);
	});
	return all;
}

std::vector<Chosen> choose(const std::vector<std::string> &patterns)
{
	std::vector<Chosen> chosen = all_cases();

	std::erase_if(chosen, [&](const Chosen &one) {
		return !patterns.empty() &&
		       std::ranges::none_of(patterns, [&](const std::string &pattern) {
			       return !fnmatch(pattern.c_str(), one.name().c_str(), 0);
		       });
	});
	return chosen;
}

std::string first_line(const std::string &text)
{
	return text.substr(0, text.find('\n'));
}

std::vector<std::pair<std::string, std::string>> versions(const Options &options,
							  const Signals &signals)
{
	std::vector<std::pair<std::string, std::string>> all;
	utsname system;

	// Programs that know no such option say something else, or nothing.
	if (auto job = Job::start({options.command.front(), "--version"})) {
		(void)job->wait(Deadline(3s, signals));
		if (const std::string said = first_line(job->output()); !said.empty())
			all.emplace_back(options.command.front(), said);
	}
	if (!uname(&system))
		all.emplace_back("kernel", std::format("{} {}", system.release, system.machine));
	if (auto source = read_text("/sys/module/vskms/srcversion"))
		all.emplace_back("vskms", "srcversion " + first_line(*source));
	all.emplace_back("mode", options.mode);
	all.emplace_back("heap", options.heap);
	return all;
}

/* Who is refused tries again: equal lines that follow one another as one. */
std::vector<std::string> counted(const std::vector<std::string> &lines)
{
	std::vector<std::string> all;

	for (const auto &equal : lines | std::views::chunk_by(std::equal_to()))
		all.push_back(equal.size() == 1 ?
				      equal.front() :
				      std::format("{}, {} times", equal.front(), equal.size()));
	return all;
}

/* A file for a report, there before anything is tried. */
struct Target {
	std::string path;
	UniqueFd file;

	[[nodiscard]] static Result<Target> open(const std::string &path)
	{
		if (path.empty())
			return Target{};
		auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);

		if (!file)
			return failure(std::move(file));
		return Target{.path = path, .file = std::move(*file)};
	}

	[[nodiscard]] Result<void> write(const std::string &text) const
	{
		if (!file)
			return {};
		return write_all(file.get(), std::as_bytes(std::span(text)), path);
	}
};

class Check {
public:
	Check(const Options &options, TestDisplay display, Witness witness, const Signals &signals)
	    : options_(options), signals_(signals), witness_(std::move(witness)),
	      stage_(options.command, std::move(display), signals)
	{
	}

	[[nodiscard]] CaseVerdict run(const Chosen &chosen)
	{
		const auto began = Deadline::Clock::now();
		const Deadline deadline(std::chrono::seconds(options_.timeout), signals_);
		const TestDisplay::Setup setup = {.overlays = chosen.what->overlays,
						  .mode = options_.mode};
		CaseVerdict verdict;

		verdict.name = chosen.name();
		verdict.title = chosen.title();
		verdict.driver = std::format("overlays={} mode={}", setup.overlays, setup.mode);
		if (auto ready = stage_.set(setup, deadline); !ready) {
			settle(verdict, failed(ready.error().text()));
		} else if (auto begun = witness_.begin(); !begun) {
			settle(verdict, failed(begun.error().text()));
		} else {
			Trial trial(stage_, verdict, deadline,
				    chosen.ordinary ? "system" : options_.heap, options_.client);

			settle(verdict, chosen.what->run(trial));
			testify(verdict, trial.refusals_expected());
		}
		if (verdict.verdict == Verdict::fail) {
			verdict.log += stage_.log();
			// Whatever went wrong is not the next case's.
			stage_.strike();
		}
		verdict.seconds =
			std::chrono::duration<double>(Deadline::Clock::now() - began).count();
		return verdict;
	}

private:
	static void settle(CaseVerdict &verdict, Outcome outcome)
	{
		verdict.verdict = outcome.verdict;
		verdict.text = std::move(outcome.text);
	}

	/* What is worse than what a case has seen itself. */
	static void worsen(CaseVerdict &verdict, const std::string &text)
	{
		if (verdict.verdict != Verdict::fail) {
			verdict.evidence.push_back("but for what follows: " + verdict.text);
			verdict.text = text;
		}
		verdict.verdict = Verdict::fail;
		verdict.evidence.push_back(text);
	}

	void testify(CaseVerdict &verdict, bool refusals_expected)
	{
		const bool kept = stage_.shared && stage_.shared->running();
		auto findings = witness_.end(kept, Deadline(10s, signals_));

		if (!findings)
			return worsen(verdict, findings.error().text());
		for (const std::string &line : findings->stalls)
			verdict.evidence.push_back("the host had no time for the guest: " + line);
		for (const std::string &line : findings->complaints)
			worsen(verdict, "the kernel's log has: " + line);
		for (const std::string &line : counted(findings->refusals)) {
			// What is unsupported is so for a reason, and this may be it.
			if (refusals_expected || verdict.verdict != Verdict::pass)
				verdict.evidence.push_back(line);
			else
				worsen(verdict, line);
		}
		if (findings->unbalanced)
			worsen(verdict, "the ledger is out of balance: a bug of the heap's");
		if (!stage_.running() && verdict.verdict != Verdict::fail)
			worsen(verdict,
			       std::format("the compositor {}", stage_.compositor().state()));
		if (findings->left)
			blame(verdict, findings->left);
	}

	/* Whose fault is it that they are left? What a process holds ends with it. */
	void blame(CaseVerdict &verdict, std::uint64_t left)
	{
		verdict.log = stage_.log();
		stage_.strike();
		const auto still = witness_.still_left(Deadline(10s, signals_));

		if (!still)
			worsen(verdict, still.error().text());
		else if (*still)
			worsen(verdict, std::format("{} protected buffers were not given back, {} "
						    "not even when the compositor had ended",
						    left, *still));
		else
			worsen(verdict, std::format("{} protected buffers were given back only "
						    "when the compositor was ended",
						    left));
	}

	const Options &options_;
	const Signals &signals_;
	Witness witness_;
	Stage stage_;
};

Result<int> list(const std::vector<Chosen> &chosen)
{
	for (const Chosen &one : chosen)
		std::println("{:<26} {}", one.name(), one.title());
	return 0;
}

Result<int> run(const Options &options)
{
	const std::vector<Chosen> chosen = choose(options.patterns);

	if (options.list)
		return list(chosen);
	auto signals = Signals::hold();

	if (!signals)
		return failure(std::move(signals));
	auto json = Target::open(options.json);
	auto junit = Target::open(options.junit);
	auto html = Target::open(options.html);
	auto heap = Heap::find(options.heap);
	auto display = TestDisplay::take();
	auto witness = Witness::call();

	if (!json)
		return failure(std::move(json));
	if (!junit)
		return failure(std::move(junit));
	if (!html)
		return failure(std::move(html));
	if (!heap)
		return failure(std::move(heap));
	if (!display)
		return failure(std::move(display));
	if (!witness)
		return failure(std::move(witness));
	Verdicts verdicts = {
		.command = options.command,
		.versions = versions(options, *signals),
		.date = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(
							 std::chrono::system_clock::now())),
		.cases = {},
	};

	{
		Check check(options, std::move(*display), std::move(*witness), *signals);

		for (const Chosen &one : chosen) {
			CaseVerdict verdict = check.run(one);

			// What was cut off says nothing.
			if (signals->pending())
				break;
			std::println("{}", verdict_line(verdict));
			std::fflush(stdout);
			verdicts.cases.push_back(std::move(verdict));
		}
	}
	auto page = options.html.empty() ? Result<std::string>("") : verdicts.html();

	if (!page)
		return failure(std::move(page));
	for (auto done : {json->write(verdicts.json().text() + "\n"),
			  junit->write(verdicts.junit()), html->write(*page)})
		if (!done)
			return failure(std::move(done));
	std::println("{}", verdicts.summary());
	if (signals->pending())
		return failure(std::format("interrupted after {} of {} cases",
					   verdicts.cases.size(), chosen.size()));
	return verdicts.count(Verdict::fail) ? 1 : 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("COMMAND", options->command, "The compositor, and what it is told, after --")
		->type_name("...");
	app.add_option(
		   "--case", options->patterns,
		   "Only those cases whose names are like that, as of files; may be given again")
		->type_name("PATTERN")
		->allow_extra_args(false);
	app.add_flag("--list", options->list, "Print the cases, and do nothing");
	app.add_option("--mode", options->mode, "The display's preferred mode")
		->check([](const std::string &text) {
			unsigned int width, height;
			char rest;

			return std::sscanf(text.c_str(), "%ux%u%c", &width, &height, &rest) == 2 &&
					       width >= 320 && height >= 240 && width <= 4096 &&
					       height <= 4096 ?
				       std::string() :
				       std::format("{:?} is no mode from 320x240 to 4096x4096",
						   text);
		})
		->type_name("WxH")
		->capture_default_str();
	app.add_option("--timeout", options->timeout, "In which a case must end")
		->check(CLI::Range(1u, 3600u))
		->type_name("SECONDS")
		->capture_default_str();
	app.add_option("--heap", options->heap, "Whose buffers are protected")
		->capture_default_str();
	app.add_option("--client-option", options->client,
		       "Given to each svp wayland; may be given again")
		->type_name("OPTION")
		->allow_extra_args(false);
	app.add_option("--json", options->json, "A report for programs")->type_name("FILE");
	app.add_option("--junit", options->junit, "One for a CI system")->type_name("FILE");
	app.add_option("--html", options->html, "One for people, with pictures")->type_name("FILE");
	app.parse_complete_callback([options] {
		if (!options->list && options->command.empty())
			throw CLI::RequiredError("COMMAND");
		if (choose(options->patterns).empty())
			throw CLI::ValidationError("--case", "there is no such case; see --list");
	});
	app.footer("Run it as root in a guest: it loads vskms anew, as its cases need it. The "
		   "compositor finds\n"
		   "its own XDG_RUNTIME_DIR, and a seat without a seat manager if the environment "
		   "names none.\n"
		   "The status is 1 if a case failed.\n"
		   "\n"
		   "Examples:\n"
		   "  svp check-compositor --html verdict.html -- weston --backend=drm "
		   "--renderer=gl \\\n"
		   "    --drm-device=card0 --continue-without-input --debug\n"
		   "  svp check-compositor --case 'nv12*' --junit junit.xml -- sway -d\n"
		   "  svp check-compositor --list");
	return [options] { return run(*options); };
}

const Command command("check-compositor",
		      "Test how a compositor treats protected buffers, and report", setup);

} // namespace
} // namespace vskms::svp
