// SPDX-License-Identifier: GPL-2.0
#include "wayland_dmabuf.hpp"

#include "unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>

#include <drm_fourcc.h>
#include <linux-dmabuf-v1-client-protocol.h>
#include <sys/mman.h>
#include <wayland-client.h>
#include <weston-direct-display-client-protocol.h>

namespace vskms::svp {
namespace {

/* What is asked for, and what comes of it. */
struct Answer {
	WaylandObject<wl_buffer> buffer;
	bool failed = false;

	static void created(void *data, zwp_linux_buffer_params_v1 *, wl_buffer *buffer)
	{
		static_cast<Answer *>(data)->buffer.reset(buffer);
	}

	static void refused(void *data, zwp_linux_buffer_params_v1 *)
	{
		static_cast<Answer *>(data)->failed = true;
	}

	static constexpr zwp_linux_buffer_params_v1_listener listener = {.created = created,
									 .failed = refused};
};

/* A device number as feedback sends it; 0 if it sends nonsense. */
dev_t device(const wl_array &array)
{
	dev_t number = 0;

	if (array.size == sizeof(number))
		std::memcpy(&number, array.data, sizeof(number));
	return number;
}

} // namespace

struct WaylandBuffer::Listener {
	static void release(void *data, wl_buffer *)
	{
		static_cast<WaylandBuffer *>(data)->busy_ = false;
	}

	static constexpr wl_buffer_listener buffer = {.release = release};
};

WaylandBuffer::WaylandBuffer(const Canvas &canvas, WaylandObject<wl_buffer> buffer)
	: canvas_(&canvas), buffer_(std::move(buffer))
{
	wl_buffer_add_listener(buffer_.get(), &Listener::buffer, this);
}

struct WaylandDmabuf::Listener {
	using Feedback = zwp_linux_dmabuf_feedback_v1;

	static WaylandDmabuf &self(void *data) { return *static_cast<WaylandDmabuf *>(data); }

	static void format(void *, zwp_linux_dmabuf_v1 *, std::uint32_t)
	{
		// Comes beside modifier, which says more.
	}

	static void modifier(void *data, zwp_linux_dmabuf_v1 *, std::uint32_t format,
			     std::uint32_t high, std::uint32_t low)
	{
		self(data).formats_.insert(
			{.format = format, .modifier = std::uint64_t{high} << 32 | low});
	}

	static void done(void *data, Feedback *) { self(data).done_ = true; }

	static void format_table(void *data, Feedback *, std::int32_t fd, std::uint32_t size)
	{
		const UniqueFd file(fd);
		void *const mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (mapping == MAP_FAILED) {
			self(data).wrong_ = Error{.what = "its table of formats cannot be mapped",
						  .number = errno,
						  .remedy = {}};
			return;
		}
		auto table = parse_format_table({static_cast<const std::byte *>(mapping), size});

		munmap(mapping, size);
		if (table)
			self(data).table_ = std::move(*table);
		else
			self(data).wrong_ = std::move(table).error();
	}

	static void main_device(void *data, Feedback *, wl_array *number)
	{
		self(data).main_device_ = device(*number);
	}

	static void tranche_done(void *data, Feedback *)
	{
		WaylandDmabuf &mine = self(data);

		mine.formats_.insert_range(mine.tranche_.formats);
		mine.tranches_.push_back(std::exchange(mine.tranche_, {}));
	}

	static void tranche_target_device(void *data, Feedback *, wl_array *number)
	{
		self(data).tranche_.device = device(*number);
	}

	static void tranche_formats(void *data, Feedback *, wl_array *indices)
	{
		auto picked = pick_formats(
			self(data).table_, {static_cast<const std::uint16_t *>(indices->data),
					    indices->size / sizeof(std::uint16_t)});

		if (picked)
			self(data).tranche_.formats.merge(*picked);
		else
			self(data).wrong_ = std::move(picked).error();
	}

	static void tranche_flags(void *data, Feedback *, std::uint32_t flags)
	{
		self(data).tranche_.scanout =
			flags & ZWP_LINUX_DMABUF_FEEDBACK_V1_TRANCHE_FLAGS_SCANOUT;
	}

	static constexpr zwp_linux_dmabuf_v1_listener dmabuf = {.format = format,
								.modifier = modifier};
	static constexpr zwp_linux_dmabuf_feedback_v1_listener feedback = {
		.done = done,
		.format_table = format_table,
		.main_device = main_device,
		.tranche_done = tranche_done,
		.tranche_target_device = tranche_target_device,
		.tranche_formats = tranche_formats,
		.tranche_flags = tranche_flags,
	};
};

WaylandDmabuf::WaylandDmabuf(WaylandClient &client, WaylandObject<zwp_linux_dmabuf_v1> dmabuf)
	: client_(&client), dmabuf_(std::move(dmabuf)),
	  version_(zwp_linux_dmabuf_v1_get_version(dmabuf_.get()))
{
	zwp_linux_dmabuf_v1_add_listener(dmabuf_.get(), &Listener::dmabuf, this);
}

Result<std::unique_ptr<WaylandDmabuf>> WaylandDmabuf::open(WaylandClient &client)
{
	// Modifiers are of version 3; what came after 4 is for clients with a GPU.
	auto global = client.bind<zwp_linux_dmabuf_v1>(zwp_linux_dmabuf_v1_interface, 3, 4);

	if (!global)
		return failure(std::move(global));
	std::unique_ptr<WaylandDmabuf> dmabuf(new WaylandDmabuf(client, std::move(*global)));

	if (auto done = dmabuf->learn(); !done)
		return failure(std::move(done));
	return dmabuf;
}

/* Which formats there are: as feedback, or in answer to having been bound. */
Result<void> WaylandDmabuf::learn()
{
	if (version_ < ZWP_LINUX_DMABUF_V1_GET_DEFAULT_FEEDBACK_SINCE_VERSION)
		return client_->roundtrip();

	const WaylandObject<zwp_linux_dmabuf_feedback_v1> feedback(
		zwp_linux_dmabuf_v1_get_default_feedback(dmabuf_.get()));

	zwp_linux_dmabuf_feedback_v1_add_listener(feedback.get(), &Listener::feedback, this);
	auto done = client_->await([&] { return done_ || wrong_; }, "its dma-buf feedback");

	if (done && wrong_)
		return client_->fail(wrong_->text(), EPROTO);
	return done;
}

Result<void> WaylandDmabuf::check(std::uint32_t format) const
{
	if (formats_.contains({.format = format, .modifier = DRM_FORMAT_MOD_LINEAR}))
		return {};
	return client_->fail(std::format("it does not take {} with the modifier LINEAR",
					 format_name(format)),
			     EOPNOTSUPP, "its zwp_linux_dmabuf_v1 does not have it");
}

Result<std::unique_ptr<WaylandBuffer>> WaylandDmabuf::import(const Canvas &canvas,
							     const Options &options)
{
	const Layout &layout = canvas.layout();
	const auto width = static_cast<std::int32_t>(layout.width);
	const auto height = static_cast<std::int32_t>(layout.height);

	if (options.direct_display && !direct_display_) {
		auto bound = client_->bind<weston_direct_display_v1>(
			weston_direct_display_v1_interface, 1, 1);

		if (!bound)
			return failure(std::move(bound));
		direct_display_ = std::move(*bound);
	}

	const WaylandObject<zwp_linux_buffer_params_v1> params(
		zwp_linux_dmabuf_v1_create_params(dmabuf_.get()));
	Answer answer;

	zwp_linux_buffer_params_v1_add_listener(params.get(), &Answer::listener, &answer);
	for (std::uint32_t i = 0; i < layout.count; i++) {
		const Canvas::Place place = canvas.plane(i);
		const std::uint32_t pitch = i == 0 && options.pitch ? *options.pitch :
								      layout.planes[i].pitch;

		zwp_linux_buffer_params_v1_add(params.get(), place.dmabuf, i, place.offset, pitch,
					       DRM_FORMAT_MOD_LINEAR >> 32,
					       DRM_FORMAT_MOD_LINEAR & UINT32_MAX);
	}
	if (options.direct_display)
		weston_direct_display_v1_enable(direct_display_.get(), params.get());
	if (options.immediate)
		answer.buffer.reset(zwp_linux_buffer_params_v1_create_immed(
			params.get(), width, height, layout.format, 0));
	else
		zwp_linux_buffer_params_v1_create(params.get(), width, height, layout.format, 0);

	// A buffer that is there at once may be refused for all that.
	auto done = options.immediate ?
			    client_->roundtrip() :
			    client_->await([&] { return answer.buffer || answer.failed; },
					   "what becomes of a buffer");

	if (!done)
		return failure(std::move(done));
	if (answer.failed)
		return client_->fail(
			std::format("it refused a buffer of {}x{} {}", layout.width, layout.height,
				    format_name(layout.format)),
			EREMOTEIO, "its log may say why");
	return std::make_unique<WaylandBuffer>(canvas, std::move(answer.buffer));
}

} // namespace vskms::svp
