// SPDX-License-Identifier: GPL-2.0
/*
 * The compositor's linux-dmabuf: which formats it takes, and buffers made of dma-bufs.
 *
 * A buffer is asked for with "create", which a compositor that cannot use it answers with
 * "failed"; "create_immed" may end the connection in place of that, and is used only if it
 * is asked for. Buffers are LINEAR, which is what all of svp's are.
 */
#pragma once

#include "canvas.hpp"
#include "dmabuf_formats.hpp"
#include "wayland_client.hpp"

#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace vskms::svp {

/* A canvas, as the compositor knows it. Both outlive this. */
class WaylandBuffer {
public:
	WaylandBuffer(const Canvas &canvas, WaylandObject<wl_buffer> buffer);
	WaylandBuffer(const WaylandBuffer &) = delete;
	WaylandBuffer &operator=(const WaylandBuffer &) = delete;

	[[nodiscard]] const Canvas &canvas() const { return *canvas_; }

	/* Does the compositor read it? From when it is attached until it is released. */
	[[nodiscard]] bool busy() const { return busy_; }

	/* To be attached now. */
	[[nodiscard]] wl_buffer *attach()
	{
		busy_ = true;
		return buffer_.get();
	}

private:
	struct Listener;

	const Canvas *canvas_;
	WaylandObject<wl_buffer> buffer_;
	bool busy_ = false;
};

/* The client outlives it. */
class WaylandDmabuf {
public:
	struct Options {
		bool direct_display = false; // keep the GPU away from it
		bool immediate = false;	     // by create_immed
		std::optional<std::uint32_t> pitch; // the lie that is told of the first plane
	};

	[[nodiscard]] static Result<std::unique_ptr<WaylandDmabuf>> open(WaylandClient &client);

	WaylandDmabuf(const WaylandDmabuf &) = delete;
	WaylandDmabuf &operator=(const WaylandDmabuf &) = delete;

	/* Wrong: it does not take @format with LINEAR. */
	[[nodiscard]] Result<void> check(std::uint32_t format) const;

	[[nodiscard]] Result<std::unique_ptr<WaylandBuffer>> import(const Canvas &canvas,
								    const Options &options);

	[[nodiscard]] std::uint32_t version() const { return version_; }
	[[nodiscard]] const std::set<FormatModifier> &formats() const { return formats_; }

	/* Of version 4 and later; before that, 0 and none. */
	[[nodiscard]] dev_t main_device() const { return main_device_; }
	[[nodiscard]] const std::vector<Tranche> &tranches() const { return tranches_; }

private:
	struct Listener;

	WaylandDmabuf(WaylandClient &client, WaylandObject<zwp_linux_dmabuf_v1> dmabuf);

	[[nodiscard]] Result<void> learn();

	WaylandClient *client_;
	WaylandObject<zwp_linux_dmabuf_v1> dmabuf_;
	std::uint32_t version_;
	WaylandObject<weston_direct_display_v1> direct_display_; // once it is needed
	std::set<FormatModifier> formats_;

	// What feedback told.
	std::vector<FormatModifier> table_;
	dev_t main_device_ = 0;
	std::vector<Tranche> tranches_;
	Tranche tranche_; // not done yet
	bool done_ = false;
	std::optional<Error> wrong_;
};

} // namespace vskms::svp
