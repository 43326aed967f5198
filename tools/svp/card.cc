// SPDX-License-Identifier: GPL-2.0
#include "card.hpp"

#include "file.hpp"

#include <algorithm>
#include <cerrno>
#include <format>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

/* libdrm's objects, each with the function that frees it. */
template <auto release>
struct Release {
	template <typename T>
	void operator()(T *object) const
	{
		release(object);
	}
};

template <typename T, auto release>
using Drm = std::unique_ptr<T, Release<release>>;

std::string driver_of(int fd)
{
	const Drm<drmVersion, drmFreeVersion> version(drmGetVersion(fd));

	return version ? version->name : "";
}

/* The card's node, in order of number. */
std::vector<std::filesystem::path> nodes()
{
	std::vector<std::filesystem::path> found;
	std::error_code none;

	for (auto entry = std::filesystem::directory_iterator("/dev/dri", none);
	     !none && entry != std::filesystem::directory_iterator(); entry.increment(none))
		if (entry->path().filename().string().starts_with("card"))
			found.push_back(entry->path());
	std::ranges::sort(found, {}, [](const std::filesystem::path &path) {
		const std::string name = path.string();

		return std::pair(name.size(), name);
	});
	return found;
}

Failure cannot_open(const std::string &name, int number)
{
	return failure(std::format("card {}: cannot open it", name), number,
		       open_remedy(number, "vskms"));
}

} // namespace

Result<CardNode> CardNode::open(std::string_view name)
{
	const std::string text(name);

	if (text.contains('/') || std::filesystem::exists("/dev/dri/" + text)) {
		const std::filesystem::path path = text.contains('/') ? text : "/dev/dri/" + text;
		auto fd = open_file(path, O_RDWR);

		if (!fd)
			return cannot_open(text, fd.error().number);
		const std::string driver = driver_of(fd->get());

		if (driver.empty())
			return failure(std::format("card {}: it is no DRM device", text));
		return CardNode{std::move(*fd),
				std::format("{} ({})", path.filename().string(), driver)};
	}

	std::string seen;
	int refused = 0;

	for (const std::filesystem::path &path : nodes()) {
		auto fd = open_file(path, O_RDWR);

		if (!fd) {
			refused = fd.error().number;
			continue;
		}
		const std::string driver = driver_of(fd->get());

		if (driver == name)
			return CardNode{std::move(*fd),
					std::format("{} ({})", path.filename().string(), driver)};
		seen += std::format("{}{} ({})", seen.empty() ? "there are: " : ", ",
				    path.filename().string(), driver);
	}
	if (refused)
		return cannot_open(text, refused);
	// A node is no module's name.
	if (!name.starts_with("card"))
		seen += std::format("{}is the module loaded? modprobe {}", seen.empty() ? "" : "; ",
				    name);
	return failure(std::format("card {}: there is none of that name or driver", name), seen);
}

Result<Card> Card::open(std::string_view name)
{
	auto node = CardNode::open(name);

	if (!node)
		return failure(std::move(node));
	return adopt(std::move(node->fd), std::move(node->name));
}

Result<Card> Card::adopt(UniqueFd fd, std::string name)
{
	Card card(std::move(fd), std::move(name));

	for (const auto capability : {DRM_CLIENT_CAP_ATOMIC, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS})
		if (drmSetClientCap(card.fd(), capability, 1))
			return failure(card.about("it has no atomic modesetting"), errno);
	const Drm<drmModeRes, drmModeFreeResources> resources(drmModeGetResources(card.fd()));

	if (!resources)
		return failure(card.about("it has no display"), errno);
	card.crtcs_.assign(resources->crtcs, resources->crtcs + resources->count_crtcs);
	return card;
}

int Card::number() const
{
	struct stat status;

	return fstat(fd(), &status) ? -1 : static_cast<int>(minor(status.st_rdev));
}

std::string Card::about(std::string_view what) const
{
	return std::format("card {}: {}", name_, what);
}

Result<Properties> Card::properties(std::uint32_t object) const
{
	const Drm<drmModeObjectProperties, drmModeFreeObjectProperties> all(
		drmModeObjectGetProperties(fd(), object, DRM_MODE_OBJECT_ANY));
	Properties properties;

	if (!all)
		return failure(
			about(std::format("cannot tell the properties of object {}", object)),
			errno);
	for (std::uint32_t i = 0; i < all->count_props; i++) {
		const Drm<drmModePropertyRes, drmModeFreeProperty> one(
			drmModeGetProperty(fd(), all->props[i]));

		if (!one)
			continue;
		Property property = {.id = one->prop_id, .value = all->prop_values[i], .names = {}};

		for (int e = 0; e < one->count_enums; e++)
			property.names.emplace(one->enums[e].name, one->enums[e].value);
		properties.emplace(one->name, std::move(property));
	}
	return properties;
}

Result<std::vector<Plane>> Card::planes() const
{
	const Drm<drmModePlaneRes, drmModeFreePlaneResources> all(drmModeGetPlaneResources(fd()));
	std::vector<Plane> planes;

	if (!all)
		return failure(about("cannot tell its planes"), errno);
	for (std::uint32_t i = 0; i < all->count_planes; i++) {
		const Drm<drmModePlane, drmModeFreePlane> one(
			drmModeGetPlane(fd(), all->planes[i]));
		auto properties = this->properties(all->planes[i]);

		if (!one)
			return failure(
				about(std::format("cannot tell of plane {}", all->planes[i])),
				errno);
		if (!properties)
			return failure(std::move(properties));
		planes.push_back({
			.id = one->plane_id,
			.type = (*properties)["type"].value,
			.crtcs = one->possible_crtcs,
			.crtc = one->crtc_id,
			.formats = {one->formats, one->formats + one->count_formats},
		});
	}
	return planes;
}

Result<std::vector<Connector>> Card::connectors() const
{
	const Drm<drmModeRes, drmModeFreeResources> all(drmModeGetResources(fd()));
	std::vector<Connector> connectors;

	if (!all)
		return failure(about("cannot tell its connectors"), errno);
	for (int i = 0; i < all->count_connectors; i++) {
		const Drm<drmModeConnector, drmModeFreeConnector> one(
			drmModeGetConnector(fd(), all->connectors[i]));
		auto properties = this->properties(all->connectors[i]);

		if (!one)
			continue; // unplugged meanwhile, as a DisplayPort hub's may be
		if (!properties)
			return failure(std::move(properties));
		Connector connector = {
			.id = one->connector_id,
			.type = one->connector_type,
			.name = std::format("{}-{}",
					    drmModeGetConnectorTypeName(one->connector_type) ?: "?",
					    one->connector_type_id),
			.connected = one->connection == DRM_MODE_CONNECTED,
			.crtcs = 0,
			.crtc = static_cast<std::uint32_t>((*properties)["CRTC_ID"].value),
			.modes = {one->modes, one->modes + one->count_modes},
		};

		for (int e = 0; e < one->count_encoders; e++) {
			const Drm<drmModeEncoder, drmModeFreeEncoder> encoder(
				drmModeGetEncoder(fd(), one->encoders[e]));

			if (encoder)
				connector.crtcs |= encoder->possible_crtcs;
		}
		std::ranges::stable_partition(connector.modes, [](const drmModeModeInfo &mode) {
			return mode.type & DRM_MODE_TYPE_PREFERRED;
		});
		connectors.push_back(std::move(connector));
	}
	return connectors;
}

const char *plane_type_name(std::uint64_t type)
{
	switch (type) {
	case DRM_PLANE_TYPE_PRIMARY:
		return "primary";
	case DRM_PLANE_TYPE_CURSOR:
		return "cursor";
	default:
		return "overlay";
	}
}

std::uint64_t plane_type_named(std::string_view name)
{
	return name == "primary" ? DRM_PLANE_TYPE_PRIMARY :
	       name == "cursor"  ? DRM_PLANE_TYPE_CURSOR :
				   DRM_PLANE_TYPE_OVERLAY;
}

} // namespace vskms::svp
