// SPDX-License-Identifier: GPL-2.0
/*
 * What a protected buffer costs, beside an ordinary one of the system heap: in one run, in
 * one guest, the heaps by turns in every round, so that whatever else slows the guest down
 * slows all of them.
 *
 * usage: heap_bench [ROUNDS]	(100 at least; 200)
 *
 * As root, with secure_heap and vgem loaded: vgem is listed with the heaps while this runs,
 * for an import into it is attach, map, and then unmap and detach.
 */

#include "bench.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <print>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xf86drm.h>

namespace {

using namespace vskms::bench;
using Clock = std::chrono::steady_clock;

struct Heap {
	std::string name;
	std::string column;
	Fd node;

	explicit Heap(std::string heap, std::string heading)
		: name(std::move(heap)), column(std::move(heading)),
		  node(open_or_die("/dev/dma_heap/" + name, O_RDONLY))
	{
	}

	[[nodiscard]] Fd allocate(std::uint64_t size) const
	{
		dma_heap_allocation_data data = {
			.len = size,
			.fd = 0,
			.fd_flags = O_RDWR | O_CLOEXEC,
			.heap_flags = 0,
		};

		if (ioctl(node.get(), DMA_HEAP_IOCTL_ALLOC, &data))
			die(name);
		return Fd(static_cast<int>(data.fd));
	}
};

// Lists vgem in a heap's policy, for as long as it lives.
class Listing {
public:
	explicit Listing(std::string_view heap)
		: directory_("/sys/kernel/config/secure_heap/" + std::string(heap) + "/devices/vgem")
	{
		std::error_code error;

		made_ = std::filesystem::create_directory(directory_, error);
		if (error)
			die(directory_.native(), error.value());
	}
	Listing(const Listing &) = delete;
	Listing &operator=(const Listing &) = delete;
	~Listing()
	{
		if (made_)
			rmdir(directory_.c_str());
	}

private:
	std::filesystem::path directory_;
	bool made_ = false;
};

Fd open_vgem()
{
	for (int i = 0; i < 16; i++) {
		Fd card(open(("/dev/dri/card" + std::to_string(i)).c_str(), O_RDWR | O_CLOEXEC));
		drmVersion *const version = card.get() < 0 ? nullptr : drmGetVersion(card.get());
		const bool found = version && std::string_view(version->name) == "vgem";

		drmFreeVersion(version);
		if (found)
			return card;
	}
	die("no vgem card; modprobe vgem", ENODEV);
}

template <typename Step>
Microseconds timed(Step step)
{
	const auto begin = Clock::now();

	step();
	return Clock::now() - begin;
}

// The first column is what the others are compared with, if there is anything in it.
void print_row(std::string_view what, std::vector<Samples> columns)
{
	std::print("{:24}", what);
	for (Samples &column : columns)
		std::print(" {:>24}", column.empty() ? "-" : column.text());
	if (!columns[0].empty())
		for (Samples &column : std::span(columns).subspan(1))
			std::print(" {:>6.2f}x", column.at(0.5) / columns[0].at(0.5));
	std::println("");
}

// How long scrubbing takes, by the module's tracepoints: scrub before it, and free after.
class ScrubTrace {
public:
	ScrubTrace()
	{
		write_file(tracefs + "trace", "");
		switch_to("1");
	}
	ScrubTrace(const ScrubTrace &) = delete;
	ScrubTrace &operator=(const ScrubTrace &) = delete;
	~ScrubTrace() { switch_to("0"); }

	// For each heap, in the order given.
	[[nodiscard]] std::vector<Samples> end(std::span<const Heap> heaps)
	{
		std::vector<Samples> samples(heaps.size());
		std::ifstream file(tracefs + "trace");
		std::string line;
		double began = 0;

		switch_to("0");
		while (std::getline(file, line)) {
			// TASK-PID [CPU] FLAGS SECONDS: EVENT: heap=NAME ...
			const auto event = line.find(": scrub: ");
			const auto end = event == line.npos ? line.find(": free: ") : event;

			if (line.starts_with('#') || end == line.npos)
				continue;
			const double time = std::stod(line.substr(line.rfind(' ', end - 1)));

			if (event != line.npos) {
				began = time;
				continue;
			}
			for (std::size_t i = 0; i < heaps.size(); i++)
				if (line.contains("heap=" + heaps[i].name + " "))
					samples[i].add(Microseconds((time - began) * 1e6));
		}
		return samples;
	}

private:
	static void switch_to(std::string_view enable)
	{
		write_file(tracefs + "events/secure_heap/scrub/enable", enable);
		write_file(tracefs + "events/secure_heap/free/enable", enable);
	}
};

void bench_alloc(std::span<const Heap> heaps, int rounds)
{
	static constexpr std::array<std::pair<std::uint64_t, std::string_view>, 3> sizes = {{
		{4 << 10, "4K"}, {1 << 20, "1M"}, {8 << 20, "8M"},
	}};

	for (const auto &[size, name] : sizes) {
		std::vector<Samples> allocate(heaps.size()), free(heaps.size()), both(heaps.size());
		ScrubTrace trace;

		for (int round = 0; round < rounds; round++) {
			for (std::size_t i = 0; i < heaps.size(); i++) {
				Fd buffer;
				const auto a = timed([&] { buffer = heaps[i].allocate(size); });
				const auto f = timed([&] { buffer.reset(); });

				allocate[i].add(a);
				free[i].add(f);
				both[i].add(a + f);
			}
		}
		print_row(std::string(name) + " alloc", allocate);
		print_row(std::string(name) + " free", free);
		print_row(std::string(name) + " alloc+free", both);
		print_row(std::string(name) + " scrub alone", trace.end(heaps));
	}
}

void bench_import(std::span<const Heap> heaps, int rounds)
{
	const Fd card = open_vgem();
	std::vector<Samples> both(heaps.size());

	for (int round = 0; round < rounds; round++) {
		for (std::size_t i = 0; i < heaps.size(); i++) {
			const Fd buffer = heaps[i].allocate(1 << 20);

			both[i].add(timed([&] {
				std::uint32_t handle;

				if (drmPrimeFDToHandle(card.get(), buffer.get(), &handle))
					die("import into vgem of " + heaps[i].name);
				drmCloseBufferHandle(card.get(), handle);
			}));
		}
	}
	print_row("1M attach+map, unmap+detach", both);
}

void bench_edges(const Heap &dynamic, int rounds)
{
	std::vector<Samples> reserve(1), release(1);

	for (int round = 0; round < rounds; round++) {
		Fd buffer;

		reserve[0].add(timed([&] { buffer = dynamic.allocate(4096); }));
		release[0].add(timed([&] { buffer.reset(); }));
	}
	std::println("the dynamic heap's edges, {} rounds:", rounds);
	print_row("first alloc: reserve", reserve);
	print_row("last free: release", release);
}

} // namespace

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? std::atoi(argv[1]) : 200;

	if (argc > 2 || rounds < 100) {
		std::println(stderr, "usage: heap_bench [ROUNDS]\t(100 at least)");
		return 2;
	}

	std::vector<Heap> heaps;

	heaps.emplace_back("system", "system");
	heaps.emplace_back("protected,secure-video", "carve-out");
	heaps.emplace_back("protected,secure-video-dynamic", "dynamic");

	const Listing listed(heaps[1].name);
	const Listing listed_too(heaps[2].name);

	bench_edges(heaps[2], 20);
	std::println("microseconds, median (10%-90%) of {} rounds; then by how much of system:", rounds);
	std::print("{:24}", "");
	for (const Heap &heap : heaps)
		std::print(" {:>24}", heap.column);
	std::println("");

	// Keeps the dynamic heap reserved: else each round would be its edges.
	const Fd held = heaps[2].allocate(4096);

	bench_alloc(heaps, rounds);
	bench_import(heaps, rounds);
	return 0;
}
