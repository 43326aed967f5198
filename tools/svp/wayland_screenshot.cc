// SPDX-License-Identifier: GPL-2.0
#include "wayland_screenshot.hpp"

#include "wayland_pixels.hpp"

#include <cerrno>
#include <cstdint>
#include <format>
#include <optional>

#include <drm_fourcc.h>
#include <ext-image-capture-source-v1-client-protocol.h>
#include <ext-image-copy-capture-v1-client-protocol.h>
#include <wayland-client.h>
#include <weston-output-capture-client-protocol.h>

namespace vskms::svp {
namespace {

/* What both protocols tell, by events. */
struct Capture {
	std::uint32_t width = 0;
	std::uint32_t height = 0;
	bool opaque = false; // XRGB8888 will do; else it is ARGB8888
	bool sized = false;  // that is known
	bool ready = false;  // it is in the buffer
	bool again = false;  // the buffer was no longer of the right size
	std::optional<std::string> refusal;

	static Capture &self(void *data) { return *static_cast<Capture *>(data); }

	[[nodiscard]] bool over() const { return ready || again || refusal; }
};

/* weston_capture_v1 */
struct Weston {
	static constexpr const char *name = "weston_capture_v1";

	static void format(void *data, weston_capture_source_v1 *, std::uint32_t format)
	{
		if (format == DRM_FORMAT_XRGB8888)
			Capture::self(data).opaque = true;
	}

	static void size(void *data, weston_capture_source_v1 *, std::int32_t width,
			 std::int32_t height)
	{
		Capture::self(data).width = static_cast<std::uint32_t>(width);
		Capture::self(data).height = static_cast<std::uint32_t>(height);
		Capture::self(data).sized = width > 0 && height > 0;
	}

	static void complete(void *data, weston_capture_source_v1 *)
	{
		Capture::self(data).ready = true;
	}

	static void retry(void *data, weston_capture_source_v1 *)
	{
		Capture::self(data).again = true;
	}

	static void failed(void *data, weston_capture_source_v1 *, const char *message)
	{
		Capture::self(data).refusal = message ? message : "without a reason";
	}

	static void formats_done(void *, weston_capture_source_v1 *) {}

	static constexpr weston_capture_source_v1_listener listener = {.format = format,
								       .size = size,
								       .complete = complete,
								       .retry = retry,
								       .failed = failed,
								       .formats_done =
									       formats_done};

	WaylandObject<weston_capture_v1> factory;
	WaylandObject<weston_capture_source_v1> source;

	[[nodiscard]] Result<void> begin(WaylandClient &client, wl_output *output, Capture &capture)
	{
		auto bound = client.bind<weston_capture_v1>(weston_capture_v1_interface, 1, 1);

		if (!bound)
			return failure(std::move(bound));
		factory = std::move(*bound);
		source.reset(weston_capture_v1_create(factory.get(), output,
						      WESTON_CAPTURE_V1_SOURCE_FRAMEBUFFER));
		weston_capture_source_v1_add_listener(source.get(), &listener, &capture);
		return {};
	}

	void ask(const WaylandPixels &pixels, Capture &)
	{
		weston_capture_source_v1_capture(source.get(), pixels.buffer());
	}
};

/* ext_image_copy_capture_manager_v1 */
struct Ext {
	static constexpr const char *name = "ext_image_copy_capture_manager_v1";

	static void buffer_size(void *data, ext_image_copy_capture_session_v1 *,
				std::uint32_t width, std::uint32_t height)
	{
		Capture::self(data).width = width;
		Capture::self(data).height = height;
	}

	static void shm_format(void *data, ext_image_copy_capture_session_v1 *,
			       std::uint32_t format)
	{
		if (format == WL_SHM_FORMAT_XRGB8888)
			Capture::self(data).opaque = true;
	}

	static void dmabuf_device(void *, ext_image_copy_capture_session_v1 *, wl_array *) {}
	static void dmabuf_format(void *, ext_image_copy_capture_session_v1 *, std::uint32_t,
				  wl_array *)
	{
	}

	static void done(void *data, ext_image_copy_capture_session_v1 *)
	{
		Capture::self(data).sized = Capture::self(data).width && Capture::self(data).height;
	}

	static void stopped(void *data, ext_image_copy_capture_session_v1 *)
	{
		Capture::self(data).refusal = "the output is gone";
	}

	static constexpr ext_image_copy_capture_session_v1_listener session_listener = {
		.buffer_size = buffer_size,
		.shm_format = shm_format,
		.dmabuf_device = dmabuf_device,
		.dmabuf_format = dmabuf_format,
		.done = done,
		.stopped = stopped};

	static void transform(void *, ext_image_copy_capture_frame_v1 *, std::uint32_t) {}
	static void damage(void *, ext_image_copy_capture_frame_v1 *, std::int32_t, std::int32_t,
			   std::int32_t, std::int32_t)
	{
	}
	static void time(void *, ext_image_copy_capture_frame_v1 *, std::uint32_t, std::uint32_t,
			 std::uint32_t)
	{
	}

	static void ready(void *data, ext_image_copy_capture_frame_v1 *)
	{
		Capture::self(data).ready = true;
	}

	static void failed(void *data, ext_image_copy_capture_frame_v1 *, std::uint32_t reason)
	{
		if (reason == EXT_IMAGE_COPY_CAPTURE_FRAME_V1_FAILURE_REASON_BUFFER_CONSTRAINTS)
			Capture::self(data).again = true;
		else
			Capture::self(data).refusal = std::format("reason {}", reason);
	}

	static constexpr ext_image_copy_capture_frame_v1_listener frame_listener = {
		.transform = transform,
		.damage = damage,
		.presentation_time = time,
		.ready = ready,
		.failed = failed};

	WaylandObject<ext_output_image_capture_source_manager_v1> sources;
	WaylandObject<ext_image_copy_capture_manager_v1> manager;
	WaylandObject<ext_image_capture_source_v1> source;
	WaylandObject<ext_image_copy_capture_session_v1> session;
	WaylandObject<ext_image_copy_capture_frame_v1> frame;

	[[nodiscard]] Result<void> begin(WaylandClient &client, wl_output *output, Capture &capture)
	{
		auto outputs = client.bind<ext_output_image_capture_source_manager_v1>(
			ext_output_image_capture_source_manager_v1_interface, 1, 1);
		auto bound = client.bind<ext_image_copy_capture_manager_v1>(
			ext_image_copy_capture_manager_v1_interface, 1, 1);

		if (!outputs)
			return failure(std::move(outputs));
		if (!bound)
			return failure(std::move(bound));
		sources = std::move(*outputs);
		manager = std::move(*bound);
		source.reset(ext_output_image_capture_source_manager_v1_create_source(sources.get(),
										      output));
		session.reset(ext_image_copy_capture_manager_v1_create_session(manager.get(),
									       source.get(), 0));
		ext_image_copy_capture_session_v1_add_listener(session.get(), &session_listener,
							       &capture);
		return {};
	}

	void ask(const WaylandPixels &pixels, Capture &capture)
	{
		frame.reset(ext_image_copy_capture_session_v1_create_frame(session.get()));
		ext_image_copy_capture_frame_v1_add_listener(frame.get(), &frame_listener,
							     &capture);
		ext_image_copy_capture_frame_v1_attach_buffer(frame.get(), pixels.buffer());
		ext_image_copy_capture_frame_v1_damage_buffer(
			frame.get(), 0, 0, static_cast<std::int32_t>(capture.width),
			static_cast<std::int32_t>(capture.height));
		ext_image_copy_capture_frame_v1_capture(frame.get());
	}
};

template <typename Protocol>
Result<WaylandScreenshot> take_by(WaylandClient &client)
{
	// The output may change its size meanwhile, but not for ever.
	constexpr unsigned int tries = 3;
	auto output = client.bind<wl_output>(wl_output_interface, 1, 1);
	Capture capture;
	Protocol protocol;

	if (!output)
		return failure(std::move(output));
	if (auto begun = protocol.begin(client, output->get(), capture); !begun)
		return failure(std::move(begun));
	if (auto sized = client.await([&] { return capture.sized || capture.refusal; },
				      "the size of a screenshot");
	    !sized)
		return failure(std::move(sized));
	for (unsigned int i = 0; i < tries && !capture.refusal; i++) {
		auto pixels = WaylandPixels::create(client, capture.width, capture.height,
						    !capture.opaque);

		if (!pixels)
			return failure(std::move(pixels));
		capture.again = false;
		protocol.ask(*pixels, capture);
		if (auto taken = client.await([&] { return capture.over(); }, "a screenshot");
		    !taken)
			return failure(std::move(taken));
		if (capture.ready)
			return WaylandScreenshot{.picture = pixels->picture(),
						 .protocol = Protocol::name};
	}
	return client.fail(std::format("{}: it refuses a screenshot, {}", Protocol::name,
				       capture.refusal.value_or("of any buffer of ours")),
			   EOPNOTSUPP);
}

} // namespace

Result<WaylandScreenshot> WaylandScreenshot::take(WaylandClient &client)
{
	if (client.globals().contains(Weston::name))
		return take_by<Weston>(client);
	if (client.globals().contains(Ext::name))
		return take_by<Ext>(client);
	return client.fail(std::format("it has neither {} (weston has it with --debug) nor {}",
				       Weston::name, Ext::name),
			   EOPNOTSUPP);
}

} // namespace vskms::svp
