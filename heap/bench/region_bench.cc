// SPDX-License-Identifier: GPL-2.0
/*
 * The region allocator and first fit over a bitmap on the same traces.
 *
 * TRACE/FILL/ALLOCATOR runs a trace in a carve-out that it fills to FILL per cent at its peak, in
 * whole 2 MiB. Time is that of the whole trace; the counters say what one operation takes, and
 * where the space ran out:
 *
 *	alloc, free		ns, mean; _p99: 99 per cent take no longer
 *	large			allocations of a frame of 1080p or more
 *	large_refused		of these; and refused: of all
 *	first_at_%		how full the carve-out was when the first large one was refused;
 *				0: none was
 *	needed_%		the least carve-out in which nothing is refused, of the peak
 *	needed_4K_%		the same if large buffers are aligned to pages, too
 *
 * Latencies are of single operations, each the least of several runs of the trace, so that an
 * interrupt does not count as a slow operation; what reading the clock costs is taken off. Where
 * a buffer just fits is a matter of luck, so what is said of the space is of several seeds: sums
 * of the counts, means of the rest.
 */

#include "bench/allocator.hpp"
#include "bench/trace.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace vskms::bench;

constexpr std::uint64_t base = 0x80000000;
constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t MiB = 1 << 20;
constexpr int runs = 9;	// of which the least counts
constexpr unsigned seeds = 8;

std::uint64_t in_pages(std::uint64_t size)
{
	return (size + page_size - 1) / page_size * page_size;
}

double percent(std::uint64_t part, std::uint64_t whole)
{
	return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

using Align = std::uint64_t(std::uint64_t size);

std::uint64_t to_pages(std::uint64_t)
{
	return page_size;
}

/* Runs @trace until @refuse, called with the op and the bytes in use, says that it is enough. */
template <typename Refuse>
void play(const Trace &trace, Allocator &allocator, Align align, Refuse refuse)
{
	struct Buffer {
		std::uint64_t address = refused;
		std::uint64_t size = 0;
	};

	std::vector<Buffer> buffers(trace.buffers);
	std::uint64_t used = 0;

	for (const Op &op : trace.ops) {
		Buffer &buffer = buffers[op.buffer];

		if (!op.size) {
			if (buffer.address == refused)
				continue;
			allocator.free(buffer.address, buffer.size);
			used -= in_pages(buffer.size);
			continue;
		}
		buffer = {allocator.allocate(op.size, align(op.size)), op.size};
		if (buffer.address != refused)
			used += in_pages(op.size);
		else if (refuse(op, used))
			return;
	}
}

/* The carve-out that @trace fills to @fill per cent at its peak. */
std::uint64_t carveout_of(const Trace &trace, unsigned fill)
{
	return (trace.peak * 100 / fill / (2 * MiB) + 1) * (2 * MiB);
}

struct Outcome {
	unsigned large = 0;
	unsigned refused = 0;
	unsigned large_refused = 0;
	double first_at = 0;	// per cent in use when the first large one was refused
};

Outcome outcome(const Trace &trace, unsigned fill, Make make)
{
	const std::uint64_t carveout = carveout_of(trace, fill);
	Outcome all;

	play(trace, *make(base, carveout), align_of, [&](const Op &op, std::uint64_t used) {
		all.refused++;
		if (op.size >= large && !all.large_refused++)
			all.first_at = percent(used, carveout);
		return false;
	});
	for (const Op &op : trace.ops)
		all.large += op.size >= large;
	return all;
}

/* The same over all seeds of a trace. */
Outcome outcome(const std::vector<Trace> &all, unsigned fill, Make make)
{
	unsigned with_refusals = 0;
	Outcome sum;

	for (const Trace &trace : all) {
		const Outcome one = outcome(trace, fill, make);

		sum.large += one.large;
		sum.refused += one.refused;
		sum.large_refused += one.large_refused;
		sum.first_at += one.first_at;
		with_refusals += one.large_refused > 0;
	}
	if (with_refusals)
		sum.first_at /= with_refusals;
	return sum;
}

/* The least carve-out, in whole MiB, in which nothing is refused: in per cent of the peak. */
double needed(const Trace &trace, Make make, Align align)
{
	for (std::uint64_t size = (trace.peak + MiB - 1) / MiB * MiB;; size += MiB) {
		bool good = true;

		play(trace, *make(base, size), align, [&](const Op &, std::uint64_t) {
			good = false;
			return true;
		});
		if (good)
			return percent(size, trace.peak);
	}
}

double needed(const std::vector<Trace> &all, Make make, Align align)
{
	double sum = 0;

	for (const Trace &trace : all)
		sum += needed(trace, make, align);
	return sum / static_cast<double>(all.size());
}

using Clock = std::chrono::steady_clock;

std::int64_t now()
{
	return std::chrono::duration_cast<std::chrono::nanoseconds>(
		       Clock::now().time_since_epoch())
		.count();
}

/* What it costs to read the clock, which is in each latency. */
std::int64_t clock_cost()
{
	std::int64_t least = std::numeric_limits<std::int64_t>::max();

	for (int i = 0; i < 10000; i++) {
		const std::int64_t start = now();

		least = std::min(least, now() - start);
	}
	return least;
}

struct Latencies {
	std::vector<std::int64_t> allocate;
	std::vector<std::int64_t> free;
};

Latencies latencies(const Trace &trace, Make make, std::uint64_t carveout)
{
	const std::int64_t cost = clock_cost();
	std::vector<std::int64_t> least(trace.ops.size(), std::numeric_limits<std::int64_t>::max());
	std::vector<std::uint64_t> addresses(trace.buffers);
	std::vector<std::uint64_t> sizes(trace.buffers);
	Latencies all;

	for (int run = 0; run < runs; run++) {
		const auto allocator = make(base, carveout);

		for (std::size_t i = 0; i < trace.ops.size(); i++) {
			const Op &op = trace.ops[i];
			std::uint64_t &address = addresses[op.buffer];

			if (!op.size && address == refused)
				continue;

			const std::int64_t start = now();

			if (op.size)
				address = allocator->allocate(op.size, align_of(op.size));
			else
				allocator->free(address, sizes[op.buffer]);
			least[i] = std::min(least[i], now() - start);
			if (op.size)
				sizes[op.buffer] = op.size;
		}
	}
	for (std::size_t i = 0; i < trace.ops.size(); i++) {
		if (least[i] != std::numeric_limits<std::int64_t>::max())
			(trace.ops[i].size ? all.allocate : all.free)
				.push_back(std::max<std::int64_t>(least[i] - cost, 0));
	}
	return all;
}

double mean(const std::vector<std::int64_t> &values)
{
	double sum = 0;

	for (const std::int64_t value : values)
		sum += static_cast<double>(value);
	return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double p99(std::vector<std::int64_t> values)
{
	if (values.empty())
		return 0;

	const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);

	std::nth_element(values.begin(), at, values.end());
	return static_cast<double>(*at);
}

/* A trace with each seed, and what is the same for each fill. */
struct Case {
	std::vector<Trace> seeds;
	Make *make;
	double needed;
	double needed_4K;
};

void run(benchmark::State &state, const Case &with, unsigned fill)
{
	const Trace &trace = with.seeds.front();
	const std::uint64_t carveout = carveout_of(trace, fill);

	for (auto _ : state) {
		play(trace, *with.make(base, carveout), align_of,
		     [](const Op &, std::uint64_t) { return false; });
	}

	const Latencies each = latencies(trace, with.make, carveout);
	const Outcome space = outcome(with.seeds, fill, with.make);

	state.counters = {
		{"alloc", mean(each.allocate)},
		{"alloc_p99", p99(each.allocate)},
		{"free", mean(each.free)},
		{"free_p99", p99(each.free)},
		{"carveout_MiB", static_cast<double>(carveout / MiB)},
		{"large", space.large},
		{"large_refused", space.large_refused},
		{"refused", space.refused},
		{"first_at_%", space.first_at},
		{"needed_%", with.needed},
		{"needed_4K_%", with.needed_4K},
	};
}

void add(const std::vector<Trace> &trace, const std::string &allocator, Make make)
{
	const Case with = {trace, make, needed(trace, make, align_of),
			   needed(trace, make, to_pages)};

	for (const unsigned fill : {70, 80, 90, 95}) {
		const std::string name =
			trace.front().name + "/" + std::to_string(fill) + "/" + allocator;

		benchmark::RegisterBenchmark(name.c_str(), run, with, fill)
			->Unit(benchmark::kMicrosecond);
	}
}

} // namespace

int main(int argc, char **argv)
{
	std::vector<std::vector<Trace>> by_seed;

	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	for (unsigned seed = 1; seed <= seeds; seed++)
		by_seed.push_back(traces(seed));
	for (std::size_t i = 0; i < by_seed.front().size(); i++) {
		std::vector<Trace> trace;

		for (const std::vector<Trace> &all : by_seed)
			trace.push_back(all[i]);
		add(trace, "region", make_region);
		add(trace, "bitmap", make_bitmap);
	}
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}
