// SPDX-License-Identifier: GPL-2.0
#include "screen.hpp"

#include <algorithm>
#include <cerrno>
#include <format>
#include <memory>

#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

/* The CRTC's mode, if it has one and is on. */
Result<std::optional<drmModeModeInfo>> mode_of(const Card &card, std::uint32_t crtc)
{
	const std::unique_ptr<drmModeCrtc, decltype(&drmModeFreeCrtc)> state(
		drmModeGetCrtc(card.fd(), crtc), drmModeFreeCrtc);
	auto properties = card.properties(crtc);

	if (!state)
		return failure(card.about(std::format("cannot tell of CRTC {}", crtc)), errno);
	if (!properties)
		return failure(std::move(properties));
	if (!state->mode_valid || !(*properties)["ACTIVE"].value)
		return std::nullopt;
	return state->mode;
}

} // namespace

/* What lights a CRTC; it goes off with this. */
struct Screen::Light {
	const Card &card;
	std::uint32_t crtc;
	std::uint32_t connector;
	std::uint32_t primary;
	Blob mode;
	DumbBuffer black;

	[[nodiscard]] Result<void> on(const Screen &screen) const
	{
		AtomicRequest request(card);

		request.set(connector, "CRTC_ID", crtc)
			.set(crtc, "MODE_ID", mode.id())
			.set(crtc, "ACTIVE", 1);
		screen.show(request, primary, black.framebuffer, {});
		return request.commit(DRM_MODE_ATOMIC_ALLOW_MODESET);
	}

	~Light()
	{
		AtomicRequest request(card);

		hide(request, primary);
		request.set(connector, "CRTC_ID", std::uint64_t{0})
			.set(crtc, "MODE_ID", std::uint64_t{0})
			.set(crtc, "ACTIVE", std::uint64_t{0});
		// If it fails another is the master now, and it is no longer for us to do.
		(void)request.commit(DRM_MODE_ATOMIC_ALLOW_MODESET);
	}
};

Screen::Screen(const Card &card, std::uint32_t crtc, std::uint32_t index,
	       const drmModeModeInfo &mode)
	: card_(&card), crtc_(crtc), index_(index), mode_(mode)
{
}

Screen::Screen(Screen &&other) noexcept = default;
Screen::~Screen() = default;

Result<std::vector<Screen>> Screen::all(const Card &card)
{
	std::vector<Screen> screens;

	for (std::uint32_t i = 0; i < card.crtcs().size(); i++) {
		auto mode = mode_of(card, card.crtcs()[i]);

		if (!mode)
			return failure(std::move(mode));
		if (*mode)
			screens.push_back(Screen(card, card.crtcs()[i], i, **mode));
	}
	return screens;
}

Result<void> Screen::all_off(const Card &card)
{
	auto planes = card.planes();
	AtomicRequest request(card);

	if (!planes)
		return failure(std::move(planes));
	for (const Plane &plane : *planes)
		hide(request, plane.id);
	for (const std::uint32_t crtc : card.crtcs())
		request.set(crtc, "ACTIVE", std::uint64_t{0});
	return request.commit(DRM_MODE_ATOMIC_ALLOW_MODESET);
}

Result<Screen> Screen::light(const Card &card)
{
	auto lit = all(card);

	if (!lit)
		return failure(std::move(lit));
	if (!lit->empty())
		return std::move(lit->front());

	auto connectors = card.connectors();

	if (!connectors)
		return failure(std::move(connectors));
	const auto connector = std::ranges::find_if(*connectors, [](const Connector &c) {
		return c.connected && !c.modes.empty() && c.crtcs;
	});

	if (connector == connectors->end())
		return failure(card.about("no connector has anything connected"));
	const auto index = static_cast<std::uint32_t>(std::countr_zero(connector->crtcs));

	if (index >= card.crtcs().size())
		return failure(card.about(
			std::format("there is no CRTC for connector {}", connector->name)));
	Screen screen(card, card.crtcs()[index], index, connector->modes.front());
	auto layout = Layout::of(DRM_FORMAT_XRGB8888, screen.width(), screen.height());
	auto mode = create_blob(card, connector->modes.front());
	auto primary = screen.plane(DRM_PLANE_TYPE_PRIMARY, DRM_FORMAT_XRGB8888);

	if (!layout)
		return failure(std::move(layout));
	if (!mode)
		return failure(std::move(mode));
	if (!primary)
		return failure(std::move(primary));
	auto black = DumbBuffer::create(card, *layout);

	if (!black)
		return failure(std::move(black));
	screen.light_.reset(new Light{.card = card,
				      .crtc = screen.crtc_,
				      .connector = connector->id,
				      .primary = primary->id,
				      .mode = std::move(*mode),
				      .black = std::move(*black)});
	if (auto done = screen.light_->on(screen); !done)
		return failure(std::move(done));
	return screen;
}

Result<Plane> Screen::plane(std::uint64_t type, std::uint32_t format) const
{
	auto planes = card_->planes();
	unsigned int there = 0, idle = 0;

	if (!planes)
		return failure(std::move(planes));
	for (Plane &plane : *planes) {
		if (plane.type != type || !(plane.crtcs & 1u << index_))
			continue;
		there++;
		if (plane.crtc && type != DRM_PLANE_TYPE_PRIMARY)
			continue;
		idle++;
		if (std::ranges::contains(plane.formats, format))
			return std::move(plane);
	}
	const std::string name = plane_type_name(type);

	if (!there)
		return failure(card_->about(std::format("CRTC {} has no {} plane", crtc_, name)));
	if (!idle)
		return failure(
			card_->about(std::format("no {} plane of CRTC {} is free", name, crtc_)),
			std::format("{} in use", there));
	return failure(card_->about(
		std::format("no {} plane of CRTC {} shows {}", name, crtc_, format_name(format))));
}

void Screen::show(AtomicRequest &request, std::uint32_t plane, const Framebuffer &framebuffer,
		  Position at) const
{
	const Layout &layout = framebuffer.layout();
	const auto signed_value = [](std::int32_t value) {
		return static_cast<std::uint64_t>(std::int64_t{value});
	};

	request.set(plane, "FB_ID", framebuffer.id())
		.set(plane, "CRTC_ID", crtc_)
		.set(plane, "SRC_X", std::uint64_t{0})
		.set(plane, "SRC_Y", std::uint64_t{0})
		.set(plane, "SRC_W", std::uint64_t{layout.width} << 16)
		.set(plane, "SRC_H", std::uint64_t{layout.height} << 16)
		.set(plane, "CRTC_X", signed_value(at.x))
		.set(plane, "CRTC_Y", signed_value(at.y))
		.set(plane, "CRTC_W", layout.width)
		.set(plane, "CRTC_H", layout.height);
	if (request.has(plane, "alpha"))
		request.set(plane, "alpha", 0xffff);
	if (request.has(plane, "rotation", "rotate-0"))
		request.set(plane, "rotation", 1u << 0);
	if (request.has(plane, "pixel blend mode", "Pre-multiplied"))
		request.set(plane, "pixel blend mode", "Pre-multiplied");
	if (!layout.yuv())
		return;
	if (request.has(plane, "COLOR_ENCODING", "ITU-R BT.709 YCbCr"))
		request.set(plane, "COLOR_ENCODING", "ITU-R BT.709 YCbCr");
	if (request.has(plane, "COLOR_RANGE", "YCbCr limited range"))
		request.set(plane, "COLOR_RANGE", "YCbCr limited range");
}

void Screen::hide(AtomicRequest &request, std::uint32_t plane)
{
	request.set(plane, "FB_ID", std::uint64_t{0}).set(plane, "CRTC_ID", std::uint64_t{0});
}

} // namespace vskms::svp
