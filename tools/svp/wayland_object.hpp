// SPDX-License-Identifier: GPL-2.0
/*
 * An object of a Wayland connection, destroyed with its owner, which must not outlive the
 * connection. Destroying one whose connection is lost does no harm.
 */
#pragma once

#include <memory>

struct ext_image_capture_source_v1;
struct ext_image_copy_capture_frame_v1;
struct ext_image_copy_capture_manager_v1;
struct ext_image_copy_capture_session_v1;
struct ext_output_image_capture_source_manager_v1;
struct weston_capture_source_v1;
struct weston_capture_v1;
struct weston_direct_display_v1;
struct wl_buffer;
struct wl_callback;
struct wl_compositor;
struct wl_display;
struct wl_output;
struct wl_registry;
struct wl_shm;
struct wl_shm_pool;
struct wl_subcompositor;
struct wl_subsurface;
struct wl_surface;
struct wp_presentation;
struct wp_presentation_feedback;
struct wp_viewport;
struct wp_viewporter;
struct xdg_surface;
struct xdg_toplevel;
struct xdg_wm_base;
struct zwp_linux_buffer_params_v1;
struct zwp_linux_dmabuf_feedback_v1;
struct zwp_linux_dmabuf_v1;

namespace vskms::svp {

/* Each by the request of its protocol that does so. */
struct WaylandDeleter {
	void operator()(ext_image_capture_source_v1 *object) const;
	void operator()(ext_image_copy_capture_frame_v1 *object) const;
	void operator()(ext_image_copy_capture_manager_v1 *object) const;
	void operator()(ext_image_copy_capture_session_v1 *object) const;
	void operator()(ext_output_image_capture_source_manager_v1 *object) const;
	void operator()(weston_capture_source_v1 *object) const;
	void operator()(weston_capture_v1 *object) const;
	void operator()(weston_direct_display_v1 *object) const;
	void operator()(wl_buffer *object) const;
	void operator()(wl_callback *object) const;
	void operator()(wl_compositor *object) const;
	void operator()(wl_display *object) const;
	void operator()(wl_output *object) const;
	void operator()(wl_registry *object) const;
	void operator()(wl_shm *object) const;
	void operator()(wl_shm_pool *object) const;
	void operator()(wl_subcompositor *object) const;
	void operator()(wl_subsurface *object) const;
	void operator()(wl_surface *object) const;
	void operator()(wp_presentation *object) const;
	void operator()(wp_presentation_feedback *object) const;
	void operator()(wp_viewport *object) const;
	void operator()(wp_viewporter *object) const;
	void operator()(xdg_surface *object) const;
	void operator()(xdg_toplevel *object) const;
	void operator()(xdg_wm_base *object) const;
	void operator()(zwp_linux_buffer_params_v1 *object) const;
	void operator()(zwp_linux_dmabuf_feedback_v1 *object) const;
	void operator()(zwp_linux_dmabuf_v1 *object) const;
};

template <typename T>
using WaylandObject = std::unique_ptr<T, WaylandDeleter>;

} // namespace vskms::svp
