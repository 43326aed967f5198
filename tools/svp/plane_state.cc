// SPDX-License-Identifier: GPL-2.0
#include "plane_state.hpp"

#include "file.hpp"

#include <algorithm>
#include <cstdio>
#include <format>
#include <optional>
#include <set>

namespace vskms::svp {
namespace {

/* What is behind @key in @line, but for indentation. */
std::optional<std::string_view> value_of(std::string_view line, std::string_view key)
{
	line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
	if (!line.starts_with(key))
		return std::nullopt;
	return line.substr(key.size());
}

template <typename... Values>
bool scan(std::string_view text, const char *format, Values *...values)
{
	return std::sscanf(std::string(text).c_str(), format, values...) == sizeof...(values);
}

/*
 * A line of a plane's part. An object is told for each memory plane that it holds, and known
 * again by its place in the card's range for mmap() and its size.
 */
void take(PlaneState &plane, std::set<std::string> &objects, std::string &start,
	  std::string_view line)
{
	if (auto value = value_of(line, "fb="))
		(void)scan(*value, "%u", &plane.framebuffer);
	else if (auto format = value_of(line, "format="))
		plane.format = format->substr(0, format->find(' '));
	else if (auto place = value_of(line, "start="))
		start = *place;
	else if (auto size = value_of(line, "size=")) {
		if (size->contains('x'))
			(void)scan(*size, "%ux%u", &plane.width, &plane.height);
		else
			objects.insert(std::format("{} {}", start, *size));
		plane.objects = static_cast<unsigned int>(objects.size());
	} else if (auto area = value_of(line, "crtc-pos="))
		(void)scan(*area, "%ux%u%d%d", &plane.area.width, &plane.area.height, &plane.area.x,
			   &plane.area.y);
	else if (auto rotation = value_of(line, "rotation="))
		(void)scan(*rotation, "%x", &plane.rotation);
	else if (auto position = value_of(line, "normalized-zpos="))
		(void)scan(*position, "%x", &plane.position);
	else if (auto imported = value_of(line, "imported="))
		plane.imported = plane.imported || *imported == "yes";
}

} // namespace

std::vector<PlaneState> parse_plane_states(std::string_view text)
{
	std::vector<PlaneState> planes;
	std::set<std::string> objects;
	std::string start;
	bool inside = false;

	for (std::string_view line : split(text, '\n')) {
		if (auto head = value_of(line, "plane["); head && !line.starts_with('\t')) {
			PlaneState &plane = planes.emplace_back();
			const std::size_t name = head->find(": ");

			objects.clear();
			inside = scan(*head, "%u", &plane.id) && name != head->npos;
			if (inside)
				plane.name = head->substr(name + 2);
		} else if (!line.starts_with('\t')) {
			inside = false;
		} else if (inside) {
			take(planes.back(), objects, start, line);
		}
	}
	std::erase_if(planes, [](const PlaneState &plane) { return !plane.framebuffer; });
	return planes;
}

Result<std::vector<PlaneState>> plane_states(int number)
{
	auto text = read_text(std::format("/sys/kernel/debug/dri/{}/state", number));

	if (!text) {
		text.error().remedy = "is debugfs mounted, and are you root?";
		return failure(std::move(text));
	}
	return parse_plane_states(*text);
}

} // namespace vskms::svp
