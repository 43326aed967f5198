// SPDX-License-Identifier: GPL-2.0
#include "capture.hpp"

#include "atomic.hpp"
#include "file.hpp"
#include "frame.hpp"
#include "framebuffer.hpp"
#include "screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>

#include <drm_fourcc.h>
#include <fcntl.h>
#include <unistd.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

Result<Screen> screen_of(const Card &card, std::optional<std::uint32_t> crtc)
{
	auto screens = Screen::all(card);

	if (!screens)
		return failure(std::move(screens));
	for (Screen &screen : *screens)
		if (!crtc || screen.index() == *crtc)
			return std::move(screen);
	return failure(card.about(crtc ? std::format("CRTC number {} is not on", *crtc) :
					 "nothing is on: there is no picture to capture"),
		       "svp show, for instance, lights the screen");
}

class Panel : public CaptureSource {
public:
	Panel(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

	Result<std::optional<Picture>> next(const Signals &signals) override
	{
		// Reading waits for a frame, half a second at most: a signal waits as long.
		if (signals.pending())
			return std::nullopt;
		if (lseek(file_.get(), 0, SEEK_SET) < 0)
			return failure(std::format("{}: cannot read it again", path_), errno);
		auto data = read_all(file_.get(), path_);

		if (!data) {
			if (data.error().number == ENODEV)
				data.error().remedy = "the CRTC went off";
			return failure(std::move(data));
		}
		auto picture = Picture::from_ppm(*data, path_);

		if (!picture)
			return failure(std::move(picture));
		return std::move(*picture);
	}

private:
	std::string path_;
	UniqueFd file_;
};

class Writeback : public CaptureSource {
public:
	Writeback(const Card &card, const Screen &screen, std::uint32_t connector,
		  DumbBuffer buffer)
		: card_(card), crtc_(screen.crtc()), connector_(connector), buffer_(std::move(buffer))
	{
	}

	/*
	 * A connector that is left on a CRTC is in the way of who switches that off and knows
	 * nothing of it: a CRTC without a mode may have none, the commit is -EINVAL.
	 */
	~Writeback() override
	{
		AtomicRequest request(card_);

		request.set(connector_, "CRTC_ID", std::uint64_t{0});
		// If it fails the card is no longer ours, nor is this for us to do.
		(void)request.commit(DRM_MODE_ATOMIC_ALLOW_MODESET);
	}

	Result<std::optional<Picture>> next(const Signals &signals) override
	{
		const Layout &layout = buffer_.framebuffer.layout();
		std::int32_t fence = -1;
		AtomicRequest request(card_);

		request.set(connector_, "CRTC_ID", crtc_)
			.set(connector_, "WRITEBACK_FB_ID", buffer_.framebuffer.id())
			.set(connector_, "WRITEBACK_OUT_FENCE_PTR",
			     reinterpret_cast<std::uintptr_t>(&fence));
		if (auto done = request.commit(DRM_MODE_ATOMIC_ALLOW_MODESET); !done)
			return failure(std::move(done));
		const UniqueFd written(fence);
		std::array watched = {pollfd{.fd = written.get(), .events = POLLIN, .revents = 0}};
		auto ready = signals.wait(watched);

		if (!ready)
			return failure(std::move(ready));
		if (!*ready)
			return std::nullopt;
		return picture_of_xrgb(buffer_.bytes, layout.width, layout.height,
				       layout.planes[0].pitch);
	}

private:
	const Card &card_;
	std::uint32_t crtc_;
	std::uint32_t connector_;
	DumbBuffer buffer_;
};

} // namespace

Result<std::unique_ptr<CaptureSource>> open_panel(const Card &card,
						  std::optional<std::uint32_t> crtc)
{
	drmDropMaster(card.fd());
	auto screen = screen_of(card, crtc);

	if (!screen)
		return failure(std::move(screen));
	const std::string path = std::format("/sys/kernel/debug/dri/{}/crtc-{}/panel",
					     card.number(), screen->index());
	auto file = open_file(path, O_RDONLY);

	if (!file) {
		file.error().remedy =
			file.error().number == ENOENT ?
				"vskms must be loaded with panel_capture=1, and debugfs mounted" :
				"the panel is root's: run svp as root";
		return failure(std::move(file));
	}
	return std::make_unique<Panel>(path, std::move(*file));
}

Result<std::unique_ptr<CaptureSource>> open_writeback(const Card &card,
						      std::optional<std::uint32_t> crtc)
{
	auto screen = screen_of(card, crtc);
	auto connectors = card.connectors();

	if (!screen)
		return failure(std::move(screen));
	if (!connectors)
		return failure(std::move(connectors));
	const auto connector = std::ranges::find_if(*connectors, [&](const Connector &c) {
		return c.type == DRM_MODE_CONNECTOR_WRITEBACK && c.crtcs & 1u << screen->index();
	});

	if (connector == connectors->end())
		return failure(card.about(
			std::format("CRTC {} has no writeback connector", screen->crtc())));
	auto layout = Layout::of(DRM_FORMAT_XRGB8888, screen->width(), screen->height());

	if (!layout)
		return failure(std::move(layout));
	auto buffer = DumbBuffer::create(card, *layout);

	if (!buffer)
		return failure(std::move(buffer));
	return std::make_unique<Writeback>(card, *screen, connector->id, std::move(*buffer));
}

} // namespace vskms::svp
