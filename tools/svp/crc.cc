// SPDX-License-Identifier: GPL-2.0
#include "crc.hpp"

#include "file.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <format>
#include <optional>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

/* The first number of "0xFRAME 0xCRC..."; the frame may be XXXXXXXXXX. */
std::optional<std::uint32_t> parse(std::string_view line)
{
	std::uint32_t value;
	const std::size_t space = line.find(" 0x");

	if (space == line.npos)
		return std::nullopt;
	const std::string_view word = line.substr(space + 3);
	const auto [rest, wrong] =
		std::from_chars(word.data(), word.data() + word.size(), value, 16);

	return wrong == std::errc() ? std::optional(value) : std::nullopt;
}

} // namespace

Result<std::uint32_t> read_crc(const Card &card, std::uint32_t index)
{
	static constexpr std::string_view source = "auto";
	const std::string directory =
		std::format("/sys/kernel/debug/dri/{}/crtc-{}/crc/", card.number(), index);
	auto control = open_file(directory + "control", O_WRONLY);

	if (!control) {
		control.error().remedy = "CRCs are in debugfs, and root's";
		return failure(std::move(control));
	}
	if (auto chosen = write_all(control->get(), std::as_bytes(std::span(source)),
				    directory + "control");
	    !chosen)
		return failure(std::move(chosen));
	// Open: from the next frame on. Close: no more.
	auto data = open_file(directory + "data", O_RDONLY);

	if (!data) {
		if (data.error().number == EBUSY)
			data.error().remedy = "somebody else reads them";
		return failure(std::move(data));
	}
	std::array<char, 256> line;
	ssize_t got;

	do {
		got = read(data->get(), line.data(), line.size());
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return failure(std::format("{}data: cannot read it", directory), errno);
	const auto crc = parse({line.data(), static_cast<std::size_t>(got)});

	if (!crc)
		return failure(std::format("{}data: no CRC", directory));
	return *crc;
}

} // namespace vskms::svp
