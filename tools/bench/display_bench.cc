// SPDX-License-Identifier: GPL-2.0
/*
 * The display against vkms: the same scenes (drm/bench/scenes.hpp) on both cards, in one run,
 * in one guest, each scene on one card and then on the other.
 *
 * usage: display_bench [FRAMES [SECONDS [SCENE...]]]	(100; 60; all)
 *
 * Each measurement is of so many frames, or of as many as there are in so many seconds, but of ten
 * at least. Where there were fewer their number is printed.
 *
 * As root, with vskms and vkms loaded, vkms with overlays, cursor and writeback.
 *
 * What is measured is the elapsed time of a composition work item, from
 * workqueue_execute_start to workqueue_execute_end of the driver's worker:
 *
 *	with CRC	while the CRTC's CRC is read, and nothing is committed. vskms composes to
 *			a line of XRGB8888 and takes its CRC; vkms to one of ARGB16161616.
 *	written back	of frames with a writeback to an XRGB8888 buffer, which are the items
 *			that signal its fence. CRCs are not asked for; vkms takes them all the
 *			same, vskms does not.
 *	alone		neither has an item that composes for nobody, so this is to our
 *			disadvantage: of vskms it is "written back", as it composes where the image
 *			is, and so with storing the image; of vkms it is "with CRC" less what
 *			crc32_le() takes in a frame, as the function graph tracer has it, and so
 *			less a part of the tracer's own time. That is measured once, apart from
 *			the items, which the tracer would slow down. A difference of two medians,
 *			it has no range.
 *
 * All else that an item does is in each number: reading the commit's planes, the entry for the
 * CRC's file, vkms's allocation of two lines, and opening and closing vskms's buffers.
 */

#include "../../drm/bench/scenes.hpp"
#include "bench.hpp"
#include "card.hpp"
#include "trace.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <print>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace vskms::bench;

// First ones are left out: their code is not translated yet, or not in the cache.
constexpr int warm_up = 3;

struct Driver {
	std::string name;
	std::string worker;	// the function that composes
	Card card;

	Driver(std::string driver, std::string function)
		: name(std::move(driver)), worker(std::move(function)), card(name) {}
};

// The word that ends where @end is.
double number_before(std::string_view line, std::size_t end)
{
	const auto begin = line.find_last_of(" \t", end - 1) + 1;
	double value = 0;

	std::from_chars(line.data() + begin, line.data() + end, value);
	return value;
}

struct Item {
	Microseconds time;
	bool wrote_back;
};

// Makes items of a driver's lines in the trace:
// TASK-PID [CPU] FLAGS SECONDS: EVENT: ... function WORKER ..., or ... driver=NAME ...
class Items {
public:
	explicit Items(const Driver &driver)
		: worker_("function " + driver.worker), fence_("driver=" + driver.name + " ") {}

	[[nodiscard]] std::optional<Item> add(std::string_view line)
	{
		if (const auto at = line.find(": dma_fence_signaled: "); at != line.npos) {
			wrote_back_ = wrote_back_ || line.contains(fence_);
		} else if (const auto at = line.find(": workqueue_execute_start: ");
			   at != line.npos && line.contains(worker_)) {
			began_ = number_before(line, at);
			running_ = true;
			wrote_back_ = false;
		} else if (const auto at = line.find(": workqueue_execute_end: ");
			   at != line.npos && line.contains(worker_) && running_) {
			running_ = false;
			return Item{Microseconds((number_before(line, at) - began_) * 1e6),
				    wrote_back_};
		}
		return std::nullopt;
	}

	[[nodiscard]] bool running() const { return running_; }

private:
	std::string worker_, fence_;
	double began_ = 0;
	bool running_ = false;
	bool wrote_back_ = false;
};

// The CRTC's CRCs are taken for as long as it lives, and read.
class Crc {
public:
	explicit Crc(const Card &card)
	{
		write_file(card.debugfs() + "crc/control", "auto");
		data_ = open_or_die(card.debugfs() + "crc/data", O_RDONLY | O_NONBLOCK);
	}

	// Reads them until @trace has more.
	void wait(const Trace &trace) const
	{
		pollfd files[2] = {{trace.get(), POLLIN, 0}, {data_.get(), POLLIN, 0}};
		char text[4096];

		if (poll(files, 2, 10000) <= 0)
			die("nothing is composed", ETIMEDOUT);
		while (read(data_.get(), text, sizeof text) > 0)
			;
	}

private:
	Fd data_;
};

void trace_items(Trace &trace)
{
	trace.enable("workqueue/workqueue_execute_start");
	trace.enable("workqueue/workqueue_execute_end");
	trace.enable("dma_fence/dma_fence_signaled");
}

// When a measurement ends.
class Limit {
public:
	Limit(int frames, int seconds)
		: frames_(frames), end_(Clock::now() + std::chrono::seconds(seconds)) {}

	[[nodiscard]] bool reached(int frames) const
	{
		return frames >= frames_ || (frames >= fewest && Clock::now() >= end_);
	}

	static constexpr int fewest = 10;

private:
	using Clock = std::chrono::steady_clock;

	int frames_;
	Clock::time_point end_;
};

Samples with_crc(const Driver &driver, const Limit &limit)
{
	Trace trace;
	Items items(driver);
	Samples samples;

	trace_items(trace);

	const Crc crc(driver.card);

	for (int frame = -warm_up; !limit.reached(frame);) {
		const auto line = trace.line();

		if (!line)
			crc.wait(trace);
		else if (const auto item = items.add(*line); item && frame++ >= 0)
			samples.add(item->time);
	}
	return samples;
}

// Adds what is traced to @samples, until nothing is for two frames.
void collect(Trace &trace, Items &items, Samples &samples)
{
	for (;;) {
		const auto line = trace.line();

		if (line) {
			const auto item = items.add(*line);

			if (item && item->wrote_back)
				samples.add(item->time);
			continue;
		}

		pollfd file{trace.get(), POLLIN, 0};

		if (poll(&file, 1, 33) <= 0 && !items.running())
			return;
	}
}

Samples written_back(Driver &driver, const Limit &limit)
{
	const Buffer to(driver.card.get(), DRM_FORMAT_XRGB8888, width, height);
	Trace trace;
	Items items(driver);
	Samples samples, warm;

	trace_items(trace);
	for (int frame = -warm_up; !limit.reached(frame); frame++) {
		driver.card.write_back(to);
		collect(trace, items, frame < 0 ? warm : samples);
	}
	return samples;
}

/*
 * What crc32_le() takes in an item. Only it and the worker are traced, and only the worker calls
 * it while nothing else happens, so what the tracer says is, with CPU and some blanks,
 *
 *	         |  WORKER() {
 *	12.3 us  |    crc32_le();
 *	456.7 us |  }
 */
Samples crc_alone(const Driver &driver, const Limit &limit)
{
	Trace trace("function_graph", "crc32_le " + driver.worker);
	Samples samples;
	double sum = 0;
	int depth = 0;
	const Crc crc(driver.card);

	for (int frame = -warm_up; !limit.reached(frame);) {
		const auto line = trace.line();

		if (!line) {
			crc.wait(trace);
			continue;
		}

		const auto unit = line->find(" us ");
		const bool ends = line->contains('}');

		depth += line->ends_with('{');
		depth -= ends;
		if (unit == line->npos)
			continue;
		if (depth || !ends) {	// in the worker
			sum += number_before(*line, unit);
			continue;
		}
		if (frame++ >= 0)
			samples.add(Microseconds(sum));
		sum = 0;
	}
	return samples;
}

constexpr double milliseconds = 1000;

std::string text_of(const Samples &samples, int frames)
{
	const std::size_t n = samples.size();

	return samples.text(milliseconds) +
	       (n < static_cast<std::size_t>(frames) ? std::format(" n={}", n) : "");
}

void print_row(const std::string &what, const Samples &ours, const Samples &theirs, int frames)
{
	std::println("{:20} {:>26} {:>26} {:>6.1f}x", what, text_of(ours, frames),
		     text_of(theirs, frames), theirs.at(0.5) / ours.at(0.5));
}

// Shows a scene on a card for as long as it lives.
class Shown {
public:
	Shown(Driver &driver, const Scene &scene) : driver_(driver)
	{
		std::vector<Placed> placed;

		for (const Layer &layer : scene.all())
			placed.push_back(make(layer, placed.empty()));
		driver_.card.show(placed);
	}
	Shown(const Shown &) = delete;
	Shown &operator=(const Shown &) = delete;
	~Shown() { driver_.card.off(); }

private:
	Placed make(const Layer &layer, bool primary)
	{
		const std::uint32_t format = layer.kind == Layer::xrgb ? DRM_FORMAT_XRGB8888 :
					     layer.kind == Layer::nv12 ? DRM_FORMAT_NV12 :
									 DRM_FORMAT_ARGB8888;
		const Buffer &buffer = *buffers_.emplace_back(std::make_unique<Buffer>(
			driver_.card.get(), format, layer.width, layer.height));

		paint(layer, buffer.rows(), buffer.pitch());
		return {primary ? DRM_PLANE_TYPE_PRIMARY :
			layer.cursor ? DRM_PLANE_TYPE_CURSOR : DRM_PLANE_TYPE_OVERLAY,
			&buffer, layer.x, layer.y, layer.rotated};
	}

	Driver &driver_;
	std::vector<std::unique_ptr<Buffer>> buffers_;
};

struct Extent {
	int frames, seconds;
};

void bench(Driver &ours, Driver &theirs, const Scene &scene, Extent extent, double their_crc)
{
	const auto on = [&](Driver &driver, auto measure) {
		const Shown shown(driver, scene);

		return measure(driver, Limit(extent.frames, extent.seconds));
	};
	const Samples our_crcs = on(ours, with_crc), their_crcs = on(theirs, with_crc);
	const Samples our_images = on(ours, written_back), their_images = on(theirs, written_back);
	const double their_rest = their_crcs.at(0.5) - their_crc;

	std::println("{:20} {:>26} {:>26.1f} {:>6.1f}x", std::format("{} alone", scene.name),
		     text_of(our_images, extent.frames), their_rest / milliseconds,
		     their_rest / our_images.at(0.5));
	print_row(std::format("{} with CRC", scene.name), our_crcs, their_crcs, extent.frames);
	print_row(std::format("{} written back", scene.name), our_images, their_images,
		  extent.frames);
	std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv)
{
	const Extent extent{argc > 1 ? std::atoi(argv[1]) : 100, argc > 2 ? std::atoi(argv[2]) : 60};
	const std::vector<std::string_view> wanted(argv + std::min(argc, 3), argv + argc);

	if (extent.frames < Limit::fewest || extent.seconds < 1) {
		std::println(stderr, "usage: display_bench [FRAMES [SECONDS [SCENE...]]]\t({} at least)",
			     Limit::fewest);
		return 2;
	}

	Driver ours("vskms", "vskms_compose"), theirs("vkms", "vkms_composer_worker");

	std::println("milliseconds, median (10%-90%) of {} frames of {}x{}; then by how much less:",
		     extent.frames, width, height);
	std::println("{:20} {:>26} {:>26}", "", ours.name, theirs.name);

	const Samples their_crc = [&] {
		const Shown shown(theirs, scenes[0]);

		return crc_alone(theirs, Limit(extent.frames, extent.seconds));
	}();

	std::println("{:20} {:>26} {:>26}", "crc32_le(), traced", "",
		     text_of(their_crc, extent.frames));
	for (const Scene &scene : scenes)
		if (wanted.empty() || std::ranges::contains(wanted, scene.name))
			bench(ours, theirs, scene, extent, their_crc.at(0.5));
	return 0;
}
