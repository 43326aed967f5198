// SPDX-License-Identifier: GPL-2.0
/* svp masters: which devices may use which heap. */

#include "command.hpp"
#include "heap.hpp"
#include "json.hpp"
#include "masters.hpp"
#include "table.hpp"

#include <memory>
#include <print>

namespace vskms::svp {
namespace {

struct Options {
	bool json = false;
};

const char *trust(const Master &master)
{
	if (master.access)
		return *master.access == "none" ? "no: listed" : "listed";
	return master.registered ? "driver" : "no: admitted by the heap's profile";
}

Result<int> run(const Options &options)
{
	// Without the module there is no master either, but that is not what to say.
	if (auto heaps = Heap::list(); !heaps)
		return failure(std::move(heaps));
	auto masters = list_masters();

	if (!masters)
		return failure(std::move(masters));
	if (options.json) {
		Json::Array all;

		for (const Master &master : *masters)
			all.push_back(Json::Object{
				{"heap", master.heap},
				{"device", master.device},
				{"registered", master.registered},
				{"listed", master.access ? Json(*master.access) : Json(nullptr)},
				{"attached", master.attached},
			});
		std::println("{}", Json(std::move(all)).text());
		return 0;
	}

	Table table({"HEAP", "DEVICE", "ACCESS", "ATTACHED", "TRUSTED BY"});

	for (const Master &master : *masters)
		table.add({master.heap, master.device, master.access.value_or("-"),
			   std::to_string(master.attached), trust(master)});
	std::print("{}", table.text());
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_flag("--json", options->json, "Print one JSON array");
	app.footer("A device is trusted because its driver registered it, or because an "
		   "administrator listed\n"
		   "it in /sys/kernel/config/secure_heap/HEAP/devices; the listing outranks the "
		   "driver.\n"
		   "\n"
		   "Examples:\n"
		   "  svp masters\n"
		   "  svp masters --json");
	return [options] { return run(*options); };
}

const Command command("masters", "List the devices that heaps trust", setup);

} // namespace
} // namespace vskms::svp
