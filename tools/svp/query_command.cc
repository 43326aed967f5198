// SPDX-License-Identifier: GPL-2.0
/* svp query: is what is behind a file descriptor a protected buffer? */

#include "command.hpp"
#include "json.hpp"
#include "process.hpp"
#include "secure_device.hpp"
#include "table.hpp"

#include <format>
#include <memory>
#include <optional>
#include <print>
#include <string>

namespace vskms::svp {
namespace {

struct Options {
	std::string target;
	bool json = false;
};

const char *state_name(BufferInfo::State state)
{
	switch (state) {
	case BufferInfo::State::live:
		return "live";
	case BufferInfo::State::revoked:
		return "revoked";
	default:
		return "ordinary";
	}
}

std::string check_target(const std::string &text)
{
	if (parse_fd(text))
		return {};
	return std::format("{:?} is not FD or PID:FD", text);
}

Result<int> run(const Options &options)
{
	const FdOf target = *parse_fd(options.target);
	auto device = SecureDevice::open();

	if (!device)
		return failure(std::move(device));
	UniqueFd taken;

	if (target.pid) {
		auto fd = take_fd(*target.pid, target.fd);

		if (!fd)
			return failure(std::move(fd));
		taken = std::move(*fd);
	}
	auto info = device->query(taken ? taken.get() : target.fd);

	if (!info) {
		// It knows the number that we use; the caller knows another.
		info.error().what = std::format("{}: cannot query it", options.target);
		return failure(std::move(info));
	}
	const bool protected_buffer = info->state != BufferInfo::State::ordinary;

	if (options.json) {
		Json::Object all = {{"protected", protected_buffer},
				    {"state", state_name(info->state)}};

		if (protected_buffer)
			all.append_range(Json::Object{
				{"heap", info->heap},
				{"profile", info->profile},
				{"size", info->size},
				{"handle", info->handle},
				{"generation", info->generation},
				{"session", info->session},
			});
		std::println("{}", Json(std::move(all)).text());
		return 0;
	}
	if (!protected_buffer) {
		std::println("an ordinary dma-buf, not a protected one");
		return 0;
	}
	std::println("protected, {}", state_name(info->state));
	std::println("heap        {}", info->heap);
	std::println("profile     {}", info->profile);
	std::println("size        {} ({} bytes)", size_text(info->size), info->size);
	std::println("handle      {}", info->handle);
	std::println("generation  {} (the heap's is {})", info->generation, info->session);
	return 0;
}

Action setup(CLI::App &app)
{
	auto options = std::make_shared<Options>();

	app.add_option(
		   "TARGET", options->target,
		   "FD: one that svp inherited; or PID:FD: another process's, for which one needs "
		   "to be able to trace it")
		->check(check_target)
		->required();
	app.add_flag("--json", options->json, "Print one JSON object");
	app.footer("Examples:\n"
		   "  svp query 1234:7\n"
		   "  for fd in /proc/1234/fd/*; do svp query 1234:${fd##*/}; done 2>/dev/null\n"
		   "  svp query --json 1234:7");
	return [options] { return run(*options); };
}

const Command command("query", "Tell what protected buffer a file descriptor is", setup);

} // namespace
} // namespace vskms::svp
