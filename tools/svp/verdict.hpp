// SPDX-License-Identifier: GPL-2.0
/*
 * What a run of svp check-compositor found, and the ways it is told: on a terminal, as JSON,
 * as JUnit, and as a page for a browser.
 */
#pragma once

#include "error.hpp"
#include "json.hpp"
#include "picture.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vskms::svp {

enum class Verdict {
	pass,
	fail,
	unsupported, // it lacks a protocol or a property that this needs, and does no harm
};

[[nodiscard]] const char *verdict_name(Verdict verdict);

struct Shot {
	std::string caption;
	Picture picture;
};

struct CaseVerdict {
	std::string name;
	std::string title;  // what should be so
	std::string driver; // overlays=2 mode=640x480
	Verdict verdict = Verdict::pass;
	std::string text;		   // in a line
	std::vector<std::string> evidence; // in more
	std::vector<Shot> shots;
	std::string log; // what the compositor said meanwhile, if that is of interest
	double seconds = 0;
};

struct Verdicts {
	std::vector<std::string> command;
	std::vector<std::pair<std::string, std::string>> versions; // of what
	std::string date;
	std::vector<CaseVerdict> cases;

	[[nodiscard]] std::size_t count(Verdict verdict) const;

	/* "12 passed, 0 failed, 3 unsupported" */
	[[nodiscard]] std::string summary() const;

	/* Without pictures. */
	[[nodiscard]] Json json() const;

	/* A test case each; unsupported is skipped. */
	[[nodiscard]] std::string junit() const;

	/* In one file: pictures are in it, nothing is fetched, and nothing runs. */
	[[nodiscard]] Result<std::string> html() const;
};

/* "PASS  name  text", a line without its end. */
[[nodiscard]] std::string verdict_line(const CaseVerdict &verdict);

/* For XML and HTML, in text and attributes; what neither can have is U+FFFD. */
[[nodiscard]] std::string escaped(std::string_view text);

[[nodiscard]] std::string base64(std::span<const std::byte> data);

} // namespace vskms::svp
