// SPDX-License-Identifier: GPL-2.0
#include "stage.hpp"

#include "capture.hpp"
#include "wayland_client.hpp"

#include <cerrno>
#include <cstdlib>
#include <format>
#include <system_error>

namespace vskms::svp {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds answer(10);
constexpr std::chrono::seconds farewell(5);

/* Of a chart's file; whoever shows it scales it. */
constexpr std::uint32_t chart_width = 480;
constexpr std::uint32_t chart_height = 360;

/*
 * Until a compositor's screen is taken for settled: looks at it, of which one of one colour
 * needs more; and how long that may take.
 */
constexpr unsigned int unchanged = 4;
constexpr unsigned int unchanged_uniform = 10;
constexpr std::chrono::milliseconds between_looks(500);
constexpr std::chrono::seconds slow_start(20);

bool uniform(const Picture &picture)
{
	for (std::uint32_t y = 0; y < picture.height(); y++)
		for (std::uint32_t x = 0; x < picture.width(); x++)
			if (picture.at(x, y) != picture.at(0, 0))
				return false;
	return true;
}

} // namespace

Stage::Stage(std::vector<std::string> command, TestDisplay display, const Signals &signals)
    : command_(std::move(command)), display_(std::move(display)), signals_(&signals)
{
}

Stage::~Stage()
{
	std::error_code none;

	strike();
	if (!directory_.empty())
		fs::remove_all(directory_, none);
}

void Stage::strike()
{
	shared.reset();
	if (compositor_)
		compositor_->end(Deadline(farewell));
	compositor_.reset();
	globals_.clear();
}

Result<void> Stage::set(const TestDisplay::Setup &setup, const Deadline &deadline)
{
	if (wrong_ && display_.setup() == setup)
		return failure(std::format("not tried, as {}", wrong_->what));
	if (running() && display_.loaded() && display_.setup() == setup)
		return {};
	strike();
	wrong_.reset();
	if (auto loaded = display_.load(setup, deadline); !loaded)
		return loaded;
	auto compositor = Compositor::start(command_);

	if (compositor) {
		compositor_ = std::make_unique<Compositor>(std::move(*compositor));
		auto ready = compositor_->ready(deadline);

		if (!ready)
			wrong_ = ready.error();
	} else {
		wrong_ = compositor.error();
	}
	if (wrong_)
		return Failure(*wrong_);
	settle(deadline);
	return learn();
}

/* What the panel shows; empty if it is dark. */
std::optional<Picture> Stage::look() const
{
	auto card = display_.card();

	if (!card)
		return std::nullopt;
	auto source = open_panel(*card, std::nullopt);

	if (!source)
		return std::nullopt;
	auto picture = (*source)->next(*signals_);

	return picture ? std::move(*picture) : std::nullopt;
}

/*
 * A compositor accepts clients before it is itself: its desktop fades in, panels appear and
 * move windows. That is over when there is something on the screen that does not change; or
 * one that shows nothing has had its time for that.
 */
void Stage::settle(const Deadline &deadline)
{
	const Deadline patience = deadline.within(slow_start);
	std::optional<Picture> last;
	unsigned int same = 0;

	for (; running() && !patience.over(); patience.sleep(between_looks)) {
		std::optional<Picture> picture = look();

		same = picture && picture == last ? same + 1 : 0;
		last = std::move(picture);
		if (same >= unchanged_uniform || (same >= unchanged && !uniform(*last)))
			return;
	}
}

Result<void> Stage::learn()
{
	auto client = WaylandClient::connect(compositor_->socket(), *signals_, answer);

	if (!client)
		return failure(std::move(client));
	globals_.clear();
	for (const auto &[interface, global] : (*client)->globals())
		globals_.emplace(interface, global.version);
	return {};
}

std::string Stage::log() const
{
	return compositor_ ? compositor_->output() : "";
}

Result<std::string> Stage::chart(Chart chart)
{
	if (directory_.empty()) {
		char directory[] = "/tmp/svp-charts-XXXXXX";

		if (!mkdtemp(directory))
			return failure(std::format("{}: cannot make it", directory), errno);
		directory_ = directory;
	}
	const std::string path = directory_ / (chart == Chart::first ? "first.png" : "second.png");

	if (!fs::exists(path))
		if (auto saved = draw_chart(chart, chart_width, chart_height).save_png(path);
		    !saved)
			return failure(std::move(saved));
	return path;
}

} // namespace vskms::svp
