// SPDX-License-Identifier: GPL-2.0
/*
 * A display card, by atomic commits: buffers with a picture in them, planes that show
 * these, a writeback. One CRTC and a fixed mode are enough here.
 */
#pragma once

#include "bench.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <drm_fourcc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

namespace vskms::bench {

// A dumb buffer, mapped, and its framebuffer: NV12, or 32 bits a pixel. The card outlives it.
class Buffer {
public:
	Buffer(int card, std::uint32_t format, int width, int height)
		: card_(card), yuv_(format == DRM_FORMAT_NV12), width_(width), height_(height)
	{
		std::uint64_t offset = 0;

		if (drmModeCreateDumbBuffer(card, width, yuv_ ? height * 3 / 2 : height,
					    yuv_ ? 8 : 32, 0, &handle_, &pitch_, &size_))
			die("a dumb buffer");
		if (drmModeMapDumbBuffer(card, handle_, &offset))
			die("mapping a dumb buffer");
		map_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, card,
			    static_cast<off_t>(offset));
		if (map_ == MAP_FAILED)
			die("mmap of a dumb buffer");

		const std::uint32_t handles[4] = {handle_, yuv_ ? handle_ : 0};
		const std::uint32_t pitches[4] = {pitch_, yuv_ ? pitch_ : 0};
		const std::uint32_t offsets[4] = {0, yuv_ ? pitch_ * height : 0};

		if (drmModeAddFB2(card, width, height, format, handles, pitches, offsets, &fb_, 0))
			die("a framebuffer");
	}
	Buffer(const Buffer &) = delete;
	Buffer &operator=(const Buffer &) = delete;
	~Buffer()
	{
		drmModeRmFB(card_, fb_);
		munmap(map_, size_);
		drmModeDestroyDumbBuffer(card_, handle_);
	}

	[[nodiscard]] std::uint32_t fb() const { return fb_; }
	[[nodiscard]] std::uint32_t pitch() const { return pitch_; }
	[[nodiscard]] std::uint8_t *rows() const { return static_cast<std::uint8_t *>(map_); }
	[[nodiscard]] bool yuv() const { return yuv_; }
	[[nodiscard]] int width() const { return width_; }
	[[nodiscard]] int height() const { return height_; }

private:
	int card_;
	bool yuv_;
	int width_, height_;
	std::uint32_t handle_ = 0, pitch_ = 0, fb_ = 0;
	std::uint64_t size_ = 0;
	void *map_ = nullptr;
};

// What a plane shows, and where.
struct Placed {
	int plane_type;		// DRM_PLANE_TYPE_*
	const Buffer *buffer;
	int x, y;
	bool rotated;			// by 90 degrees
};

class Card {
public:
	explicit Card(std::string_view driver)
		: driver_(driver), fd_(open_driver(driver))
	{
		drmSetClientCap(get(), DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
		if (drmSetClientCap(get(), DRM_CLIENT_CAP_ATOMIC, 1) ||
		    drmSetClientCap(get(), DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1))
			die(driver_);

		const Resources all(drmModeGetResources(get()));
		const Planes planes(drmModeGetPlaneResources(get()));

		if (!all || !all->count_crtcs || !planes)
			die(driver_);
		crtc_ = all->crtcs[0];
		for (const std::uint32_t id : std::span(all->connectors, all->count_connectors))
			add_connector(id);
		for (const std::uint32_t id : std::span(planes->planes, planes->count_planes))
			add_plane(id);
		if (!connector_ || !writeback_)
			die(driver_ + ": no connector, or none for writeback", ENODEV);
		if (drmModeCreatePropertyBlob(get(), &mode_1080p, sizeof mode_1080p, &mode_))
			die(driver_ + ": a mode");
	}
	Card(const Card &) = delete;
	Card &operator=(const Card &) = delete;
	~Card() { off(); }

	[[nodiscard]] int get() const { return fd_.get(); }

	// Its CRTC's directory in debugfs.
	[[nodiscard]] std::string debugfs() const
	{
		struct stat stat;

		if (fstat(get(), &stat))
			die(driver_);
		return std::format("/sys/kernel/debug/dri/{}/crtc-0/", minor(stat.st_rdev));
	}

	// Shows these and nothing else.
	void show(std::span<const Placed> planes)
	{
		Request request(drmModeAtomicAlloc());

		set(request, crtc_, "MODE_ID", mode_);
		set(request, crtc_, "ACTIVE", 1);
		set(request, connector_, "CRTC_ID", crtc_);
		hide_planes(request);
		for (const Placed &placed : planes)
			place(request, placed);
		commit(request, "a scene");
	}

	// Writes a frame back; returns when that is done.
	void write_back(const Buffer &to)
	{
		Request request(drmModeAtomicAlloc());
		int fence = -1;

		set(request, writeback_, "CRTC_ID", crtc_);
		set(request, writeback_, "WRITEBACK_FB_ID", to.fb());
		set(request, writeback_, "WRITEBACK_OUT_FENCE_PTR",
		    reinterpret_cast<std::uintptr_t>(&fence));
		commit(request, "a writeback");

		const Fd done(fence);
		pollfd poller{done.get(), POLLIN, 0};

		if (poll(&poller, 1, 60000) != 1)
			die(driver_ + ": a writeback", ETIMEDOUT);
	}

	void off()
	{
		Request request(drmModeAtomicAlloc());

		hide_planes(request);
		set(request, connector_, "CRTC_ID", 0);
		set(request, writeback_, "CRTC_ID", 0);
		set(request, crtc_, "ACTIVE", 0);
		set(request, crtc_, "MODE_ID", 0);
		commit(request, "switching off");
	}

private:
	template <auto free>
	struct Free {
		void operator()(auto *p) const { free(p); }
	};
	using Resources = std::unique_ptr<drmModeRes, Free<drmModeFreeResources>>;
	using Planes = std::unique_ptr<drmModePlaneRes, Free<drmModeFreePlaneResources>>;
	using Properties = std::unique_ptr<drmModeObjectProperties, Free<drmModeFreeObjectProperties>>;
	using Property = std::unique_ptr<drmModePropertyRes, Free<drmModeFreeProperty>>;
	using Connector = std::unique_ptr<drmModeConnector, Free<drmModeFreeConnector>>;
	using Request = std::unique_ptr<drmModeAtomicReq, Free<drmModeAtomicFree>>;

	// CTA-861's 1920x1080 at 60 Hz.
	static constexpr drmModeModeInfo mode_1080p = {
		.clock = 148500,
		.hdisplay = 1920, .hsync_start = 2008, .hsync_end = 2052, .htotal = 2200,
		.hskew = 0,
		.vdisplay = 1080, .vsync_start = 1084, .vsync_end = 1089, .vtotal = 1125,
		.vscan = 0,
		.vrefresh = 60,
		.flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_PVSYNC,
		.type = DRM_MODE_TYPE_USERDEF,
		.name = "1920x1080",
	};

	static Fd open_driver(std::string_view driver)
	{
		for (int i = 0; i < 16; i++) {
			Fd card(open(std::format("/dev/dri/card{}", i).c_str(), O_RDWR | O_CLOEXEC));
			drmVersion *const version =
				card.get() < 0 ? nullptr : drmGetVersion(card.get());
			const bool found = version && version->name == driver;

			drmFreeVersion(version);
			if (found)
				return card;
		}
		die(std::format("no {} card; modprobe {}", driver, driver), ENODEV);
	}

	void add_connector(std::uint32_t id)
	{
		const Connector connector(drmModeGetConnector(get(), id));

		if (!connector)
			die(driver_);
		(connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK ? writeback_ : connector_) =
			id;
		add_properties(id, DRM_MODE_OBJECT_CONNECTOR);
		add_properties(crtc_, DRM_MODE_OBJECT_CRTC);
	}

	void add_plane(std::uint32_t id)
	{
		const auto type = add_properties(id, DRM_MODE_OBJECT_PLANE);

		planes_.push_back({id, static_cast<int>(type.value_or(DRM_PLANE_TYPE_OVERLAY))});
	}

	// Notes the ids of @object's properties; the value of "type", if it has that.
	std::optional<std::uint64_t> add_properties(std::uint32_t object, std::uint32_t type)
	{
		const Properties all(drmModeObjectGetProperties(get(), object, type));
		std::optional<std::uint64_t> value;

		if (!all)
			die(driver_);
		for (std::uint32_t i = 0; i < all->count_props; i++) {
			const Property property(drmModeGetProperty(get(), all->props[i]));

			if (!property)
				die(driver_);
			properties_[{object, property->name}] = all->props[i];
			if (property->name == std::string_view("type"))
				value = all->prop_values[i];
		}
		return value;
	}

	void set(const Request &request, std::uint32_t object, const std::string &name,
		 std::uint64_t value)
	{
		const auto found = properties_.find({object, name});

		if (found == properties_.end())
			die(std::format("{}: object {} has no {}", driver_, object, name), ENOENT);
		if (!request || drmModeAtomicAddProperty(request.get(), object, found->second, value) < 0)
			die(driver_, ENOMEM);
	}

	// To the value that is called so.
	void set_enum(const Request &request, std::uint32_t object, const std::string &name,
		      std::string_view value)
	{
		const auto found = properties_.find({object, name});
		const Property property(found == properties_.end() ? nullptr :
				drmModeGetProperty(get(), found->second));

		if (!property)
			die(std::format("{}: object {} has no {}", driver_, object, name), ENOENT);
		for (const auto &entry : std::span(property->enums, property->count_enums))
			if (entry.name == value)
				return set(request, object, name, entry.value);
		die(std::format("{}: {} is never {}", driver_, name, value), ENOENT);
	}

	void hide_planes(const Request &request)
	{
		for (const Plane &plane : planes_) {
			set(request, plane.id, "FB_ID", 0);
			set(request, plane.id, "CRTC_ID", 0);
		}
	}

	void place(const Request &request, const Placed &placed)
	{
		const auto plane = std::ranges::find(planes_, placed.plane_type, &Plane::type);
		const std::uint64_t w = placed.buffer->width(), h = placed.buffer->height();

		if (plane == planes_.end())
			die(std::format("{}: no plane of type {}", driver_, placed.plane_type), ENODEV);
		set(request, plane->id, "FB_ID", placed.buffer->fb());
		set(request, plane->id, "CRTC_ID", crtc_);
		set(request, plane->id, "SRC_X", 0);
		set(request, plane->id, "SRC_Y", 0);
		set(request, plane->id, "SRC_W", w << 16);
		set(request, plane->id, "SRC_H", h << 16);
		set(request, plane->id, "CRTC_X", placed.x);
		set(request, plane->id, "CRTC_Y", placed.y);
		set(request, plane->id, "CRTC_W", placed.rotated ? h : w);
		set(request, plane->id, "CRTC_H", placed.rotated ? w : h);
		set(request, plane->id, "rotation",
		    placed.rotated ? DRM_MODE_ROTATE_90 : DRM_MODE_ROTATE_0);
		if (placed.buffer->yuv()) {
			set_enum(request, plane->id, "COLOR_ENCODING", "ITU-R BT.601 YCbCr");
			set_enum(request, plane->id, "COLOR_RANGE", "YCbCr full range");
		}
	}

	void commit(const Request &request, std::string_view what)
	{
		if (drmModeAtomicCommit(get(), request.get(), DRM_MODE_ATOMIC_ALLOW_MODESET, nullptr))
			die(std::format("{}: {}", driver_, what));
	}

	struct Plane {
		std::uint32_t id;
		int type;
	};

	std::string driver_;
	Fd fd_;
	std::uint32_t crtc_ = 0, connector_ = 0, writeback_ = 0, mode_ = 0;
	std::vector<Plane> planes_;
	std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> properties_;
};

} // namespace vskms::bench
