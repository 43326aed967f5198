// SPDX-License-Identifier: GPL-2.0
#include "wayland_report.hpp"

#include "json.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <format>
#include <print>

#include <sys/sysmacros.h>

namespace vskms::svp {
namespace {

void print_line(const std::string &line)
{
	std::println("{}", line);
	// Who reads it acts on it now.
	std::fflush(stdout);
}

std::string device_text(dev_t device)
{
	return std::format("{}:{}", major(device), minor(device));
}

Json formats_json(const std::set<FormatModifier> &formats)
{
	Json::Object object;

	for (const auto &[format, modifiers] : by_format(formats)) {
		Json::Array names;

		for (const std::uint64_t modifier : modifiers)
			names.push_back(modifier_name(modifier));
		object.emplace_back(fourcc_text(format), std::move(names));
	}
	return object;
}

/* What kind of trouble a number of WaylandClient's is; anything else is our own. */
const char *kind(int number)
{
	switch (number) {
	case ENOENT:
	case ECONNREFUSED:
		return "no-compositor";
	case EOPNOTSUPP:
		return "unsupported";
	case EREMOTEIO:
		return "refused";
	case EPROTO:
		return "protocol";
	case EPIPE:
		return "gone";
	case ETIMEDOUT:
		return "silent";
	default:
		return "other";
	}
}

const char *result_name(Presented::Result result)
{
	switch (result) {
	case Presented::Result::presented:
		return "presented";
	case Presented::Result::discarded:
		return "discarded";
	default:
		return "lost";
	}
}

} // namespace

void WaylandReport::connected(const WaylandClient &client, const WaylandDmabuf &dmabuf) const
{
	const std::size_t formats = by_format(dmabuf.formats()).size();

	if (!json_)
		return print_line(std::format("compositor {}: {} globals, linux-dmabuf {} with {} "
					      "formats",
					      client.name(), client.globals().size(),
					      dmabuf.version(), formats));
	Json::Object globals;
	Json::Array tranches;

	for (const auto &[interface, global] : client.globals())
		globals.emplace_back(interface, global.version);
	for (const Tranche &tranche : dmabuf.tranches())
		tranches.push_back(Json::Object{{"device", device_text(tranche.device)},
						{"scanout", tranche.scanout},
						{"formats", formats_json(tranche.formats)}});
	print_line(Json(Json::Object{
				{"event", "connected"},
				{"display", client.name()},
				{"globals", std::move(globals)},
				{"dmabuf_version", dmabuf.version()},
				{"main_device", dmabuf.main_device() ?
							Json(device_text(dmabuf.main_device())) :
							Json(nullptr)},
				{"formats", formats_json(dmabuf.formats())},
				{"tranches", std::move(tranches)},
			})
			   .text());
}

void WaylandReport::configured(Size size, bool fullscreen) const
{
	if (json_)
		print_line(Json(Json::Object{{"event", "configured"},
					     {"width", size.width},
					     {"height", size.height},
					     {"fullscreen", fullscreen}})
				   .text());
}

void WaylandReport::buffer(const Canvas &canvas, const std::string &heap, bool direct_display,
			   const Error *refusal) const
{
	if (json_)
		print_line(Json(Json::Object{
					{"event", "buffer"},
					{"result", refusal ? "failed" : "created"},
					{"format", format_name(canvas.layout().format)},
					{"modifier", "LINEAR"},
					{"width", canvas.layout().width},
					{"height", canvas.layout().height},
					{"objects", canvas.objects()},
					{"heap", heap},
					{"direct_display", direct_display},
				})
				   .text());
}

void WaylandReport::frame(const Presented &outcome) const
{
	const bool presented = outcome.result == Presented::Result::presented;
	const auto flags = outcome.flag_names();

	if (json_) {
		Json::Object object = {{"event", "frame"},
				       {"frame", outcome.frame},
				       {"result", result_name(outcome.result)}};

		if (presented) {
			Json::Array names(flags.begin(), flags.end());

			object.emplace_back("time", outcome.time.count());
			object.emplace_back("refresh", outcome.refresh.count());
			object.emplace_back("sequence", outcome.sequence);
			object.emplace_back("flags", std::move(names));
			object.emplace_back("zero_copy", outcome.zero_copy());
		}
		return print_line(Json(std::move(object)).text());
	}
	std::string line = std::format("frame {}: {}", outcome.frame, result_name(outcome.result));
	const std::chrono::duration<double> time = outcome.time;
	const std::chrono::duration<double, std::milli> refresh = outcome.refresh;

	if (presented) {
		line += std::format(" at {:.3f} s, refresh {:.3f} ms, sequence {}:", time.count(),
				    refresh.count(), outcome.sequence);
		for (const std::string &flag : flags)
			line += " " + flag;
		if (!outcome.zero_copy())
			line += " (copied)";
	}
	print_line(line);
}

void WaylandReport::summary(const WaylandCount &count, std::chrono::nanoseconds time,
			    std::string_view why) const
{
	const double seconds = std::chrono::duration<double>(time).count();

	if (json_)
		return print_line(Json(Json::Object{
						{"event", "summary"},
						{"end", why},
						{"committed", count.committed},
						{"presented", count.presented},
						{"zero_copy", count.zero_copy},
						{"discarded", count.discarded},
						{"lost", count.lost},
						{"dropped", count.dropped},
						{"seconds", seconds},
					})
					   .text());
	// Without a frame the error says it all.
	if (count.committed)
		print_line(std::format("{} frames committed in {:.1f} s ({}): {} presented, {} of "
				       "them without a copy, {} discarded, {} lost; {} dropped",
				       count.committed, seconds, why, count.presented,
				       count.zero_copy, count.discarded, count.lost,
				       count.dropped));
}

void WaylandReport::error(const Error &error) const
{
	const char *name = error.number ? strerrorname_np(error.number) : nullptr;

	if (json_)
		print_line(Json(Json::Object{{"event", "error"},
					     {"kind", kind(error.number)},
					     {"errno", name ? Json(name) : Json(nullptr)},
					     {"text", error.text()}})
				   .text());
}

} // namespace vskms::svp
