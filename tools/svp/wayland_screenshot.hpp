// SPDX-License-Identifier: GPL-2.0
/* A screenshot as a compositor makes it for programs that ask, of its first output. */
#pragma once

#include "picture.hpp"
#include "wayland_client.hpp"

#include <string>

namespace vskms::svp {

struct WaylandScreenshot {
	Picture picture;
	std::string protocol; // by which it was had

	/*
	 * Wrong: as WaylandClient's; EOPNOTSUPP also if it has such a protocol, but refuses. Known
	 * are weston_capture_v1, which weston offers with --debug, and
	 * ext_image_copy_capture_manager_v1.
	 */
	[[nodiscard]] static Result<WaylandScreenshot> take(WaylandClient &client);
};

} // namespace vskms::svp
