// SPDX-License-Identifier: GPL-2.0
#include "test_display.hpp"

#include "file.hpp"
#include "job.hpp"
#include "screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <format>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

namespace fs = std::filesystem;

const fs::path module = "/sys/module/vskms";
constexpr unsigned int drm_major = 226;

/* VESA DMT 09h, 800x600 at 60 Hz, as the 18 bytes of a detailed timing (E-EDID, 3.10.2). */
constexpr std::array<std::uint8_t, 18> other_timing = {
	0xa0, 0x0f,		      // 40.00 MHz
	0x20, 0x00, 0x31,	      // 800 pixels and 256 of blanking
	0x58, 0x1c, 0x20,	      // 600 lines and 28
	0x28, 0x80, 0x14, 0x00,	      // synchronised 40 pixels and 1 line later, for 128 and 4
	0x00, 0x00, 0x00, 0x00, 0x00, // of no size in millimetres, without borders
	0x1e,			      // both pulses positive
};
constexpr std::size_t edid_size = 128;
constexpr std::size_t edid_timing = 54;

Result<void> write_text(const fs::path &path, std::string_view text)
{
	auto file = open_file(path, O_WRONLY);

	if (!file)
		return failure(std::move(file));
	return write_all(file->get(), std::as_bytes(std::span(text)), path.string());
}

/* "weston (123)", who has a card open; empty if that is nobody or cannot be told. */
std::string user_of_a_card()
{
	std::error_code none;

	for (auto process = fs::directory_iterator("/proc", none);
	     process != fs::directory_iterator(); process.increment(none)) {
		const std::string pid = process->path().filename();

		if (!std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; }))
			continue;
		for (auto file = fs::directory_iterator(process->path() / "fd", none);
		     file != fs::directory_iterator(); file.increment(none)) {
			struct stat status;

			if (stat(file->path().c_str(), &status) || !S_ISCHR(status.st_mode) ||
			    major(status.st_rdev) != drm_major)
				continue;
			auto name = read_text(process->path() / "comm");

			if (name && name->ends_with('\n'))
				name->pop_back();
			return std::format("{} ({})", name ? *name : "?", pid);
		}
	}
	return {};
}

constexpr const char *in_use = "vskms is in use, and is not taken from who uses it";

bool is_free()
{
	return read_number(module / "refcnt").value_or(0) == 0;
}

/*
 * Some leave their last picture on the screen when they end (DRM_IOCTL_MODE_CLOSEFB, as all
 * of wlroots' do), so that who comes next need not begin with black. If a buffer of it was
 * exported, that keeps the module although nobody has the card open. There is no more than the
 * one card that the module makes by itself: configfs's devices keep it in use in any case.
 */
void take_down_picture()
{
	// If it does not succeed the module stays in use, and of that it is told.
	if (auto card = Card::open("vskms"))
		(void)Screen::all_off(*card);
}

/* Of the module that is loaded; those that were never given have no value that could be. */
std::vector<std::string> parameters()
{
	std::vector<std::string> all;
	std::error_code none;

	for (auto entry = fs::directory_iterator(module / "parameters", none);
	     entry != fs::directory_iterator(); entry.increment(none)) {
		auto value = read_text(entry->path());

		if (!value)
			continue;
		if (value->ends_with('\n'))
			value->pop_back();
		if (!value->empty() && *value != "(null)")
			all.push_back(
				std::format("{}={}", entry->path().filename().string(), *value));
	}
	std::ranges::sort(all);
	return all;
}

Result<void> modprobe(std::vector<std::string> arguments, const Deadline &deadline)
{
	arguments.insert(arguments.begin(), "modprobe");
	auto job = Job::start(arguments);

	if (!job)
		return failure(std::move(job));
	if (!job->wait(deadline))
		return failure("modprobe: it did not end in time");
	if (job->status() == 0)
		return {};
	std::string said = job->errors();

	std::ranges::replace(said, '\n', ' ');
	return failure(std::format("modprobe {}: it {}", arguments.back(), job->state()), said);
}

} // namespace

Result<TestDisplay> TestDisplay::take()
{
	if (geteuid())
		return failure("only root may load vskms with parameters of a test",
			       "run svp as root, in a guest: tools/vm run -- svp ...");
	if (!fs::exists(module))
		return failure("vskms is not loaded", "modprobe vskms");
	if (auto references = read_number(module / "refcnt"); !references)
		return failure(std::move(references));
	if (!is_free()) {
		const std::string user = user_of_a_card();

		if (!user.empty())
			return failure(in_use, std::format("{} has a card open", user));
		take_down_picture();
		if (!Deadline(std::chrono::seconds(10)).await(is_free))
			return failure(in_use, "end that first");
	}
	return TestDisplay(parameters());
}

TestDisplay::TestDisplay(TestDisplay &&other) noexcept
    : before_(std::move(other.before_)), taken_(std::exchange(other.taken_, false)),
      touched_(other.touched_), loaded_(other.loaded_), setup_(std::move(other.setup_)),
      number_(other.number_), connector_(std::move(other.connector_))
{
}

TestDisplay::~TestDisplay()
{
	if (taken_ && touched_)
		(void)reload(before_, Deadline(std::chrono::seconds(20)));
}

Result<void> TestDisplay::reload(const std::vector<std::string> &parameters,
				 const Deadline &deadline)
{
	// Who had it open may be just ending.
	(void)deadline.within(std::chrono::seconds(5)).await([] {
		if (!is_free() && user_of_a_card().empty())
			take_down_picture();
		return is_free();
	});
	if (auto done = modprobe({"-r", "vskms"}, deadline); !done)
		return done;
	std::vector<std::string> arguments = {"vskms"};

	arguments.append_range(parameters);
	return modprobe(std::move(arguments), deadline);
}

Result<void> TestDisplay::load(const Setup &setup, const Deadline &deadline)
{
	if (loaded_ && setup_ == setup)
		return {};
	loaded_ = false;
	touched_ = true;
	auto done = reload({"panel_capture=1", std::format("overlays={}", setup.overlays),
			    std::format("mode={}", setup.mode)},
			   deadline);

	if (!done)
		return done;

	// udev makes its node, and gives it to its group.
	Result<Card> card = failure("");

	(void)deadline.await([&] { return (card = Card::open("vskms")).has_value(); });
	if (!card)
		return failure(std::move(card));
	drmDropMaster(card->fd());
	auto connectors = card->connectors();

	if (!connectors)
		return failure(std::move(connectors));
	number_ = card->number();
	connector_ = std::format("card{}-{}", number_, connectors->front().name);
	if (!fs::exists(std::format("/sys/kernel/debug/dri/{}/crtc-0/panel", number_)))
		return failure(card->about("its panel is not in debugfs"),
			       "mount -t debugfs debugfs /sys/kernel/debug");
	setup_ = setup;
	loaded_ = true;
	return {};
}

Result<Card> TestDisplay::card() const
{
	auto card = Card::open(std::format("card{}", number_));

	if (card)
		drmDropMaster(card->fd());
	return card;
}

Result<void> TestDisplay::unplug() const
{
	return write_text("/sys/class/drm/" + connector_ + "/status", "off");
}

Result<void> TestDisplay::plug() const
{
	return write_text("/sys/class/drm/" + connector_ + "/status", "detect");
}

Result<void> TestDisplay::exchange_monitor() const
{
	const std::string name = connector_.substr(connector_.find('-') + 1);
	auto edid = read_text("/sys/class/drm/" + connector_ + "/edid");
	std::uint8_t sum = 0;

	if (!edid)
		return failure(std::move(edid));
	if (edid->size() < edid_size)
		return failure(std::format("{}: it has no EDID", connector_));
	edid->resize(edid_size);
	std::ranges::copy(other_timing, edid->begin() + edid_timing);
	for (std::size_t i = 0; i + 1 < edid_size; i++)
		sum += static_cast<std::uint8_t>((*edid)[i]);
	edid->back() = static_cast<char>(-sum);
	return write_text(std::format("/sys/kernel/debug/dri/{}/{}/edid_override", number_, name),
			  *edid);
}

} // namespace vskms::svp
