// SPDX-License-Identifier: GPL-2.0
/* svp heaps: the protected heaps, and how full they are. */

#include "command.hpp"
#include "heap.hpp"
#include "json.hpp"
#include "ledger.hpp"
#include "table.hpp"

#include <memory>
#include <optional>
#include <print>

namespace vskms::svp {
namespace {

struct Options {
	bool json = false;
};

Result<int> run(const Options &options)
{
	auto heaps = Heap::list();

	if (!heaps)
		return failure(std::move(heaps));
	// For root alone; others do without.
	const auto ledger = Ledger::read();
	const auto most = [&](const HeapInfo &heap) {
		return ledger ? ledger->most(heap.name, "bytes") : std::nullopt;
	};

	if (options.json) {
		Json::Array all;

		for (const HeapInfo &heap : *heaps)
			all.push_back(Json::Object{
				{"name", heap.name},
				{"type", heap.type},
				{"size", heap.size},
				{"used", heap.used},
				{"high_water", most(heap) ? Json(*most(heap)) : Json(nullptr)},
				{"profile", heap.profile},
				{"state", heap.state},
				{"generation", heap.generation},
				{"node", heap.node},
			});
		std::println("{}", Json(std::move(all)).text());
		return 0;
	}

	Table table({"NAME", "TYPE", "SIZE", "USED", "HIGH WATER", "PROFILE", "STATE"});

	for (const HeapInfo &heap : *heaps)
		table.add({heap.name, heap.type, size_text(heap.size), size_text(heap.used),
			   most(heap) ? size_text(*most(heap)) : "-", heap.profile, heap.state});
	std::print("{}", table.text());
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_flag("--json", options->json, "Print one JSON array");
	app.footer("Examples:\n"
		   "  svp heaps\n"
		   "  svp heaps --json");
	return [options] { return run(*options); };
}

const Command command("heaps", "List the protected heaps and how full they are", setup);

} // namespace
} // namespace vskms::svp
