// SPDX-License-Identifier: GPL-2.0
/*
 * The display's one C++ object: what compositor.h declares, on top of the headers
 * here.
 */

#ifdef __KERNEL__
#include "cxx_runtime.hpp"
#endif

#include "compositor.h"
#include "check.hpp"
#include "composer.hpp"
#include "format.hpp"
#include "scene.hpp"
#include "target.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

using vskms::Composer;
using vskms::Scene;

namespace {

/* A compositor is a Scene; C knows but the name. */
const Scene &scene_of(const compositor *compositor)
{
	return *reinterpret_cast<const Scene *>(compositor);
}

template <typename Formats>
unsigned int list(const Formats &formats, unsigned int *codes, unsigned int room)
{
	const std::span out{codes, std::min<std::size_t>(room, formats.size())};

	for (std::size_t i = 0; i < out.size(); i++)
		out[i] = formats[i].code;
	return formats.size();
}

} // namespace

unsigned int compositor_formats(unsigned int *codes, unsigned int room)
{
	return list(vskms::formats, codes, room);
}

unsigned int compositor_targets(unsigned int *codes, unsigned int room)
{
	return list(vskms::targets, codes, room);
}

int compositor_create(const compositor_scene *from, compositor **made)
{
	constexpr int enomem = 12, einval = 22;

	if (!vskms::valid(*from))
		return -einval;

	Scene::Pointer scene = Scene::make(*from);

	if (!scene)
		return -enomem;
	*made = reinterpret_cast<compositor *>(scene.release());
	return 0;
}

void compositor_destroy(compositor *compositor)
{
	const Scene::Pointer scene{reinterpret_cast<Scene *>(compositor)};
}

unsigned long compositor_scratch(const compositor *compositor)
{
	return Composer::scratch(scene_of(compositor));
}

void compositor_run(const compositor *compositor, const compositor_memory *memory, void *scratch,
		    const compositor_target *target, compositor_line line, void *context)
{
	const vskms::TargetFormat *const format =
		target ? vskms::find_target(target->format) : nullptr;

	Composer{scene_of(compositor), memory, scratch, target, format}.run(line, context);
}
