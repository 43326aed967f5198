// SPDX-License-Identifier: GPL-2.0
#include "masters.hpp"

#include "file.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <system_error>
#include <utility>

namespace vskms::svp {
namespace {

namespace fs = std::filesystem;

using Found = std::map<std::pair<std::string, std::string>, Master>;

/* In the directory of a device whose driver registered it, one for each heap. */
constexpr std::string_view link_prefix = "secure_heap:";

Master &entry(Found &found, std::string_view heap, std::string_view device)
{
	Master &master = found[{std::string(heap), std::string(device)}];

	master.heap = heap;
	master.device = device;
	return master;
}

void find_registered(Found &found, const fs::path &devices)
{
	std::error_code wrong;
	fs::recursive_directory_iterator at(devices, fs::directory_options::skip_permission_denied,
					    wrong);

	for (; !wrong && at != fs::recursive_directory_iterator(); at.increment(wrong)) {
		const std::string name = at->path().filename();

		if (name.starts_with(link_prefix) && at->is_symlink(wrong))
			entry(found, name.substr(link_prefix.size()),
			      at->path().parent_path().filename().string())
				.registered = true;
	}
}

void find_listed(Found &found, const fs::path &policies)
{
	std::error_code wrong;

	for (const auto &heap : fs::directory_iterator(policies, wrong)) {
		for (const auto &device : fs::directory_iterator(heap.path() / "devices", wrong)) {
			auto access = read_text(device.path() / "access");

			if (!access)
				continue;
			if (access->ends_with('\n'))
				access->pop_back();
			entry(found, heap.path().filename().string(),
			      device.path().filename().string())
				.access = std::move(*access);
		}
	}
}

/* Lines of HANDLE HEAP DEVICE GRANT. One that is attached and not trusted is listed, too. */
void count_attached(Found &found, const fs::path &attachments)
{
	auto text = read_text(attachments);

	if (!text)
		return;
	for (std::string_view line : split(*text, '\n')) {
		const auto words = split(line, ' ');

		if (words.size() == 4)
			entry(found, words[1], words[2]).attached++;
	}
}

} // namespace

Result<std::vector<Master>> list_masters(const MasterFiles &files)
{
	std::vector<Master> masters;
	Found found;

	find_registered(found, files.devices);
	find_listed(found, files.policies);
	count_attached(found, files.attachments);
	for (auto &[key, master] : found)
		masters.push_back(std::move(master));
	return masters;
}

} // namespace vskms::svp
