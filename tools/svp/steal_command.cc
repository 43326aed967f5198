// SPDX-License-Identifier: GPL-2.0
/*
 * svp steal: what gets who tries to have a protected picture that another process shows?
 * Everything here is what any program can do that may open the files, root's included; each
 * try is a line.
 */

#include "atomic.hpp"
#include "capture.hpp"
#include "command.hpp"
#include "file.hpp"
#include "json.hpp"
#include "over.hpp"
#include "process.hpp"
#include "screen.hpp"
#include "secure_device.hpp"
#include "signals.hpp"
#include "table.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <format>
#include <functional>
#include <memory>
#include <print>
#include <system_error>
#include <unordered_set>

#include <elf.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

namespace vskms::svp {
namespace {

constexpr std::size_t page_size = 4096;
constexpr uid_t nobody = 65534;

struct Options {
	pid_t victim = 0;
	std::string like;
	bool json = false;
};

/* How a try ended. */
struct Loot {
	enum class Kind { refused, nothing, skipped, picture };

	Kind kind;
	std::string what;
};

const char *kind_name(Loot::Kind kind)
{
	switch (kind) {
	case Loot::Kind::refused:
		return "refused";
	case Loot::Kind::nothing:
		return "nothing";
	case Loot::Kind::skipped:
		return "skipped";
	case Loot::Kind::picture:
		return "STOLEN";
	}
	return "?";
}

Loot refused(std::string_view call, int number = errno)
{
	return {Loot::Kind::refused, std::format("{}: {}", call, strerrorname_np(number) ?: "?")};
}

Loot nothing(std::string what)
{
	return {Loot::Kind::nothing, std::move(what)};
}

Loot skipped(std::string why)
{
	return {Loot::Kind::skipped, std::move(why)};
}

Loot stolen(std::string what)
{
	return {Loot::Kind::picture, std::move(what)};
}

/* The protected buffers that a process has open, as ours. */
Result<std::vector<UniqueFd>> buffers_of(pid_t pid, const SecureDevice &device)
{
	const std::string directory = std::format("/proc/{}/fd", pid);
	std::vector<UniqueFd> buffers;
	std::error_code wrong;

	for (auto entry = std::filesystem::directory_iterator(directory, wrong);
	     !wrong && entry != std::filesystem::directory_iterator(); entry.increment(wrong)) {
		std::error_code gone;
		const std::string target = std::filesystem::read_symlink(entry->path(), gone);

		if (!target.starts_with("/dmabuf:"))
			continue;
		auto buffer = take_fd(pid, std::stoi(entry->path().filename()));

		if (!buffer)
			return failure(std::move(buffer));
		auto info = device.query(buffer->get());

		if (info && info->state != BufferInfo::State::ordinary)
			buffers.push_back(std::move(*buffer));
	}
	if (wrong)
		return failure(std::format("process {}: cannot see its files", pid), wrong.value(),
			       wrong.value() == EACCES ? "run svp as root" : "");
	if (buffers.empty())
		return failure(std::format("process {}: it has no protected buffer open", pid));
	return buffers;
}

/* Reads @fd through a mapping. */
Loot map(int fd, off_t offset, std::string_view call)
{
	void *mapping = mmap(nullptr, page_size, PROT_READ, MAP_SHARED, fd, offset);

	if (mapping == MAP_FAILED)
		return refused(call);
	munmap(mapping, page_size);
	return stolen(std::format("{}: it is mapped", call));
}

Loot sync(int buffer)
{
	dma_buf_sync begin = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};

	// Without a mapping it is worth nothing, but nor is it for a program to have.
	if (ioctl(buffer, DMA_BUF_IOCTL_SYNC, &begin))
		return refused("DMA_BUF_IOCTL_SYNC");
	return nothing("DMA_BUF_IOCTL_SYNC: done, by the heap's profile");
}

Loot read_it(int buffer)
{
	std::array<char, 64> bytes;

	if (pread(buffer, bytes.data(), bytes.size(), 0) < 0)
		return refused("pread");
	return stolen("pread: it reads");
}

/* Another device's driver, which would map it for the CPU. */
Loot import(int buffer)
{
	auto vgem = CardNode::open("vgem");
	std::uint32_t handle;

	if (!vgem)
		return skipped("vgem is not loaded");
	if (drmPrimeFDToHandle(vgem->fd.get(), buffer, &handle))
		return refused("import into vgem");
	drmCloseBufferHandle(vgem->fd.get(), handle);
	return stolen("import into vgem: it has it");
}

/* The framebuffer on a plane, by its number: its memory, exported and mapped. */
Loot framebuffer()
{
	auto card = CardNode::open(Card::default_name);

	if (!card)
		return skipped(card.error().text());
	const int fd = card->fd.get();
	const std::unique_ptr<drmModePlaneRes, decltype(&drmModeFreePlaneResources)> planes(
		(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1),
		 drmModeGetPlaneResources(fd)),
		drmModeFreePlaneResources);
	Loot loot = nothing("no framebuffer on a plane is protected");

	for (std::uint32_t i = 0; planes && i < planes->count_planes; i++) {
		const std::unique_ptr<drmModePlane, decltype(&drmModeFreePlane)> plane(
			drmModeGetPlane(fd, planes->planes[i]), drmModeFreePlane);

		if (!plane || !plane->fb_id)
			continue;
		const std::unique_ptr<drmModeFB2, decltype(&drmModeFreeFB2)> fb(
			drmModeGetFB2(fd, plane->fb_id), drmModeFreeFB2);
		int exported;

		if (!fb || !fb->handles[0])
			continue;
		drm_mode_map_dumb offset = {};

		offset.handle = fb->handles[0];
		if (!drmPrimeHandleToFD(fd, fb->handles[0], DRM_CLOEXEC, &exported)) {
			const UniqueFd dmabuf(exported);
			auto device = SecureDevice::open();

			if (device)
				if (auto info = device->query(exported);
				    info && info->state != BufferInfo::State::ordinary) {
					loot = map(exported, 0, "GETFB2, export, mmap");
					if (loot.kind == Loot::Kind::refused &&
					    !ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &offset))
						loot = map(fd, static_cast<off_t>(offset.offset),
							   "GETFB2, MAP_DUMB, mmap");
				}
		}
		drmCloseBufferHandle(fd, fb->handles[0]);
	}
	return loot;
}

/* A screenshot: all black where the plane is? */
Loot screenshot(pid_t pid)
{
	auto signals = Signals::hold();
	auto over = Over::look(pid);

	if (!signals)
		return skipped(signals.error().text());
	if (!over)
		return skipped(over.error().text());
	const Card card = std::move(*over).lease();
	auto planes = card.planes();
	auto source = open_writeback(card, std::nullopt);

	if (!planes)
		return skipped(planes.error().text());
	if (!source)
		return skipped(source.error().text());
	auto picture = (*source)->next(*signals);

	if (!picture)
		return picture.error().number == EACCES ? refused("writeback", EACCES) :
							  skipped(picture.error().text());
	if (!*picture)
		return skipped("interrupted");

	std::uint64_t pixels = 0;

	for (const Plane &plane : *planes) {
		auto properties = card.properties(plane.id);

		if (!plane.crtc || plane.type == DRM_PLANE_TYPE_PRIMARY || !properties)
			continue;
		const auto x = (*properties)["CRTC_X"].value, y = (*properties)["CRTC_Y"].value;
		const auto right = std::min<std::uint64_t>(x + (*properties)["CRTC_W"].value,
							   (*picture)->width());
		const auto bottom = std::min<std::uint64_t>(y + (*properties)["CRTC_H"].value,
							    (*picture)->height());

		for (auto row = y; row < bottom; row++)
			for (auto column = x; column < right; column++) {
				if ((*picture)->at(static_cast<std::uint32_t>(column),
						   static_cast<std::uint32_t>(row)) != Pixel())
					return stolen(std::format("writeback: pixel {},{} is not "
								  "black",
								  column, row));
				pixels++;
			}
	}
	if (!pixels)
		return skipped("its plane is not on the screen");
	return nothing(std::format("writeback: {} pixels, all black", pixels));
}

/* Where the heaps' own ranges are: their first addresses. */
std::vector<std::uint64_t> ranges()
{
	std::vector<std::uint64_t> found;
	auto text = read_text("/proc/iomem");

	// "  60000000-67ffffff : secure_heap: protected,secure-video", addresses for root alone
	for (std::string_view line : split(text ? *text : "", '\n'))
		if (line.contains("secure_heap"))
			found.push_back(std::strtoull(std::string(line).c_str(), nullptr, 16));
	std::erase(found, 0);
	return found;
}

Loot dev_mem()
{
	const auto addresses = ranges();
	auto file = open_file("/dev/mem", O_RDONLY);

	if (addresses.empty())
		return skipped("no heap has a range of its own in /proc/iomem");
	if (!file)
		return refused("open /dev/mem", file.error().number);
	return map(file->get(), static_cast<off_t>(addresses.front()), "/dev/mem, mmap");
}

/* The kernel's memory as a core file: whichever part has the range, by physical address. */
Loot kcore()
{
	const auto addresses = ranges();
	auto file = open_file("/proc/kcore", O_RDONLY);
	std::array<std::byte, page_size> page = {};
	Elf64_Ehdr head;

	if (addresses.empty())
		return skipped("no heap has a range of its own in /proc/iomem");
	if (!file)
		return refused("open /proc/kcore", file.error().number);
	if (pread(file->get(), &head, sizeof(head), 0) != sizeof(head))
		return refused("/proc/kcore");
	for (unsigned int i = 0; i < head.e_phnum; i++) {
		Elf64_Phdr part;

		if (pread(file->get(), &part, sizeof(part),
			  static_cast<off_t>(head.e_phoff + i * sizeof(part))) != sizeof(part))
			return refused("/proc/kcore");
		const std::uint64_t into = addresses.front() - part.p_paddr;

		if (part.p_type != PT_LOAD || part.p_paddr == ~0ull ||
		    addresses.front() < part.p_paddr || into >= part.p_memsz)
			continue;
		if (pread(file->get(), page.data(), page.size(),
			  static_cast<off_t>(part.p_offset + into)) < 0)
			return refused("/proc/kcore");
		if (std::ranges::any_of(page, [](std::byte b) { return b != std::byte{0}; }))
			return stolen("/proc/kcore: it has the range");
		return nothing("/proc/kcore: zeros");
	}
	return nothing("/proc/kcore: the range is not in it");
}

/* Words of a picture that by chance are in no other memory. */
std::unordered_set<std::uint64_t> words_of(std::string_view content)
{
	std::unordered_set<std::uint64_t> words;

	for (std::size_t at = 0; at + 8 <= content.size(); at += 64) {
		std::array<unsigned char, 8> bytes;
		std::uint64_t word;

		std::memcpy(&word, content.data() + at, sizeof(word));
		std::memcpy(bytes.data(), content.data() + at, bytes.size());
		// Tables have steps of one, as gradients do; and flat areas are everywhere.
		const bool table = std::ranges::adjacent_find(bytes, [](int a, int b) {
					   return std::abs(a - b) > 1;
				   }) == bytes.end();

		std::ranges::sort(bytes);
		const auto repeated = std::ranges::unique(bytes);

		if (!table && bytes.size() - repeated.size() >= 4)
			words.insert(word);
	}
	return words;
}

/* Has the process itself the picture, in memory that is its own? */
Loot memory(const Options &options)
{
	if (options.like.empty())
		return skipped("its memory: --like FILE says what to look for");
	auto content = read_text(options.like);
	auto maps = read_text(std::format("/proc/{}/maps", options.victim));
	auto file = open_file(std::format("/proc/{}/mem", options.victim), O_RDONLY);

	if (!content)
		return skipped(content.error().text());
	if (!maps)
		return refused("its maps", maps.error().number);
	if (!file)
		return refused("its memory", file.error().number);
	const auto words = words_of(*content);
	std::uint64_t searched = 0;
	std::size_t found = 0;

	if (words.empty())
		return skipped(std::format("{}: there is nothing in it to look for", options.like));
	for (std::string_view line : split(*maps, '\n')) {
		unsigned long begin, end, inode;
		char mode[5];

		// What is a file's is no picture; what is none's, and can be read, may be.
		if (std::sscanf(std::string(line).c_str(), "%lx-%lx %4s %*s %*s %lu", &begin, &end,
				mode, &inode) != 4 ||
		    inode || mode[0] != 'r')
			continue;
		std::vector<char> part(end - begin);
		const ssize_t got =
			pread(file->get(), part.data(), part.size(), static_cast<off_t>(begin));

		for (ssize_t at = 0; at + 8 <= got; at++) {
			std::uint64_t word;

			std::memcpy(&word, part.data() + at, sizeof(word));
			found += words.contains(word);
		}
		searched += got > 0 ? static_cast<std::uint64_t>(got) : 0;
	}
	// A word may be there by chance, a picture has hundreds.
	if (found > 8)
		return stolen(std::format("its memory: {} words of the picture", found));
	return nothing(
		std::format("its memory: no word of the picture in {}", size_text(searched)));
}

/* The same by another user: may he even have its screen? */
Loot other_user(pid_t pid)
{
	int status;

	if (geteuid())
		return skipped("as another user: only root can be one");
	const pid_t child = fork();

	if (!child) {
		if (setgroups(0, nullptr) || setresgid(nobody, nobody, nobody) ||
		    setresuid(nobody, nobody, nobody))
			_exit(0);
		auto over = Over::look(pid);

		_exit(over ? 0 : over.error().number);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return skipped("as another user: cannot fork");
	if (!WEXITSTATUS(status))
		return stolen("as user nobody, --over: it has the screen");
	return refused("as user nobody, --over", WEXITSTATUS(status));
}

Result<int> run(const Options &options)
{
	auto device = SecureDevice::open();

	if (!device)
		return failure(std::move(device));
	auto buffers = buffers_of(options.victim, *device);

	if (!buffers)
		return failure(std::move(buffers));
	const int buffer = buffers->front().get();
	const std::vector<std::pair<const char *, std::function<Loot()>>> tries = {
		{"map its buffer", [&] { return map(buffer, 0, "mmap"); }},
		{"begin CPU access", [&] { return sync(buffer); }},
		{"read its buffer", [&] { return read_it(buffer); }},
		{"another device", [&] { return import(buffer); }},
		{"its framebuffer", framebuffer},
		{"a screenshot", [&] { return screenshot(options.victim); }},
		{"physical memory", dev_mem},
		{"kernel memory", kcore},
		{"its own memory", [&] { return memory(options); }},
		{"another user", [&] { return other_user(options.victim); }},
	};
	Table table({"TRIED", "RESULT", "BY"});
	Json::Array all;
	bool safe = true;

	for (const auto &[name, attempt] : tries) {
		const Loot loot = attempt();

		safe = safe && loot.kind != Loot::Kind::picture;
		table.add({name, kind_name(loot.kind), loot.what});
		all.push_back(Json::Object{{"tried", name},
					   {"result", kind_name(loot.kind)},
					   {"by", loot.what}});
	}
	if (options.json)
		std::println("{}", Json(std::move(all)).text());
	else
		std::print("{}", table.text());
	return safe ? 0 : 1;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("PID", options->victim, "A process that shows protected buffers")
		->required()
		->check(CLI::PositiveNumber)
		->type_name("");
	app.add_option("--like", options->like,
		       "Frames as they are in clear, to look for in its memory")
		->type_name("FILE");
	app.add_flag("--json", options->json, "Print one JSON array");
	app.footer("The exit status is 1 if anything of a picture was had.\n\n"
		   "Examples:\n"
		   "  svp steal $(pidof svp)\n"
		   "  svp steal --like frames.nv12 $(pidof svp)");
	return [options] { return run(*options); };
}

const Command command("steal", "Try to get at protected buffers that a process shows", setup);

} // namespace
} // namespace vskms::svp
