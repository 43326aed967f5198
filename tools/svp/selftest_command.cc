// SPDX-License-Identifier: GPL-2.0
/*
 * svp selftest: does the secure video path hold on this kernel? Each check is one promise of
 * docs/heap.md or docs/display.md, tried as an application would, and one line.
 */

#include "capture.hpp"
#include "child.hpp"
#include "command.hpp"
#include "crc.hpp"
#include "frame.hpp"
#include "heap.hpp"
#include "json.hpp"
#include "ledger.hpp"
#include "pattern.hpp"
#include "protected_frame.hpp"
#include "screen.hpp"
#include "secure_device.hpp"
#include "table.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <format>
#include <functional>
#include <memory>
#include <optional>
#include <print>
#include <thread>

#include <drm_fourcc.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

namespace vskms::svp {
namespace {

/* What the picture is, and where. Even numbers: it is NV12, too. */
constexpr std::uint32_t width = 160;
constexpr std::uint32_t height = 96;
constexpr Position place = {.x = 40, .y = 24};

struct Options {
	std::string heap = Heap::default_name;
	std::string device = Card::default_name;
	bool json = false;
};

/* What heaps of a profile answer (docs/heap.md). */
struct Profile {
	const char *name;
	int mmap;
	int sync;    // 0: it is done
	bool admits; // untrusted devices
};

constexpr std::array profiles = {
	Profile{"strict", EACCES, EACCES, false},  Profile{"tee", EINVAL, 0, true},
	Profile{"mtk", EPERM, EPERM, true},	   Profile{"tegra", EPERM, EPERM, true},
	Profile{"chromeos", EACCES, EACCES, true},
};

/*
 * NIST SP 800-38A, F.5.1 and F.5.2: AES-128 in counter mode. The clear text is 16 pixels as
 * well as any.
 */
constexpr SecureDevice::Key aes_key = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
				       0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
constexpr std::array<std::uint8_t, 16> aes_counter = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5,
						      0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb,
						      0xfc, 0xfd, 0xfe, 0xff};
constexpr std::array<std::uint8_t, 64> aes_clear = {
	0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73,
	0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7,
	0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4,
	0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef, 0xf6, 0x9f, 0x24, 0x45,
	0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10};
constexpr std::array<std::uint8_t, 64> aes_cipher = {
	0x87, 0x4d, 0x61, 0x91, 0xb6, 0x20, 0xe3, 0x26, 0x1b, 0xef, 0x68, 0x64, 0x99,
	0x0d, 0xb6, 0xce, 0x98, 0x06, 0xf6, 0x6b, 0x79, 0x70, 0xfd, 0xff, 0x86, 0x17,
	0x18, 0x7b, 0xb9, 0xff, 0xfd, 0xff, 0x5a, 0xe4, 0xdf, 0x3e, 0xdb, 0xd5, 0xd3,
	0x5e, 0x5b, 0x4f, 0x09, 0x02, 0x0d, 0xb0, 0x3e, 0xab, 0x1e, 0x03, 0x1d, 0xda,
	0x2f, 0xbe, 0x03, 0xd1, 0x79, 0x21, 0x70, 0xa0, 0xf3, 0x00, 0x9c, 0xee};

std::string errno_name(int number)
{
	const char *name = number ? strerrorname_np(number) : "success";

	return name ? name : std::to_string(number);
}

/* A verdict a line, as they come; or all as JSON in the end. */
class Report {
public:
	explicit Report(bool json) : json_(json) {}

	/* @check: what was seen, or what is wrong. */
	void check(const char *name, const std::function<Result<std::string>()> &check)
	{
		const auto seen = check();

		good_ = good_ && seen;
		if (json_)
			checks_.push_back(
				Json::Object{{"check", name},
					     {"holds", seen.has_value()},
					     {"text", seen ? *seen : seen.error().text()}});
		else
			std::println("{}  {:<20} {}", seen ? "pass" : "FAIL", name,
				     seen ? *seen : seen.error().text());
		std::fflush(stdout);
	}

	[[nodiscard]] int finish()
	{
		if (json_)
			std::println("{}", Json(Json::Object{{"holds", good_},
							     {"checks", std::move(checks_)}})
						   .text());
		else
			std::println("{}", good_ ? "everything holds" : "not everything holds");
		return good_ ? 0 : 1;
	}

private:
	bool json_;
	bool good_ = true;
	Json::Array checks_;
};

using Seen = Result<std::string>;

/* That a call was to be refused with @expected, and was, or was not. */
Seen refused(const char *call, int number, int expected)
{
	if (number != expected)
		return failure(std::format("{}: {}, not {}", call, errno_name(number),
					   errno_name(expected)));
	return std::format("{}: {}", call, errno_name(number));
}

/* What needs no display. */
class HeapChecks {
public:
	HeapChecks(const SecureDevice &device, const Heap &heap, const Profile &profile)
		: device_(device), heap_(heap), profile_(profile)
	{
	}

	void run(Report &report)
	{
		report.check("allocate", [&] { return allocate(); });
		if (!buffer_)
			return;
		report.check("query", [&] { return query(); });
		report.check("inject", [&] { return inject(); });
		report.check("mmap-refused", [&] { return map(); });
		report.check("sync", [&] { return sync(); });
		report.check("read-refused", [&] { return read_file(); });
		report.check("untrusted-device", [&] { return attach(); });
	}

private:
	static constexpr std::uint64_t size = 1 << 20;

	Seen allocate()
	{
		auto buffer = heap_.allocate(size);

		if (!buffer)
			return failure(std::move(buffer));
		buffer_ = std::move(*buffer);
		return std::format("{} from heap {}", size_text(size), heap_.name());
	}

	Seen query() const
	{
		auto info = device_.query(buffer_.get());

		if (!info)
			return failure(std::move(info));
		if (info->state != BufferInfo::State::live || info->heap != heap_.name() ||
		    info->size < size || !info->handle)
			return failure("the buffer is not said to be live, of that heap and size");
		return std::format("handle {}, profile {}", info->handle, info->profile);
	}

	Seen inject() const
	{
		const std::vector<std::byte> bytes(size, std::byte{0xa5});

		if (auto done = device_.inject(buffer_.get(), 0, bytes); !done)
			return failure(std::move(done));
		if (device_.inject(buffer_.get(), 1, bytes))
			return failure("a byte behind the buffer was written");
		return std::format("{}, and not a byte more", size_text(size));
	}

	Seen map() const
	{
		void *mapping = mmap(nullptr, size, PROT_READ, MAP_SHARED, buffer_.get(), 0);

		if (mapping == MAP_FAILED)
			return refused("mmap", errno, profile_.mmap);
		munmap(mapping, size);
		return refused("mmap", 0, profile_.mmap);
	}

	Seen sync() const
	{
		dma_buf_sync begin = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};
		const int wrong = ioctl(buffer_.get(), DMA_BUF_IOCTL_SYNC, &begin) ? errno : 0;

		return refused("DMA_BUF_IOCTL_SYNC", wrong, profile_.sync);
	}

	Seen read_file() const
	{
		std::array<char, 64> bytes;

		if (read(buffer_.get(), bytes.data(), bytes.size()) >= 0)
			return failure("read() gives what is in the buffer");
		return std::format("read: {}", errno_name(errno));
	}

	/* vgem is a device that no heap trusts, unless somebody listed it. */
	Seen attach() const
	{
		auto vgem = CardNode::open("vgem");

		if (!vgem) {
			auto modprobe = Child::start({"modprobe", "vgem"}, Child::Pipe::output);

			if (!modprobe)
				return failure(std::move(modprobe));
			if (auto loaded = modprobe->finish(); !loaded)
				return failure(std::move(loaded));
			vgem = CardNode::open("vgem");
		}
		if (!vgem)
			return failure(std::move(vgem));
		std::uint32_t handle = 0;
		const int wrong =
			drmPrimeFDToHandle(vgem->fd.get(), buffer_.get(), &handle) ? errno : 0;

		if (!wrong)
			drmCloseBufferHandle(vgem->fd.get(), handle);
		return refused("import into vgem", wrong, profile_.admits ? 0 : EACCES);
	}

	const SecureDevice &device_;
	const Heap &heap_;
	const Profile &profile_;
	UniqueFd buffer_;
};

/* On an overlay of a screen that is lit. */
class DisplayChecks {
public:
	DisplayChecks(const Signals &signals, const SecureDevice &device, const Heap &heap,
		      const Card &card, const Screen &screen, std::uint32_t plane)
		: signals_(signals), device_(device), heap_(heap), card_(card), screen_(screen),
		  plane_(plane)
	{
	}

	void run(Report &report)
	{
		report.check("scan-out-xr24", [&] { return scan_out(DRM_FORMAT_XRGB8888); });
		report.check("scan-out-nv12", [&] { return scan_out(DRM_FORMAT_NV12); });
		report.check("decrypt", [&] { return decrypt(); });
		report.check("writeback-is-black", [&] { return capture(); });
	}

private:
	/* @framebuffer on the overlay, or nothing. */
	[[nodiscard]] Result<void> show(const Framebuffer *framebuffer) const
	{
		AtomicRequest request(card_);

		if (framebuffer)
			screen_.show(request, plane_, *framebuffer, place);
		else
			Screen::hide(request, plane_);
		return request.commit();
	}

	/* The screen's CRC with that, which is taken off again. */
	[[nodiscard]] Result<std::uint32_t> crc_with(const Framebuffer *framebuffer) const
	{
		if (auto shown = show(framebuffer); !shown)
			return failure(std::move(shown));
		auto crc = read_crc(card_, screen_.index());

		if (auto hidden = show(nullptr); !hidden)
			return failure(std::move(hidden));
		return crc;
	}

	/*
	 * That a protected frame is on the screen what the same ordinary one is. @injected is
	 * what @clear is made of.
	 */
	Seen same(const Layout &layout, std::span<const std::byte> clear,
		  std::span<const std::byte> injected, const Cipher *cipher = nullptr) const
	{
		auto ordinary = DumbBuffer::create(card_, layout);
		auto frame =
			ProtectedFrame::create(heap_, device_, card_, layout, injected, cipher);

		if (!ordinary)
			return failure(std::move(ordinary));
		if (!frame)
			return failure(std::move(frame));
		std::ranges::copy(clear, ordinary->bytes.begin());
		auto nothing = crc_with(nullptr);
		auto expected = crc_with(&ordinary->framebuffer);
		auto seen = crc_with(&frame->framebuffer);

		if (!nothing)
			return failure(std::move(nothing));
		if (!expected)
			return failure(std::move(expected));
		if (!seen)
			return failure(std::move(seen));
		if (*expected == *nothing)
			return failure("the overlay does not change the screen's CRC");
		if (*seen != *expected)
			return failure(std::format("CRC {:08x}, but {:08x} of an ordinary buffer",
						   *seen, *expected));
		return std::format("CRC {:08x}, as of an ordinary buffer", *seen);
	}

	Seen scan_out(std::uint32_t format) const
	{
		auto frame = Frame::of(*draw_pattern("noise", width, height), format);

		if (!frame)
			return failure(std::move(frame));
		return same(frame->layout, frame->bytes, frame->bytes);
	}

	Seen decrypt() const
	{
		auto layout = Layout::of(DRM_FORMAT_XRGB8888, 4, 4);
		auto slot = device_.load_key(heap_.name(), aes_key);

		if (!layout)
			return failure(std::move(layout));
		if (!slot)
			return failure(std::move(slot));
		const Cipher cipher = {.slot = *slot, .iv = aes_counter, .position = 0};

		return same(*layout, std::as_bytes(std::span(aes_clear)),
			    std::as_bytes(std::span(aes_cipher)), &cipher);
	}

	[[nodiscard]] Result<Picture> screenshot() const
	{
		auto source = open_writeback(card_, screen_.index());

		if (!source)
			return failure(std::move(source));
		auto picture = (*source)->next(signals_);

		if (!picture)
			return failure(std::move(picture));
		if (!*picture)
			return failure("interrupted");
		return std::move(**picture);
	}

	/* The protected picture is black in a screenshot, and the rest is what it was. */
	Seen capture() const
	{
		auto frame = Frame::of(*draw_pattern("bars", width, height), DRM_FORMAT_XRGB8888);

		if (!frame)
			return failure(std::move(frame));
		auto shown =
			ProtectedFrame::create(heap_, device_, card_, frame->layout, frame->bytes);
		auto expected = screenshot();

		if (!shown)
			return failure(std::move(shown));
		if (!expected)
			return failure(std::move(expected));
		if (auto done = show(&shown->framebuffer); !done)
			return failure(std::move(done));
		auto captured = screenshot();

		if (auto done = show(nullptr); !done)
			return failure(std::move(done));
		if (!captured)
			return failure(std::move(captured));
		for (std::uint32_t y = 0; y < height; y++)
			for (std::uint32_t x = 0; x < width; x++)
				expected->at(place.x + x, place.y + y) = Pixel();
		if (*captured != *expected)
			return failure(
				"a screenshot has more of it than black, or less of the rest");
		return std::format("{}x{} pixels of a screenshot of {}x{}", width, height,
				   captured->width(), captured->height());
	}

	const Signals &signals_;
	const SecureDevice &device_;
	const Heap &heap_;
	const Card &card_;
	const Screen &screen_;
	std::uint32_t plane_;
};

/* Buffers that the heap has; what is released is gone a moment later. */
Seen nothing_left(const Heap &heap, std::uint64_t before)
{
	std::uint64_t now = 0;

	// What is on its way takes a tick of the kernel's, and of a busy machine more.
	for (int i = 0; i < 500; i++) {
		auto ledger = Ledger::read();

		if (!ledger)
			return failure(std::move(ledger));
		now = ledger->now(heap.name(), "buffers").value_or(0);
		if (now <= before)
			return std::format("{} buffers in heap {}, as before", now, heap.name());
		std::this_thread::sleep_for(std::chrono::milliseconds(20));
	}
	return failure(std::format("heap {}: {} buffers, but {} before", heap.name(), now, before));
}

/* What is lit here goes off here. */
void check_display(Report &report, const Options &options, const Signals &signals,
		   const SecureDevice &device, const Heap &heap)
{
	auto card = Card::open(options.device);
	std::optional<Screen> screen;
	std::uint32_t plane = 0;

	report.check("screen", [&] -> Seen {
		if (!card)
			return failure(std::move(card));
		auto lit = Screen::light(*card);

		if (!lit)
			return failure(std::move(lit));
		if (lit->width() < width + place.x || lit->height() < height + place.y)
			return failure(card->about(std::format("{}x{} is too small a screen",
							       lit->width(), lit->height())));
		auto overlay = lit->plane(DRM_PLANE_TYPE_OVERLAY, DRM_FORMAT_NV12);

		if (!overlay)
			return failure(std::move(overlay));
		plane = overlay->id;
		screen.emplace(std::move(*lit));
		return std::format("{}, CRTC {}, {}x{}", card->name(), screen->crtc(),
				   screen->width(), screen->height());
	});
	if (screen)
		DisplayChecks(signals, device, heap, *card, *screen, plane).run(report);
}

Result<int> run(const Options &options)
{
	auto signals = Signals::hold();
	auto device = SecureDevice::open();
	auto heap = Heap::find(options.heap);

	if (!signals)
		return failure(std::move(signals));
	if (!device)
		return failure(std::move(device));
	if (!heap)
		return failure(std::move(heap));
	auto info = heap->info();
	auto ledger = Ledger::read();

	if (!info)
		return failure(std::move(info));
	if (!ledger)
		return failure(std::move(ledger));
	const auto profile = std::ranges::find(
		profiles, info->profile, [](const Profile &p) { return std::string(p.name); });

	if (profile == profiles.end())
		return failure(std::format("heap {}: svp does not know its profile, {}",
					   heap->name(), info->profile));
	const std::uint64_t before = ledger->now(heap->name(), "buffers").value_or(0);
	Report report(options.json);

	HeapChecks(*device, *heap, *profile).run(report);
	check_display(report, options, *signals, *device, *heap);
	report.check("nothing-left", [&] { return nothing_left(*heap, before); });
	return report.finish();
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option("--heap", options->heap, "Which heap")->capture_default_str();
	app.add_option("--device", options->device, "The card: driver, cardN or path")
		->capture_default_str();
	app.add_flag("--json", options->json, "Print one JSON object");
	app.footer("Run it as root, on a display that no other program drives. The status is 0 "
		   "only if every\n"
		   "check holds; what could not be tried does not.\n"
		   "\n"
		   "Examples:\n"
		   "  svp selftest\n"
		   "  svp selftest --heap protected,secure-video-dynamic --json");
	return [options] { return run(*options); };
}

const Command command("selftest", "Check that the secure video path holds on this kernel", setup);

} // namespace
} // namespace vskms::svp
