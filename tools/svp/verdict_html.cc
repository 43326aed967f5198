// SPDX-License-Identifier: GPL-2.0
/* The page. Its colours are a reader's own, light or dark. */

#include "verdict.hpp"

#include <format>

namespace vskms::svp {
namespace {

constexpr const char *style = R"(
:root {
	color-scheme: light dark;
	--ground: light-dark(#fff, #16181c); --text: light-dark(#1c1e21, #e3e5e8);
	--faint: light-dark(#5b6068, #9ba1aa); --line: light-dark(#d8dbe0, #363a41);
	--raised: light-dark(#f5f6f8, #1f2227);
	--pass: light-dark(#14713a, #5fd08b); --fail: light-dark(#b3181d, #ff8a86);
	--unsupported: light-dark(#7a5b00, #e2bd55);
}
body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
	margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem }
h1 { font-size: 1.6rem; margin: 0 0 .3rem }
h2 { font-size: 1.1rem; margin: 0 }
code, pre { font: 13px/1.45 ui-monospace, monospace }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
	vertical-align: top }
th { color: var(--faint); font-weight: 500 }
td:last-child { overflow-wrap: anywhere }
a { color: inherit }
.faint { color: var(--faint) }
.pass, .fail, .unsupported { font-weight: 600; white-space: nowrap }
.pass { color: var(--pass) } .fail { color: var(--fail) } .unsupported { color: var(--unsupported) }
section { border-top: 1px solid var(--line); padding: 1.2rem 0 }
section > p { margin: .3rem 0 }
.shots { display: flex; flex-wrap: wrap; gap: 1rem; margin: .8rem 0 }
figure { margin: 0; flex: 0 1 21rem }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line) }
figcaption { color: var(--faint); font-size: .85rem }
ul { margin: .4rem 0; padding-left: 1.2rem }
pre { background: var(--raised); padding: .8rem; overflow-x: auto; margin: .5rem 0 }
)";

Result<std::string> figure(const Shot &shot)
{
	auto png = shot.picture.png();

	if (!png)
		return failure(std::move(png));
	return std::format(
		"<figure><img alt=\"{0}\" width=\"{1}\" height=\"{2}\" "
		"src=\"data:image/png;base64,{3}\"><figcaption>{0}</figcaption></figure>\n",
		escaped(shot.caption), shot.picture.width(), shot.picture.height(), base64(*png));
}

Result<std::string> section(const CaseVerdict &one)
{
	std::string out = std::format(
		"<section id=\"{0}\">\n<h2>{0} <span class=\"{1}\">{1}</span></h2>\n"
		"<p class=\"faint\">{2} &middot; {3} &middot; {4:.1f} s</p>\n<p>{5}</p>\n",
		escaped(one.name), verdict_name(one.verdict), escaped(one.title),
		escaped(one.driver), one.seconds, escaped(one.text));

	if (!one.shots.empty()) {
		out += "<div class=\"shots\">\n";
		for (const Shot &shot : one.shots) {
			auto html = figure(shot);

			if (!html)
				return html;
			out += *html;
		}
		out += "</div>\n";
	}
	if (!one.evidence.empty()) {
		out += "<ul>\n";
		for (const std::string &line : one.evidence)
			out += std::format("<li>{}</li>\n", escaped(line));
		out += "</ul>\n";
	}
	if (!one.log.empty())
		out += std::format("<details><summary>What the compositor said</summary>"
				   "<pre>{}</pre></details>\n",
				   escaped(one.log));
	return out + "</section>\n";
}

} // namespace

Result<std::string> Verdicts::html() const
{
	std::string words;

	for (const std::string &word : command)
		words += (words.empty() ? "" : " ") + word;
	std::string out = std::format(
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>{0}: protected buffers</title>\n<style>{1}</style>\n"
		"<h1>Protected buffers through a compositor</h1>\n<p><code>{0}</code></p>\n"
		"<p><span class=\"pass\">{2} passed</span>, <span class=\"fail\">{3} "
		"failed</span>, "
		"<span class=\"unsupported\">{4} unsupported</span></p>\n<table>\n",
		escaped(words), style, count(Verdict::pass), count(Verdict::fail),
		count(Verdict::unsupported));

	out += std::format("<tr><th>date<td>{}\n", escaped(date));
	for (const auto &[name, value] : versions)
		out += std::format("<tr><th>{}<td>{}\n", escaped(name), escaped(value));
	out += "</table>\n<table>\n<tr><th>case<th>verdict<th>\n";
	for (const CaseVerdict &one : cases)
		out += std::format("<tr><td><a href=\"#{0}\">{0}</a><td class=\"{1}\">{1}<td>{2}\n",
				   escaped(one.name), verdict_name(one.verdict), escaped(one.text));
	out += "</table>\n";
	for (const CaseVerdict &one : cases) {
		auto html = section(one);

		if (!html)
			return html;
		out += *html;
	}
	return out + "</html>\n";
}

} // namespace vskms::svp
