// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells of planes, and in its log. */

#include "kernel_log.hpp"
#include "plane_state.hpp"

#include <gtest/gtest.h>

namespace {

using namespace vskms::svp;

constexpr const char *state = R"(colorop[42]:
	type=1D Curve
	next=47
plane[35]: plane-0
	crtc=crtc-0
	fb=230
		allocated by = weston
		refcount=2
		format=XR24 little-endian (0x34325258)
		modifier=0x0
		size=640x480
		layers:
			size[0]=640x480
			pitch[0]=2560
			offset[0]=0
			obj[0]:
				name=0
				refcount=4
				start=00100000
				size=1228800
				imported=no
	crtc-pos=640x480+0+0
	src-pos=640.000000x480.000000+0.000000+0.000000
	rotation=1
	normalized-zpos=1
plane[96]: plane-1
	crtc=(null)
	fb=0
	crtc-pos=0x0+0+0
	rotation=1
	normalized-zpos=0
plane[157]: plane-2
	crtc=crtc-0
	fb=231
		allocated by = weston
		refcount=2
		format=NV12 little-endian (0x3231564e)
		modifier=0x0
		size=320x240
		layers:
			size[0]=320x240
			pitch[0]=320
			offset[0]=0
			obj[0]:
				name=0
				refcount=3
				start=0010012c
				size=77824
				imported=yes
			size[1]=160x120
			pitch[1]=320
			offset[1]=0
			obj[1]:
				name=0
				refcount=3
				start=0010013f
				size=40960
				imported=yes
	crtc-pos=320x240-20+60
	src-pos=320.000000x240.000000+0.000000+0.000000
	rotation=12
	normalized-zpos=a
crtc[218]: crtc-0
	enable=1
	fb=77
)";

TEST(PlaneState, IsOfPlanesThatShowSomething)
{
	const auto planes = parse_plane_states(state);

	ASSERT_EQ(planes.size(), 2u);
	EXPECT_EQ(planes[0].name, "plane-0");
	EXPECT_EQ(planes[0].id, 35u);
	EXPECT_EQ(planes[0].framebuffer, 230u);
	EXPECT_EQ(planes[0].format, "XR24");
	EXPECT_EQ(planes[0].objects, 1u);
	EXPECT_FALSE(planes[0].imported);
	EXPECT_EQ(planes[1].name, "plane-2");
	EXPECT_EQ(planes[1].format, "NV12");
	EXPECT_EQ(planes[1].width, 320u);
	EXPECT_EQ(planes[1].height, 240u);
	EXPECT_EQ(planes[1].objects, 2u);
	EXPECT_TRUE(planes[1].imported);
	EXPECT_EQ(planes[1].area, (Area{.x = -20, .y = 60, .width = 320, .height = 240}));
	EXPECT_EQ(planes[1].rotation, 0x12u);
	EXPECT_EQ(planes[1].position, 10u);
}

TEST(PlaneState, OfAnOddTextIsNothing)
{
	for (const char *text :
	     {"", "\n", "plane[", "plane[35]", "plane[x]: a\n\tfb=3\n", "\tfb=1\n"})
		EXPECT_TRUE(parse_plane_states(text).empty()) << text;
}

TEST(KernelMessage, HasLevelAndText)
{
	const auto message = KernelMessage::parse("4,1234,5678,-;vskms: so it is; really\n"
						  " SUBSYSTEM=faux\n");

	ASSERT_TRUE(message);
	EXPECT_EQ(message->level, 4u);
	EXPECT_EQ(message->text, "vskms: so it is; really");
	EXPECT_TRUE(message->complaint());
	EXPECT_FALSE(KernelMessage::parse("5,1,2,-;a notice")->complaint());
	EXPECT_FALSE(KernelMessage::parse("4,1,2,-;a warning")->stall());
	// Which may be a driver's doing, and its own.
	EXPECT_TRUE(KernelMessage::parse("4,1,2,-;hrtimer: interrupt took 20153472 ns")->complaint());

	const auto stall = KernelMessage::parse("4,1,2,-;sched: DL replenish lagged too much");

	ASSERT_TRUE(stall);
	EXPECT_TRUE(stall->stall());
	EXPECT_FALSE(stall->complaint());
}

TEST(KernelMessage, IsNotTheRestOfOneBefore)
{
	EXPECT_FALSE(KernelMessage::parse("4,9,8,c; likely on CPU 0 (core 0, socket 0)"));
	EXPECT_FALSE(KernelMessage::parse("4,9,8,c,caller=T7; likely on CPU 0"));
	EXPECT_TRUE(KernelMessage::parse("4,9,8,-,caller=C0;a warning,c"));
}

TEST(KernelMessage, IsTheKernels)
{
	// 30: a daemon's, of level 6.
	for (const char *record : {"", ";", "30,1,2,-;systemd", "x,1;text", "4;text", "4,1,2,-"})
		EXPECT_FALSE(KernelMessage::parse(record)) << record;
}

} // namespace
