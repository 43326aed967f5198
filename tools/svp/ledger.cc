// SPDX-License-Identifier: GPL-2.0
#include "ledger.hpp"

#include "file.hpp"

#include <algorithm>
#include <charconv>
#include <format>

namespace vskms::svp {
namespace {

const std::filesystem::path directory = "/sys/kernel/debug/secure_heap";

/* A whole word that is a number. */
template <typename T>
bool parse_number(std::string_view word, T &value)
{
	const auto [rest, wrong] = std::from_chars(word.data(), word.data() + word.size(), value);

	return wrong == std::errc() && rest == word.data() + word.size();
}

Result<std::string> read(const char *file)
{
	auto text = read_text(directory / file);

	if (!text)
		text.error().remedy =
			text.error().number == ENOENT ?
				"is the module loaded, and debugfs mounted? modprobe "
				"secure_heap; mount -t debugfs debugfs /sys/kernel/debug" :
				"the ledger is root's: run svp as root";
	return text;
}

} // namespace

Result<Ledger> Ledger::read()
{
	auto text = svp::read("ledger");

	if (!text)
		return failure(std::move(text));
	return parse(*text);
}

Ledger::Account &Ledger::account(std::string_view name)
{
	if (accounts_.empty() || accounts_.back().first != name)
		accounts_.emplace_back(name, Account());
	return accounts_.back().second;
}

Result<Ledger> Ledger::parse(std::string_view text)
{
	Ledger ledger;

	for (std::string_view line : split(text, '\n')) {
		const auto words = split(line, ' ');
		std::uint64_t count;
		Level level;

		if (line.empty())
			continue;
		if (words.size() == 2 && words[0] == "imbalances" && parse_number(words[1], count))
			ledger.imbalances_ = count;
		else if (words.size() == 4 && words[1] == "refused" &&
			 parse_number(words[3], count))
			ledger.account(words[0]).refused.emplace(words[2], count);
		else if (words.size() == 5 && parse_number(words[2], level.now) &&
			 parse_number(words[3], level.most) && parse_number(words[4], level.ever))
			ledger.account(words[0]).gauges.emplace(words[1], level);
		else
			return failure(std::format("{}: cannot understand {:?}",
						   (directory / "ledger").string(), line));
	}
	return ledger;
}

const Ledger::Level *Ledger::level(std::string_view account, std::string_view gauge) const
{
	const auto found = std::ranges::find(accounts_, account, [](const auto &entry) {
		return std::string_view(entry.first);
	});

	if (found == accounts_.end())
		return nullptr;
	const auto level = found->second.gauges.find(gauge);

	return level == found->second.gauges.end() ? nullptr : &level->second;
}

std::optional<std::uint64_t> Ledger::most(std::string_view account, std::string_view gauge) const
{
	const Level *found = level(account, gauge);

	return found ? std::optional(found->most) : std::nullopt;
}

std::optional<std::uint64_t> Ledger::now(std::string_view account, std::string_view gauge) const
{
	const Level *found = level(account, gauge);

	return found ? std::optional(found->now) : std::nullopt;
}

Result<Violation> Violation::parse(std::string_view line)
{
	const auto words = split(line, ' ');
	std::uint32_t buffer;
	Violation at;

	if (words.size() < 10 || !parse_number(words[0], at.serial) ||
	    !parse_number(words[1], at.time) || !parse_number(words[2], at.pid) ||
	    !parse_number(words[5], at.number))
		return failure(std::format("{}: cannot understand {:?}",
					   (directory / "violations").string(), line));
	at.comm = words[3];
	at.kind = words[4];
	at.number = -at.number;
	at.heap = words[6];
	if (parse_number(words[7], buffer))
		at.buffer = buffer;
	at.master = words[8];
	// What is left is the reason, spaces and all.
	at.reason = line.substr(static_cast<std::size_t>(words[9].data() - line.data()));
	return at;
}

Result<std::vector<Violation>> violations_after(std::uint64_t serial)
{
	auto text = read("violations");
	std::vector<Violation> found;

	if (!text)
		return failure(std::move(text));
	for (std::string_view line : split(*text, '\n')) {
		if (line.empty())
			continue;
		auto violation = Violation::parse(line);

		if (!violation)
			return failure(std::move(violation));
		if (violation->serial > serial)
			found.push_back(std::move(*violation));
	}
	return found;
}

} // namespace vskms::svp
