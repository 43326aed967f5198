// SPDX-License-Identifier: GPL-2.0
/* A DRM card: its planes, CRTCs and connectors, and the properties of each. */
#pragma once

#include "error.hpp"
#include "unique_fd.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <xf86drmMode.h>

namespace vskms::svp {

struct Property {
	std::uint32_t id = 0;
	std::uint64_t value = 0;
	std::map<std::string, std::uint64_t, std::less<>> names; // of an enum's values
};

using Properties = std::map<std::string, Property, std::less<>>;

struct Plane {
	std::uint32_t id = 0;
	std::uint64_t type = 0;	 // DRM_PLANE_TYPE_*
	std::uint32_t crtcs = 0; // bit N: of the card's N-th CRTC
	std::uint32_t crtc = 0;	 // that it is on now, or 0
	std::vector<std::uint32_t> formats;
};

struct Connector {
	std::uint32_t id = 0;
	std::uint32_t type = 0; // DRM_MODE_CONNECTOR_*
	std::string name;	// Virtual-1
	bool connected = false;
	std::uint32_t crtcs = 0; // as of a Plane
	std::uint32_t crtc = 0;
	std::vector<drmModeModeInfo> modes; // the preferred one first
};

/* An open node of a DRM device that may have no display. */
struct CardNode {
	UniqueFd fd;
	std::string name; // card0 (vskms)

	/* @name: a driver's (vskms), a node's (card0) or a path. */
	[[nodiscard]] static Result<CardNode> open(std::string_view name);
};

class Card {
public:
	static constexpr const char *default_name = "vskms";

	/*
	 * @name is as a CardNode's. Who opens a card first is its master and may show something;
	 * nothing here needs that but commits.
	 */
	[[nodiscard]] static Result<Card> open(std::string_view name);

	/* A lease: a card with few objects. @name is for errors. */
	[[nodiscard]] static Result<Card> adopt(UniqueFd fd, std::string name);

	[[nodiscard]] int fd() const { return fd_.get(); }
	[[nodiscard]] const std::string &name() const { return name_; } // card0 (vskms)
	[[nodiscard]] int number() const; // its directory in debugfs is dri/NUMBER

	[[nodiscard]] const std::vector<std::uint32_t> &crtcs() const { return crtcs_; }
	[[nodiscard]] Result<std::vector<Plane>> planes() const;
	[[nodiscard]] Result<std::vector<Connector>> connectors() const;

	/* As they are now; of a plane, CRTC or connector. */
	[[nodiscard]] Result<Properties> properties(std::uint32_t object) const;

	/* "plane 31", for errors of this card. */
	[[nodiscard]] std::string about(std::string_view what) const;

private:
	Card(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

	UniqueFd fd_;
	std::string name_;
	std::vector<std::uint32_t> crtcs_;
};

/* "overlay" for DRM_PLANE_TYPE_OVERLAY and so on. */
[[nodiscard]] const char *plane_type_name(std::uint64_t type);

/* The reverse; any other name is an overlay's. */
[[nodiscard]] std::uint64_t plane_type_named(std::string_view name);

} // namespace vskms::svp
