// SPDX-License-Identifier: GPL-2.0
#include "viewer.hpp"

#include <algorithm>

namespace vskms::svp {
namespace {

constexpr std::chrono::seconds farewell(3);

std::string text_of(const Json &object, std::string_view member)
{
	const Json *value = object.find(member);
	const std::string *text = value ? value->string() : nullptr;

	return text ? *text : "";
}

} // namespace

Result<Viewer> Viewer::start(const Compositor &compositor, const std::vector<std::string> &options)
{
	std::vector<std::string> argv = {"/proc/self/exe", "wayland", "--json"};

	argv.append_range(options);
	auto job = Job::start(argv, compositor.environment());

	if (!job)
		return failure(std::move(job));
	return Viewer(std::move(*job));
}

Viewer::~Viewer()
{
	job_.end(Deadline(farewell));
}

/* Whole lines, from where it was left. */
void Viewer::read()
{
	const std::string more = job_.output(read_);

	for (std::string_view rest = more;;) {
		const std::size_t end = rest.find('\n');

		if (end == rest.npos)
			return;
		auto event = Json::parse(rest.substr(0, end));

		rest.remove_prefix(end + 1);
		read_ += end + 1;
		if (!event)
			continue;
		if (text_of(*event, "event") == "frame") {
			const Json *zero_copy = event->find("zero_copy");
			const Json *time = event->find("time");
			const std::string result = text_of(*event, "result");

			frames_.push_back(
				{.presented = result == "presented",
				 .zero_copy = zero_copy && zero_copy->boolean().value_or(false),
				 .lost = result == "lost",
				 .time = time ? time->number().value_or(0) : 0});
		} else {
			events_.push_back(std::move(*event));
		}
	}
}

const Json *Viewer::event(std::string_view name)
{
	read();
	const auto found = std::ranges::find_if(
		events_, [&](const Json &event) { return text_of(event, "event") == name; });

	return found == events_.end() ? nullptr : &*found;
}

const std::vector<Viewer::Frame> &Viewer::frames()
{
	read();
	return frames_;
}

std::size_t Viewer::connections()
{
	read();
	return static_cast<std::size_t>(std::ranges::count_if(
		events_, [](const Json &event) { return text_of(event, "event") == "connected"; }));
}

std::optional<Viewer::Trouble> Viewer::trouble()
{
	if (const Json *error = event("error"))
		return Trouble{.kind = text_of(*error, "kind"), .text = text_of(*error, "text")};
	if (running() || job_.status() == 0)
		return std::nullopt;
	std::string said = job_.errors();

	if (said.ends_with('\n'))
		said.pop_back();
	return Trouble{.kind = "other",
		       .text = said.empty() ? "svp wayland " + job_.state() : said};
}

} // namespace vskms::svp
