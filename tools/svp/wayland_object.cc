// SPDX-License-Identifier: GPL-2.0
#include "wayland_object.hpp"

#include <ext-image-capture-source-v1-client-protocol.h>
#include <ext-image-copy-capture-v1-client-protocol.h>
#include <linux-dmabuf-v1-client-protocol.h>
#include <presentation-time-client-protocol.h>
#include <viewporter-client-protocol.h>
#include <wayland-client.h>
#include <weston-direct-display-client-protocol.h>
#include <weston-output-capture-client-protocol.h>
#include <xdg-shell-client-protocol.h>

namespace vskms::svp {

void WaylandDeleter::operator()(ext_image_capture_source_v1 *object) const
{
	ext_image_capture_source_v1_destroy(object);
}

void WaylandDeleter::operator()(ext_image_copy_capture_frame_v1 *object) const
{
	ext_image_copy_capture_frame_v1_destroy(object);
}

void WaylandDeleter::operator()(ext_image_copy_capture_manager_v1 *object) const
{
	ext_image_copy_capture_manager_v1_destroy(object);
}

void WaylandDeleter::operator()(ext_image_copy_capture_session_v1 *object) const
{
	ext_image_copy_capture_session_v1_destroy(object);
}

void WaylandDeleter::operator()(ext_output_image_capture_source_manager_v1 *object) const
{
	ext_output_image_capture_source_manager_v1_destroy(object);
}

void WaylandDeleter::operator()(weston_capture_source_v1 *object) const
{
	weston_capture_source_v1_destroy(object);
}

void WaylandDeleter::operator()(weston_capture_v1 *object) const
{
	weston_capture_v1_destroy(object);
}

void WaylandDeleter::operator()(weston_direct_display_v1 *object) const
{
	weston_direct_display_v1_destroy(object);
}

void WaylandDeleter::operator()(wl_buffer *object) const
{
	wl_buffer_destroy(object);
}

void WaylandDeleter::operator()(wl_callback *object) const
{
	wl_callback_destroy(object);
}

void WaylandDeleter::operator()(wl_compositor *object) const
{
	wl_compositor_destroy(object);
}

void WaylandDeleter::operator()(wl_display *object) const
{
	wl_display_disconnect(object);
}

void WaylandDeleter::operator()(wl_output *object) const
{
	wl_output_destroy(object);
}

void WaylandDeleter::operator()(wl_registry *object) const
{
	wl_registry_destroy(object);
}

void WaylandDeleter::operator()(wl_shm *object) const
{
	wl_shm_destroy(object);
}

void WaylandDeleter::operator()(wl_shm_pool *object) const
{
	wl_shm_pool_destroy(object);
}

void WaylandDeleter::operator()(wl_subcompositor *object) const
{
	wl_subcompositor_destroy(object);
}

void WaylandDeleter::operator()(wl_subsurface *object) const
{
	wl_subsurface_destroy(object);
}

void WaylandDeleter::operator()(wl_surface *object) const
{
	wl_surface_destroy(object);
}

void WaylandDeleter::operator()(wp_presentation *object) const
{
	wp_presentation_destroy(object);
}

void WaylandDeleter::operator()(struct wp_presentation_feedback *object) const
{
	wp_presentation_feedback_destroy(object);
}

void WaylandDeleter::operator()(wp_viewport *object) const
{
	wp_viewport_destroy(object);
}

void WaylandDeleter::operator()(wp_viewporter *object) const
{
	wp_viewporter_destroy(object);
}

void WaylandDeleter::operator()(xdg_surface *object) const
{
	xdg_surface_destroy(object);
}

void WaylandDeleter::operator()(xdg_toplevel *object) const
{
	xdg_toplevel_destroy(object);
}

void WaylandDeleter::operator()(xdg_wm_base *object) const
{
	xdg_wm_base_destroy(object);
}

void WaylandDeleter::operator()(zwp_linux_buffer_params_v1 *object) const
{
	zwp_linux_buffer_params_v1_destroy(object);
}

void WaylandDeleter::operator()(zwp_linux_dmabuf_feedback_v1 *object) const
{
	zwp_linux_dmabuf_feedback_v1_destroy(object);
}

void WaylandDeleter::operator()(zwp_linux_dmabuf_v1 *object) const
{
	zwp_linux_dmabuf_v1_destroy(object);
}

} // namespace vskms::svp
