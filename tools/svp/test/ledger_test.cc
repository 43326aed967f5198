// SPDX-License-Identifier: GPL-2.0
/* What debugfs, sysfs and configfs show, as the commands understand it. */

#include "heap.hpp"
#include "ledger.hpp"
#include "masters.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace vskms::svp;
namespace fs = std::filesystem;

TEST(Ledger, IsReadByAccountAndGauge)
{
	const auto ledger = Ledger::parse("video buffers 1 2 3\n"
					  "video bytes 4096 8192 18446744073709551615\n"
					  "video refused mmap 5\n"
					  "total buffers 1 2 3\n"
					  "imbalances 7\n");

	ASSERT_TRUE(ledger) << ledger.error().text();
	ASSERT_EQ(ledger->accounts().size(), 2u);
	EXPECT_EQ(ledger->accounts()[0].first, "video");
	EXPECT_EQ(ledger->accounts()[0].second.refused.at("mmap"), 5u);
	EXPECT_EQ(ledger->accounts()[0].second.gauges.at("bytes"),
		  (Ledger::Level{4096, 8192, ~0ull}));
	EXPECT_EQ(ledger->most("video", "bytes"), 8192u);
	EXPECT_EQ(ledger->now("total", "buffers"), 1u);
	EXPECT_EQ(ledger->now("video", "nosuch"), std::nullopt);
	EXPECT_EQ(ledger->most("nosuch", "bytes"), std::nullopt);
	EXPECT_EQ(ledger->imbalances(), 7u);
}

TEST(Ledger, WhatIsNotUnderstoodIsSaid)
{
	for (const char *text : {"video buffers 1 2\n", "video refused mmap many\n", "imbalances\n",
				 "x\n", "a b c d e\n"})
		EXPECT_FALSE(Ledger::parse(text)) << text;
}

TEST(Violation, ReasonMayHaveSpaces)
{
	const auto at = Violation::parse(
		"12 3000000004 56 igt_test mmap -13 protected,secure-video 3 - no CPU may map it");

	ASSERT_TRUE(at) << at.error().text();
	EXPECT_EQ(at->serial, 12u);
	EXPECT_EQ(at->time, 3000000004u);
	EXPECT_EQ(at->pid, 56u);
	EXPECT_EQ(at->comm, "igt_test");
	EXPECT_EQ(at->kind, "mmap");
	EXPECT_EQ(at->number, EACCES);
	EXPECT_EQ(at->heap, "protected,secure-video");
	EXPECT_EQ(at->buffer, 3u);
	EXPECT_EQ(at->master, "-");
	EXPECT_EQ(at->reason, "no CPU may map it");
}

TEST(Violation, MayBeOfNoBuffer)
{
	const auto at = Violation::parse("1 2 3 comm alloc -12 - - - full");

	ASSERT_TRUE(at) << at.error().text();
	EXPECT_EQ(at->buffer, std::nullopt);
	EXPECT_EQ(at->reason, "full");
}

TEST(Violation, WhatIsNotUnderstoodIsSaid)
{
	EXPECT_FALSE(Violation::parse(""));
	EXPECT_FALSE(Violation::parse("12 3 56 comm mmap -13 heap 3 -"));
	EXPECT_FALSE(Violation::parse("x 3 56 comm mmap -13 heap 3 - why"));
}

/* Files as the kernel's, in a directory of our own. */
class Files : public testing::Test {
protected:
	Files()
	{
		std::string name = testing::TempDir() + "svp-XXXXXX";

		root_ = mkdtemp(name.data());
	}
	~Files() override { fs::remove_all(root_); }

	void write(const fs::path &path, const char *text) const
	{
		fs::create_directories((root_ / path).parent_path());
		std::ofstream(root_ / path) << text;
	}

	void heap(const char *name) const
	{
		const fs::path directory = fs::path("heaps") / name;

		for (const auto &[file, text] : {std::pair("node", "/dev/dma_heap/x\n"),
						 {"type", "carveout\n"},
						 {"profile", "strict\n"},
						 {"state", "live\n"},
						 {"size", "4096\n"},
						 {"used", "0\n"},
						 {"generation", "1\n"}})
			write(directory / file, text);
	}

	fs::path root_;
};

TEST_F(Files, HeapsAreInOrder)
{
	heap("b");
	heap("a");
	const auto heaps = Heap::list(root_ / "heaps");

	ASSERT_TRUE(heaps) << heaps.error().text();
	ASSERT_EQ(heaps->size(), 2u);
	EXPECT_EQ(heaps->at(0).name, "a");
	EXPECT_EQ(heaps->at(0).node, "/dev/dma_heap/x");
	EXPECT_EQ(heaps->at(0).state, "live");
	EXPECT_EQ(heaps->at(0).size, 4096u);
}

TEST_F(Files, HeapThatGoesAwayMeanwhileIsPassedOver)
{
	heap("a");
	heap("b");
	fs::remove(root_ / "heaps/a/used");
	const auto heaps = Heap::list(root_ / "heaps");

	ASSERT_TRUE(heaps) << heaps.error().text();
	ASSERT_EQ(heaps->size(), 1u);
	EXPECT_EQ(heaps->at(0).name, "b");
}

TEST_F(Files, HeapWithNonsenseIsSaid)
{
	heap("a");
	write("heaps/a/size", "many\n");
	const auto heaps = Heap::list(root_ / "heaps");

	ASSERT_FALSE(heaps);
	EXPECT_NE(heaps.error().what.find("a/size"), std::string::npos);
}

TEST_F(Files, NoModuleIsSaid)
{
	const auto heaps = Heap::list(root_ / "nosuch");

	ASSERT_FALSE(heaps);
	EXPECT_EQ(heaps.error().number, ENOENT);
	EXPECT_NE(heaps.error().remedy.find("modprobe secure_heap"), std::string::npos);
}

TEST_F(Files, MastersAreThoseRegisteredListedAndAttached)
{
	const MasterFiles files = {.devices = root_ / "devices",
				   .policies = root_ / "policies",
				   .attachments = root_ / "attachments"};

	fs::create_directories(root_ / "devices/faux/vskms");
	fs::create_directory_symlink(root_, root_ / "devices/faux/vskms/secure_heap:video");
	fs::create_directory_symlink(root_, root_ / "devices/faux/vskms/subsystem");
	write("policies/video/devices/vgem/access", "read-write\n");
	write("policies/video/devices/vskms/access", "none\n");
	write("attachments", "1 video vskms 0\n2 video vskms 5\n3 other tee 1\n");
	const auto masters = list_masters(files);

	ASSERT_TRUE(masters) << masters.error().text();
	ASSERT_EQ(masters->size(), 3u);
	const Master &attached = masters->at(0), &listed = masters->at(1), &both = masters->at(2);

	EXPECT_EQ(attached.heap, "other");
	EXPECT_EQ(attached.device, "tee");
	EXPECT_FALSE(attached.registered || attached.access);
	EXPECT_EQ(attached.attached, 1u);
	EXPECT_EQ(listed.device, "vgem");
	EXPECT_EQ(listed.access, "read-write");
	EXPECT_FALSE(listed.registered);
	EXPECT_EQ(both.device, "vskms");
	EXPECT_TRUE(both.registered);
	EXPECT_EQ(both.access, "none");
	EXPECT_EQ(both.attached, 2u);
}

TEST_F(Files, WithoutFilesThereIsNoMaster)
{
	const auto masters = list_masters(
		{.devices = root_ / "a", .policies = root_ / "b", .attachments = root_ / "c"});

	ASSERT_TRUE(masters);
	EXPECT_TRUE(masters->empty());
}

} // namespace
