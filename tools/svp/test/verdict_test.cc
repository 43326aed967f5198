// SPDX-License-Identifier: GPL-2.0
/* Reports that any reader takes, whatever a compositor said. */

#include "verdict.hpp"

#include <gtest/gtest.h>

namespace {

using namespace vskms::svp;

Verdicts sample()
{
	CaseVerdict good, bad, missing;
	Picture picture(2, 1);

	good.name = "plane";
	good.title = "It reaches a plane";
	good.driver = "overlays=2 mode=640x480";
	good.text = "on plane-2";
	good.evidence = {"100.0 % of the picture"};
	good.shots = {{.caption = "the panel", .picture = picture}};
	good.seconds = 1.5;
	bad.name = "panel";
	bad.verdict = Verdict::fail;
	bad.text = "garbage: <40 %> & \"more\"";
	bad.log = "said \x1b[1m\xff]]>";
	missing.name = "screenshot";
	missing.verdict = Verdict::unsupported;
	missing.text = "it has no weston_capture_v1";
	return {.command = {"weston", "--debug"},
		.versions = {{"kernel", "7.2"}},
		.date = "2026-11-24T12:00:00Z",
		.cases = {good, bad, missing}};
}

TEST(Base64, IsThatOfRfc4648)
{
	const auto of = [](std::string_view text) {
		return base64(std::as_bytes(std::span(text)));
	};

	EXPECT_EQ(of(""), "");
	EXPECT_EQ(of("f"), "Zg==");
	EXPECT_EQ(of("fo"), "Zm8=");
	EXPECT_EQ(of("foo"), "Zm9v");
	EXPECT_EQ(of("foobar"), "Zm9vYmFy");
	EXPECT_EQ(of("\xff\xfe\xfd"), "//79");
}

TEST(Markup, HasNothingThatXmlMayNotHave)
{
	EXPECT_EQ(escaped("a<b>&\"c\"\n\t"), "a&lt;b&gt;&amp;&quot;c&quot;\n\t");
	EXPECT_EQ(escaped("\x1b[1m\x7f"), "\ufffd[1m\ufffd");
	EXPECT_EQ(escaped("h\u00fc\u20ac"), "h\u00fc\u20ac");
	EXPECT_EQ(escaped("\xff"), "\ufffd");
	EXPECT_EQ(escaped(std::string_view("\0", 1)), "\ufffd");
	EXPECT_EQ(escaped("\ufffe"), "\ufffd");
}

TEST(Verdicts, AreCounted)
{
	EXPECT_EQ(sample().summary(), "1 passed, 1 failed, 1 unsupported");
	EXPECT_EQ(Verdicts().summary(), "0 passed, 0 failed, 0 unsupported");
}

TEST(Verdicts, AsALine)
{
	EXPECT_EQ(verdict_line(sample().cases[0]).substr(0, 11), "pass  plane");
	EXPECT_EQ(verdict_line(sample().cases[1]).substr(0, 11), "FAIL  panel");
	EXPECT_EQ(verdict_line(sample().cases[2]).substr(0, 16), "n/a   screenshot");
}

TEST(Verdicts, AsJson)
{
	const auto json = Json::parse(sample().json().text());

	ASSERT_TRUE(json);
	EXPECT_EQ(json->find("fail")->number(), 1);
	EXPECT_EQ(*json->find("versions")->find("kernel")->string(), "7.2");
	const Json::Array &cases = *json->find("cases")->array();

	ASSERT_EQ(cases.size(), 3u);
	EXPECT_EQ(*cases[0].find("verdict")->string(), "pass");
	EXPECT_EQ(*cases[1].find("text")->string(), "garbage: <40 %> & \"more\"");
	EXPECT_EQ(*cases[2].find("verdict")->string(), "unsupported");
}

TEST(Verdicts, AsJunit)
{
	const std::string xml = sample().junit();

	EXPECT_TRUE(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	EXPECT_TRUE(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
	EXPECT_TRUE(
		xml.contains("<failure message=\"garbage: &lt;40 %&gt; &amp; &quot;more&quot;\">"));
	EXPECT_TRUE(xml.contains("<skipped message=\"it has no weston_capture_v1\"/>"));
	EXPECT_TRUE(xml.contains("<testcase classname=\"check-compositor\" name=\"plane\" "
				 "time=\"1.500\">"));
	EXPECT_FALSE(xml.contains('\x1b'));
	EXPECT_FALSE(xml.contains('\xff'));
	EXPECT_FALSE(xml.contains("]]>"));
}

TEST(Verdicts, AsAPageThatNeedsNothingElse)
{
	const auto page = sample().html();

	ASSERT_TRUE(page) << page.error().text();
	EXPECT_TRUE(page->contains("src=\"data:image/png;base64,iVBORw0KGgo"));
	EXPECT_TRUE(page->contains("<section id=\"plane\">"));
	EXPECT_TRUE(page->contains("garbage: &lt;40 %&gt;"));
	for (const char *outside : {"http:", "https:", "<script", "<link", "@import", "url("})
		EXPECT_FALSE(page->contains(outside)) << outside;
}

} // namespace
