// SPDX-License-Identifier: GPL-2.0
/*
 * The compositor, a pipeline like vkms's, and memcpy(), on the same scenes (scenes.hpp).
 *
 * SCENE/PIPELINE/CONSUMER. The consumer alone gets nothing done with the lines; crc takes the
 * CRC32 of each, of four bytes a pixel from the compositor and eight from the other, by tables,
 * eight bytes a step; writeback writes an XRGB8888 image. Of vkms there is one more number,
 * "bare": without its pass through an empty colour pipeline.
 *
 * What is measured, compositor.cc and vkms_like.cc, is to be compiled as the kernel would, without
 * vector registers: -O2 -ffreestanding -fno-exceptions -fno-rtti -mgeneral-regs-only
 * -mno-red-zone -fno-strict-aliasing. memcpy() is the C library's and has them.
 */

#include "bench/scenes.hpp"
#include "bench/vkms_like.hpp"
#include "compositor/compositor.h"
#include "compositor/format.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace vskms;
using namespace vskms::bench;

using Bytes = std::vector<std::uint8_t>;

/* A scene with its pixels, for both. */
struct Picture {
	std::vector<Bytes> bytes;
	std::vector<compositor_plane> planes;
	std::vector<compositor_memory> memory;
	std::vector<VkmsPlane> vkms;

	explicit Picture(const bench::Scene &scene)
	{
		for (const Layer &layer : scene.all())
			add(layer);
	}

private:
	void add(const Layer &layer)
	{
		const int w = layer.width, h = layer.height;
		const bool yuv = layer.kind == Layer::nv12;
		const unsigned int pitch = yuv ? w : 4 * w;
		Bytes &all = bytes.emplace_back(std::size_t{pitch} * (yuv ? h * 3 / 2 : h));
		const std::uint8_t *const chroma = all.data() + std::size_t{pitch} * h;
		compositor_plane &plane = planes.emplace_back();

		paint(layer, all.data(), pitch);
		plane.format = yuv ? fourcc("NV12") :
			       layer.kind == Layer::xrgb ? fourcc("XR24") : fourcc("AR24");
		plane.fb_width = plane.src_w = w;
		plane.fb_height = plane.src_h = h;
		plane.pitch[0] = plane.pitch[1] = pitch;
		plane.dst_x = layer.x;
		plane.dst_y = layer.y;
		plane.rotation = layer.rotated ? 2 : 1;
		plane.alpha = 65535;
		plane.range = COMPOSITOR_FULL;
		memory.push_back({{all.data(), chroma, nullptr}});
		vkms.push_back({yuv ? VkmsPlane::nv12 :
				layer.kind == Layer::xrgb ? VkmsPlane::xrgb : VkmsPlane::argb,
				{all.data(), chroma}, {pitch, pitch}, layer.x, layer.y,
				layer.rotated ? h : w, layer.rotated ? w : h, layer.rotated});
	}
};

/* CRC32, eight bytes a step. */
class Crc {
public:
	Crc()
	{
		for (std::uint32_t i = 0; i < 256; i++) {
			std::uint32_t v = i;

			for (int bit = 0; bit < 8; bit++)
				v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
			table_[0][i] = v;
		}
		for (int t = 1; t < 8; t++)
			for (int i = 0; i < 256; i++)
				table_[t][i] = table_[t - 1][i] >> 8 ^
					       table_[0][table_[t - 1][i] & 0xff];
	}

	void add(const void *data, std::size_t bytes)
	{
		const auto *p = static_cast<const std::uint8_t *>(data);

		for (; bytes >= 8; bytes -= 8, p += 8) {
			std::uint64_t v;

			std::memcpy(&v, p, 8);
			v ^= value;
			value = table_[7][v & 0xff] ^ table_[6][v >> 8 & 0xff] ^
				table_[5][v >> 16 & 0xff] ^ table_[4][v >> 24 & 0xff] ^
				table_[3][v >> 32 & 0xff] ^ table_[2][v >> 40 & 0xff] ^
				table_[1][v >> 48 & 0xff] ^ table_[0][v >> 56];
		}
	}

	std::uint32_t value = 0;

private:
	std::array<std::array<std::uint32_t, 256>, 8> table_;
};

enum class Consumer { alone, crc, writeback };

void ours(benchmark::State &state, const Picture &scene, Consumer consumer)
{
	const compositor_scene from{width, height, 0, unsigned(scene.planes.size()),
				    scene.planes.data(), nullptr, nullptr};
	compositor *made = nullptr;

	if (compositor_create(&from, &made))
		std::abort();

	std::vector<std::uint64_t> scratch(compositor_scratch(made) / 8 + 1);
	std::vector<std::uint32_t> image(width * height);
	const compositor_target target{image.data(), 4 * width, fourcc("XR24")};
	Crc crc;
	const compositor_line add = [](void *context, const void *line, unsigned int bytes) {
		static_cast<Crc *>(context)->add(line, bytes);
	};
	const compositor_line nothing = [](void *, const void *line, unsigned int) {
		benchmark::DoNotOptimize(line);
	};

	for (auto _ : state)
		compositor_run(made, scene.memory.data(), scratch.data(),
			       consumer == Consumer::writeback ? &target : nullptr,
			       consumer == Consumer::crc ? add :
			       consumer == Consumer::alone ? nothing : nullptr, &crc);
	compositor_destroy(made);
}

void theirs(benchmark::State &state, const Picture &scene, Consumer consumer, bool pipeline)
{
	const VkmsScene from{width, height, scene.vkms.data(), unsigned(scene.vkms.size()),
			     pipeline};
	std::vector<Pixel64> line(width), stage(width);
	std::vector<std::uint32_t> image(width * height);
	Crc crc;
	const VkmsLine add = [](void *context, const Pixel64 *p, unsigned int n) {
		static_cast<Crc *>(context)->add(p, 8 * n);
	};
	const VkmsLine nothing = [](void *, const Pixel64 *p, unsigned int) {
		benchmark::DoNotOptimize(p);
	};

	for (auto _ : state)
		vkms_run(from, line.data(), stage.data(),
			 consumer == Consumer::writeback ? image.data() : nullptr,
			 consumer == Consumer::crc ? add : nothing, &crc);
}

/* The same frame from both, but for YUV, whose rounding differs. */
void check(const std::string &name, const Picture &scene)
{
	const compositor_scene from{width, height, 0, unsigned(scene.planes.size()),
				    scene.planes.data(), nullptr, nullptr};
	compositor *made = nullptr;

	if (compositor_create(&from, &made))
		std::abort();

	std::vector<std::uint64_t> scratch(compositor_scratch(made) / 8 + 1);
	std::vector<std::uint32_t> image(width * height), other(width * height);
	std::vector<Pixel64> line(width), stage(width);
	const compositor_target target{image.data(), 4 * width, fourcc("XR24")};
	const VkmsScene vkms{width, height, scene.vkms.data(), unsigned(scene.vkms.size()), true};

	compositor_run(made, scene.memory.data(), scratch.data(), &target, nullptr, nullptr);
	compositor_destroy(made);
	vkms_run(vkms, line.data(), stage.data(), other.data(), nullptr, nullptr);
	for (std::size_t i = 0; i < image.size(); i++) {
		for (int at = 0; at < 24; at += 8) {
			const int a = image[i] >> at & 0xff, b = other[i] >> at & 0xff;

			if (std::abs(a - b) > (name == "nv12" || name == "osd")) {
				std::fprintf(stderr, "%s: pixel %zu: %08x and %08x\n", name.c_str(),
					     i, image[i], other[i]);
				std::exit(1);
			}
		}
	}
}

void copy(benchmark::State &state)
{
	const Picture picture(scenes[0]);
	const Bytes &from = picture.bytes[0];
	Bytes to(from.size());

	for (auto _ : state) {
		std::memcpy(to.data(), from.data(), from.size());
		benchmark::DoNotOptimize(to.data());
		benchmark::ClobberMemory();
	}
}

} // namespace

int main(int argc, char **argv)
{
	std::vector<std::unique_ptr<Picture>> pictures;

	benchmark::RegisterBenchmark("memcpy", copy)->Unit(benchmark::kMicrosecond);
	for (const bench::Scene &from : scenes) {
		const Picture &scene = *pictures.emplace_back(std::make_unique<Picture>(from));
		const std::string name(from.name);

		check(name, scene);
		for (const auto &[what, consumer] : {std::pair{"alone", Consumer::alone},
						     std::pair{"crc", Consumer::crc},
						     std::pair{"writeback", Consumer::writeback}}) {
			const auto name_of = [&](const char *who) {
				return name + "/" + who + "/" + what;
			};
			const Consumer to = consumer;

			benchmark::RegisterBenchmark(name_of("ours"), [&scene, to](auto &state) {
				ours(state, scene, to);
			})->Unit(benchmark::kMicrosecond);
			benchmark::RegisterBenchmark(name_of("vkms"), [&scene, to](auto &state) {
				theirs(state, scene, to, true);
			})->Unit(benchmark::kMicrosecond);
			if (consumer == Consumer::alone)
				benchmark::RegisterBenchmark(name_of("bare"),
							     [&scene, to](auto &state) {
					theirs(state, scene, to, false);
				})->Unit(benchmark::kMicrosecond);
		}
	}
	benchmark::Initialize(&argc, argv);
	benchmark::RunSpecifiedBenchmarks();
	return 0;
}
