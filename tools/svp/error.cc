// SPDX-License-Identifier: GPL-2.0
#include "error.hpp"

#include <cerrno>
#include <cstring>
#include <format>

namespace vskms::svp {

std::string Error::text() const
{
	std::string text = what;

	if (number) {
		const char *name = strerrorname_np(number);
		const char *meaning = strerrordesc_np(number);

		text += std::format(": {} ({})", meaning ? meaning : "unknown error",
				    name ? name : std::to_string(number));
	}
	if (!remedy.empty())
		text += "; " + remedy;
	return text;
}

Failure failure(std::string what, std::string remedy)
{
	return failure(std::move(what), 0, std::move(remedy));
}

Failure failure(std::string what, int number, std::string remedy)
{
	return Failure({.what = std::move(what), .number = number, .remedy = std::move(remedy)});
}

std::string open_remedy(int number, const char *module)
{
	switch (number) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return std::format("is the module loaded? modprobe {}", module);
	case EACCES:
	case EPERM:
		return "run svp as root, or as a member of the group that the file belongs to";
	default:
		return {};
	}
}

} // namespace vskms::svp
