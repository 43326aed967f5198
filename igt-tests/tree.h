/* SPDX-License-Identifier: MIT */
/*
 * Display controllers by configfs, for tests: what is beneath /sys/kernel/config/vskms.
 * Paths are relative to that: "device/planes/plane". What fails returns a negative errno.
 */
#ifndef VSKMS_TREE_H
#define VSKMS_TREE_H

#include <dirent.h>
#include <stdarg.h>

#include "heap.h"

#define CONFIGFS_DEVICES "/sys/kernel/config/vskms/"

/* Wherever these formats are followed, the path made of them is. */
#define TREE_PATH(path, format) do {						\
	va_list args_;								\
										\
	va_start(args_, format);						\
	strcpy(path, CONFIGFS_DEVICES);						\
	vsnprintf(path + strlen(path), sizeof(path) - strlen(path), format, args_); \
	va_end(args_);								\
} while (0)

__attribute__((format(printf, 1, 2)))
static inline int tree_make(const char *format, ...)
{
	char path[512];

	TREE_PATH(path, format);
	return mkdir(path, 0755) ? -errno : 0;
}

__attribute__((format(printf, 1, 2)))
static inline int tree_remove(const char *format, ...)
{
	char path[512];

	TREE_PATH(path, format);
	return rmdir(path) ? -errno : 0;
}

__attribute__((format(printf, 2, 3)))
static inline int tree_set(const char *value, const char *format, ...)
{
	char path[512];

	TREE_PATH(path, format);
	return file_write(path, value);
}

__attribute__((format(printf, 1, 2)))
static inline int tree_get(const char *format, ...)
{
	char path[512], text[32];
	int ret;

	TREE_PATH(path, format);
	ret = file_read(path, text, sizeof(text));
	return ret < 0 ? ret : atoi(text);
}

/* A link in the object @from, named @as, in its possible_crtcs or possible_encoders. */
static inline int tree_link(const char *device, const char *from, const char *as, const char *to)
{
	bool connector = !strncmp(from, "connectors/", 11);
	char path[512], target[512];

	snprintf(path, sizeof(path), CONFIGFS_DEVICES "%s/%s/possible_%s/%s", device, from,
		 connector ? "encoders" : "crtcs", as);
	snprintf(target, sizeof(target), CONFIGFS_DEVICES "%s", to);
	return symlink(target, path) ? -errno : 0;
}

static inline int tree_unlink(const char *device, const char *from, const char *as)
{
	bool connector = !strncmp(from, "connectors/", 11);
	char path[512];

	snprintf(path, sizeof(path), CONFIGFS_DEVICES "%s/%s/possible_%s/%s", device, from,
		 connector ? "encoders" : "crtcs", as);
	return unlink(path) ? -errno : 0;
}

/* An object and its links to others of @device: "planes/p", 1, "crtcs/a", "crtcs/b", NULL. */
static inline int tree_object(const char *device, const char *object, const char *type, ...)
{
	const char *to;
	va_list args;
	int ret;

	ret = tree_make("%s/%s", device, object);
	if (!ret && type)
		ret = tree_set(type, "%s/%s/type", device, object);
	va_start(args, type);
	while (!ret && (to = va_arg(args, const char *))) {
		char target[256];

		snprintf(target, sizeof(target), "%s/%s", device, to);
		ret = tree_link(device, object, strchr(to, '/') + 1, target);
	}
	va_end(args);
	return ret;
}

/* CRTC @i with a primary plane, an encoder and a connector of its own, all called by @i. */
static inline int tree_output(const char *device, int i, bool writeback)
{
	char plane[32], crtc[32], encoder[32], connector[32];
	int ret;

	snprintf(plane, sizeof(plane), "planes/%d", i);
	snprintf(crtc, sizeof(crtc), "crtcs/%d", i);
	snprintf(encoder, sizeof(encoder), "encoders/%d", i);
	snprintf(connector, sizeof(connector), "connectors/%d", i);
	ret = tree_object(device, crtc, NULL, NULL);
	if (!ret && writeback)
		ret = tree_set("1", "%s/%s/writeback", device, crtc);
	if (!ret)
		ret = tree_object(device, plane, "1", crtc, NULL);
	if (!ret)
		ret = tree_object(device, encoder, NULL, crtc, NULL);
	if (!ret)
		ret = tree_object(device, connector, NULL, encoder, NULL);
	return ret;
}

static inline int tree_enable(const char *device, bool enable)
{
	return tree_set(enable ? "1" : "0", "%s/enabled", device);
}

/* Calls @visit for each entry of a directory that somebody made. */
static inline void tree_each(const char *path, void (*visit)(const char *entry))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char inner[1024];

		if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		visit(inner);
	}
	if (dir)
		closedir(dir);
}

static inline void tree_drop_link(const char *path)
{
	unlink(path);
}

static inline void tree_drop_links(const char *path)
{
	tree_each(path, tree_drop_link);
}

static inline void tree_free_object(const char *path)
{
	tree_each(path, tree_drop_links);
}

static inline void tree_drop_object(const char *path)
{
	rmdir(path);
}

static inline void tree_free_objects(const char *path)
{
	tree_each(path, tree_free_object);
}

static inline void tree_drop_objects(const char *path)
{
	tree_each(path, tree_drop_object);
}

/* Removes a device with all there is of it, if there is anything. */
static inline int tree_destroy(const char *device)
{
	char path[512];

	snprintf(path, sizeof(path), CONFIGFS_DEVICES "%s", device);
	if (access(path, F_OK))
		return 0;
	tree_enable(device, false);
	tree_each(path, tree_free_objects);
	tree_each(path, tree_drop_objects);
	return rmdir(path) ? -errno : 0;
}

#endif
