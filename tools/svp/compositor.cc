// SPDX-License-Identifier: GPL-2.0
#include "compositor.hpp"

#include "unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>
#include <optional>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

namespace vskms::svp {
namespace {

namespace fs = std::filesystem;

/* For a guest without a seat manager or a GPU; whoever has them says so. */
constexpr const char *defaults[] = {
	"LIBSEAT_BACKEND=builtin",	 "SEATD_VTBOUND=0",	      "GBM_ALWAYS_SOFTWARE=1",
	"WLR_RENDERER_ALLOW_SOFTWARE=1", "WLR_LIBINPUT_NO_DEVICES=1",
};

bool is_set(std::string_view variable)
{
	return std::getenv(std::string(variable.substr(0, variable.find('='))).c_str());
}

bool accepts(const fs::path &socket)
{
	const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
	const std::string path = socket;

	if (!fd || path.size() >= sizeof(address.sun_path))
		return false;
	std::ranges::copy(path, address.sun_path);
	return !connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address));
}

/* The socket's name that accepts clients; several have been made if a nested one runs. */
std::optional<std::string> display_in(const fs::path &directory)
{
	std::optional<std::string> found;
	std::error_code wrong;

	for (auto entry = fs::directory_iterator(directory, wrong);
	     !wrong && entry != fs::directory_iterator(); entry.increment(wrong)) {
		const std::string name = entry->path().filename();

		if (name.starts_with("wayland-") && !name.ends_with(".lock") &&
		    (!found || name < *found) && accepts(entry->path()))
			found = name;
	}
	return found;
}

} // namespace

Result<Job> Compositor::run(const std::vector<std::string> &command, const fs::path &directory)
{
	std::vector<std::string> environment = {
		std::format("XDG_RUNTIME_DIR={}", directory.string())};

	for (const char *variable : defaults)
		if (!is_set(variable))
			environment.emplace_back(variable);
	// It is no client of another compositor.
	environment.append_range(std::vector<std::string>{"WAYLAND_DISPLAY", "DISPLAY"});
	return Job::start(command, environment);
}

Result<Compositor> Compositor::start(const std::vector<std::string> &command)
{
	char directory[] = "/tmp/svp-compositor-XXXXXX";

	if (!mkdtemp(directory))
		return failure(std::format("{}: cannot make it", directory), errno);
	auto job = run(command, directory);

	if (!job) {
		std::error_code none;

		fs::remove_all(directory, none);
		return failure(std::move(job));
	}
	return Compositor(command, directory, std::move(*job));
}

Compositor::~Compositor()
{
	std::error_code none;

	job_.kill();
	if (!directory_.empty())
		fs::remove_all(directory_, none);
}

Result<void> Compositor::ready(const Deadline &deadline)
{
	std::optional<std::string> display;

	(void)deadline.await([&] { return (display = display_in(directory_)) || !running(); });
	if (!running())
		return failure(
			std::format("the compositor {} before it opened a socket", job_.state()));
	if (!display)
		return failure("the compositor opened no socket in time");
	display_ = *display;
	return {};
}

Result<void> Compositor::restart(const Deadline &deadline)
{
	job_.end(deadline);
	auto job = run(command_, directory_);

	if (!job)
		return failure(std::move(job));
	job_ = std::move(*job);
	return {};
}

std::vector<std::string> Compositor::environment() const
{
	return {std::format("XDG_RUNTIME_DIR={}", directory_.string()),
		std::format("WAYLAND_DISPLAY={}", display_)};
}

} // namespace vskms::svp
