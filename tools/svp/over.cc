// SPDX-License-Identifier: GPL-2.0
#include "over.hpp"

#include "file.hpp"
#include "layout.hpp"
#include "screen.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <expected>
#include <format>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include <drm_fourcc.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

// glibc 2.43 declares these for C only.
extern "C" {
#include <sys/pidfd.h>
}

namespace vskms::svp {
namespace {

constexpr unsigned int drm_major = 226;
constexpr unsigned int first_render_node = 128;

/* A file descriptor of another process that is a card. */
struct CardFile {
	int number;
	unsigned int card;
};

std::string name_of(pid_t pid)
{
	auto comm = read_text(std::format("/proc/{}/comm", pid));

	if (comm && comm->ends_with('\n'))
		comm->pop_back();
	return std::format("process {} ({})", pid, comm ? *comm : "?");
}

/* Those it has, by number. */
Result<std::vector<CardFile>> card_files(pid_t pid, const std::string &name)
{
	const std::filesystem::path directory = std::format("/proc/{}/fd", pid);
	std::vector<CardFile> files;
	std::error_code wrong;

	for (auto entry = std::filesystem::directory_iterator(directory, wrong);
	     !wrong && entry != std::filesystem::directory_iterator(); entry.increment(wrong)) {
		const std::string text = entry->path().filename();
		CardFile file;
		struct stat status;

		std::from_chars(text.data(), text.data() + text.size(), file.number);
		// What was closed meanwhile is no card.
		if (stat(entry->path().c_str(), &status) || !S_ISCHR(status.st_mode) ||
		    major(status.st_rdev) != drm_major ||
		    minor(status.st_rdev) >= first_render_node)
			continue;
		file.card = minor(status.st_rdev);
		files.push_back(file);
	}
	if (wrong)
		return failure(std::format("{}: cannot see its files", name), wrong.value(),
			       wrong.value() == EACCES ?
				       "run svp as root, or as the user whose process it is" :
				       "");
	std::ranges::sort(files, {}, &CardFile::number);
	return files;
}

/* What is to be leased of the screen that is lit: the objects' ids, @id among them. */
Result<std::vector<std::uint32_t>> objects(const Card &card, std::uint64_t type,
					   std::uint32_t format, std::uint32_t &id)
{
	auto screens = Screen::all(card);

	if (!screens)
		return failure(std::move(screens));
	if (screens->empty())
		return failure(card.about("it shows nothing"));
	const Screen &screen = screens->front();
	auto plane = screen.plane(type, format);
	auto connectors = card.connectors();

	if (!plane)
		return failure(std::move(plane));
	if (!connectors)
		return failure(std::move(connectors));
	std::vector<std::uint32_t> ids = {screen.crtc(), plane->id};

	id = plane->id;
	for (const Connector &connector : *connectors)
		if (connector.crtc == screen.crtc() ||
		    (connector.type == DRM_MODE_CONNECTOR_WRITEBACK &&
		     connector.crtcs & 1u << screen.index()))
			ids.push_back(connector.id);
	return ids;
}

UniqueFd duplicate(int program, int number)
{
	return UniqueFd(pidfd_getfd(program, number, 0));
}

/* The lease, or errno. */
std::expected<UniqueFd, int> lease_of(int program, int number, std::span<const std::uint32_t> ids)
{
	const UniqueFd theirs = duplicate(program, number);
	std::uint32_t lessee;

	if (!theirs)
		return std::unexpected(errno);
	const int lease = drmModeCreateLease(theirs.get(), ids.data(), static_cast<int>(ids.size()),
					     O_CLOEXEC, &lessee);

	if (lease < 0)
		return std::unexpected(errno);
	return UniqueFd(lease);
}

/* That file, if it is a lease itself: of less than the whole card. */
UniqueFd lease_of(const Card &whole, int program, int number)
{
	UniqueFd theirs = duplicate(program, number);
	const auto planes = whole.planes();
	const auto connectors = whole.connectors();

	if (!theirs || !planes || !connectors)
		return UniqueFd();
	const std::unique_ptr<drmModeObjectList, decltype(&drmFree)> objects(
		drmModeGetLease(theirs.get()), drmFree);

	// A master that leases nothing has all of them.
	if (!objects || !objects->count ||
	    objects->count >= planes->size() + connectors->size() + whole.crtcs().size())
		return UniqueFd();
	return theirs;
}

std::string lease_remedy(int number)
{
	switch (number) {
	case EACCES:
		return "it is not the card's master: another program drives the display";
	case EBUSY:
		return "its screen is leased already, to another svp?";
	case EPERM:
		return "run svp as root, or as the user whose process it is";
	default:
		return {};
	}
}

} // namespace

Result<Over> Over::take(pid_t pid, std::uint64_t type, std::uint32_t format,
			std::string_view device)
{
	if (type == DRM_PLANE_TYPE_PRIMARY)
		return failure("the primary plane is the program's own",
			       "over a program there is --plane overlay or cursor");
	return take(pid, type, format, device, false);
}

Result<Over> Over::look(pid_t pid, std::string_view device)
{
	// A lease must have a plane; this one there always is, and it stays the program's.
	return take(pid, DRM_PLANE_TYPE_PRIMARY, DRM_FORMAT_XRGB8888, device, true);
}

Result<Over> Over::take(pid_t pid, std::uint64_t type, std::uint32_t format,
			std::string_view device, bool share)
{
	UniqueFd program(pidfd_open(pid, 0));

	if (!program)
		return failure(std::format("process {}: there is none", pid), errno);
	const std::string name = name_of(pid);
	auto files = card_files(pid, name);

	if (!files)
		return failure(std::move(files));

	// If it has several, one of them is master, and only the kernel knows which.
	int refused = 0;

	for (const CardFile &file : *files) {
		auto own = Card::open(std::format("card{}", file.card));

		if (!own)
			return failure(std::move(own));
		// Where nobody is master we are now, and it is not our place.
		drmDropMaster(own->fd());
		if (!device.empty()) {
			auto wanted = Card::open(device);

			if (!wanted)
				return failure(std::move(wanted));
			if (wanted->number() != own->number())
				continue;
		}

		UniqueFd lease;

		if (share)
			lease = lease_of(*own, program.get(), file.number);
		if (!lease) {
			std::uint32_t plane = 0;
			auto ids = objects(*own, type, format, plane);

			if (!ids)
				return failure(std::move(ids));
			auto made = lease_of(program.get(), file.number, *ids);

			// With the CRTC of a program that knows no planes come primary and cursor.
			if (!made && made.error() == ENOSPC) {
				std::erase(*ids, plane);
				made = lease_of(program.get(), file.number, *ids);
			}
			if (!made) {
				refused = made.error();
				continue;
			}
			lease = std::move(*made);
		}
		auto card = Card::adopt(std::move(lease),
					std::format("{}, leased from {}", own->name(), name));

		if (!card)
			return failure(std::move(card));
		return Over(std::move(*card), std::move(program), name);
	}
	if (refused)
		return failure(std::format("{}: cannot lease its screen", name), refused,
			       lease_remedy(refused));
	return failure(std::format("{}: it has no {} open", name,
				   device.empty() ? "card" : std::format("card {}", device)));
}

} // namespace vskms::svp
