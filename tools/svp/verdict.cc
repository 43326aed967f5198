// SPDX-License-Identifier: GPL-2.0
#include "verdict.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <format>

namespace vskms::svp {
namespace {

std::string joined(const std::vector<std::string> &parts, const char *between)
{
	std::string all;

	for (const std::string &part : parts)
		all += (all.empty() ? "" : between) + part;
	return all;
}

} // namespace

const char *verdict_name(Verdict verdict)
{
	switch (verdict) {
	case Verdict::pass:
		return "pass";
	case Verdict::fail:
		return "fail";
	case Verdict::unsupported:
		return "unsupported";
	}
	return "?";
}

std::string verdict_line(const CaseVerdict &verdict)
{
	const char *name = verdict.verdict == Verdict::pass ? "pass" :
			   verdict.verdict == Verdict::fail ? "FAIL" :
							      "n/a";

	return std::format("{:<4}  {:<25} {}", name, verdict.name, verdict.text);
}

std::string escaped(std::string_view text)
{
	std::string out;

	while (!text.empty()) {
		const std::size_t length = utf8_character(text);
		const std::string_view one = text.substr(0, length ? length : 1);

		if (one == "&")
			out += "&amp;";
		else if (one == "<")
			out += "&lt;";
		else if (one == ">")
			out += "&gt;";
		else if (one == "\"")
			out += "&quot;";
		else if (one == "\n" || one == "\t")
			out += one;
		else if (!length || (length == 1 && one < " ") || one == "\x7f" ||
			 one == "\ufffe" || one == "\uffff")
			out += "\ufffd";
		else
			out += one;
		text.remove_prefix(one.size());
	}
	return out;
}

std::string base64(std::span<const std::byte> data)
{
	static constexpr char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	std::string text;

	text.reserve((data.size() + 2) / 3 * 4);
	for (; !data.empty(); data = data.subspan(std::min<std::size_t>(3, data.size()))) {
		std::uint32_t group = 0;

		for (std::size_t i = 0; i < 3; i++)
			group = group << 8 |
				(i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0);
		for (std::size_t i = 0; i < 4; i++)
			text += i <= data.size() ? digits[group >> (18 - 6 * i) & 63] : '=';
	}
	return text;
}

std::size_t Verdicts::count(Verdict verdict) const
{
	return static_cast<std::size_t>(std::ranges::count(cases, verdict, &CaseVerdict::verdict));
}

std::string Verdicts::summary() const
{
	return std::format("{} passed, {} failed, {} unsupported", count(Verdict::pass),
			   count(Verdict::fail), count(Verdict::unsupported));
}

Json Verdicts::json() const
{
	const auto texts = [](const std::vector<std::string> &from) {
		return Json::Array(from.begin(), from.end());
	};
	Json::Object about;
	Json::Array all;

	for (const auto &[name, value] : versions)
		about.emplace_back(name, value);
	for (const CaseVerdict &one : cases)
		all.push_back(Json::Object{{"name", one.name},
					   {"title", one.title},
					   {"driver", one.driver},
					   {"verdict", verdict_name(one.verdict)},
					   {"text", one.text},
					   {"evidence", texts(one.evidence)},
					   {"seconds", one.seconds}});
	return Json::Object{
		{"command", texts(command)},	{"date", date},
		{"versions", std::move(about)}, {"pass", count(Verdict::pass)},
		{"fail", count(Verdict::fail)}, {"unsupported", count(Verdict::unsupported)},
		{"cases", std::move(all)}};
}

std::string Verdicts::junit() const
{
	double seconds = 0;
	std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

	for (const CaseVerdict &one : cases)
		seconds += one.seconds;
	out += std::format("<testsuites>\n"
			   "<testsuite name=\"check-compositor\" tests=\"{}\" failures=\"{}\" "
			   "errors=\"0\" skipped=\"{}\" time=\"{:.3f}\" timestamp=\"{}\">\n"
			   "<properties>\n"
			   "<property name=\"command\" value=\"{}\"/>\n",
			   cases.size(), count(Verdict::fail), count(Verdict::unsupported), seconds,
			   escaped(date), escaped(joined(command, " ")));
	for (const auto &[name, value] : versions)
		out += std::format("<property name=\"{}\" value=\"{}\"/>\n", escaped(name),
				   escaped(value));
	out += "</properties>\n";
	for (const CaseVerdict &one : cases) {
		const std::string evidence = escaped(joined(one.evidence, "\n"));

		out += std::format("<testcase classname=\"check-compositor\" name=\"{}\" "
				   "time=\"{:.3f}\">\n",
				   escaped(one.name), one.seconds);
		if (one.verdict == Verdict::fail)
			out += std::format("<failure message=\"{}\">{}\n{}</failure>\n",
					   escaped(one.text), evidence, escaped(one.log));
		else if (one.verdict == Verdict::unsupported)
			out += std::format("<skipped message=\"{}\"/>\n", escaped(one.text));
		if (one.verdict != Verdict::fail)
			out += std::format("<system-out>{}\n{}</system-out>\n", escaped(one.text),
					   evidence);
		out += "</testcase>\n";
	}
	return out + "</testsuite>\n</testsuites>\n";
}

} // namespace vskms::svp
