// SPDX-License-Identifier: GPL-2.0
#include "file.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <format>
#include <ranges>

#include <fcntl.h>
#include <unistd.h>

namespace vskms::svp {

Result<UniqueFd> open_file(const std::filesystem::path &path, int flags, unsigned int mode)
{
	UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, mode));

	if (!fd)
		return failure(std::format("{}: cannot open it", path.string()), errno);
	return fd;
}

Result<std::string> read_all(int fd, std::string_view name)
{
	std::array<char, 65536> part;
	std::string text;

	for (;;) {
		const ssize_t got = read(fd, part.data(), part.size());

		if (got > 0)
			text.append(part.data(), static_cast<std::size_t>(got));
		else if (!got)
			return text;
		else if (errno != EINTR)
			return failure(std::format("{}: cannot read it", name), errno);
	}
}

Result<std::string> read_text(const std::filesystem::path &path)
{
	auto fd = open_file(path, O_RDONLY);

	if (!fd)
		return failure(std::move(fd));
	return read_all(fd->get(), path.string());
}

Result<std::uint64_t> read_number(const std::filesystem::path &path)
{
	auto text = read_text(path);

	if (!text)
		return failure(std::move(text));
	std::uint64_t number;
	const char *end = text->data() + text->size();
	const auto [rest, wrong] = std::from_chars(text->data(), end, number);

	if (wrong != std::errc() || (rest != end && std::string_view(rest, end) != "\n"))
		return failure(std::format("{}: {:?} is no number", path.string(), *text));
	return number;
}

Result<void> write_all(int fd, std::span<const std::byte> data, std::string_view name)
{
	while (!data.empty()) {
		const ssize_t put = write(fd, data.data(), data.size());

		if (put >= 0)
			data = data.subspan(static_cast<std::size_t>(put));
		else if (errno != EINTR)
			return failure(std::format("{}: cannot write to it", name), errno);
	}
	return {};
}

std::vector<std::string_view> split(std::string_view text, char between)
{
	std::vector<std::string_view> parts;

	for (auto part : std::views::split(text, between))
		parts.emplace_back(part);
	return parts;
}

} // namespace vskms::svp
