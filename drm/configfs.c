// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/config/vskms: display controllers to have. The tree and its words are vkms's,
 * so that what was written for that works here with the path changed.
 *
 *	NAME/				mkdir and rmdir: a device, disabled at first
 *	  enabled			0 or 1
 *	  planes/NAME/
 *	    type			0 overlay, 1 primary, 2 cursor
 *	    possible_crtcs/		links to directories in crtcs/
 *	  crtcs/NAME/
 *	    writeback			0 or 1
 *	  encoders/NAME/
 *	    possible_crtcs/		links to directories in crtcs/
 *	  connectors/NAME/
 *	    status			1 connected, 2 disconnected, 3 unknown; at any time
 *	    possible_encoders/		links to directories in encoders/
 *
 * While it is enabled a device cannot be changed, but for status: -EBUSY. What configfs has
 * no way to refuse, removing links and objects, it does not notice: a device is made from a
 * description of its directories and does not refer to them.
 *
 * Lifetimes. A directory's structure is kept by its references and by those of its subdirectories,
 * for configfs looks for a link's target without any lock: by the time that it asks us either may
 * be gone. Objects keep their device's, and that keeps the module. A file that is open when
 * its directory goes does not call us any more. An object leaves its device's list when its
 * directory goes, which cannot be after its device's. Links hold their targets.
 */

#include <linux/cleanup.h>
#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include <drm/drm_connector.h>
#include <drm/drm_plane.h>

#include "config.h"
#include "configfs.h"
#include "connector.h"
#include "device.h"
#include "hold.h"

enum kind {
	PLANE,
	CRTC,
	ENCODER,
	CONNECTOR,
	KINDS,
};

/**
 * struct device_dir - a device's directory
 * @group: the directory; its references keep all this
 * @kinds: its subdirectories; each keeps a reference of @group
 * @hold: the module
 * @lock: guards what follows, and the same of its objects; taken inside the subsystem's,
 *	  and outside of all of DRM's
 * @objects: those of each kind, in the order in which they were made
 * @device: the device while it is enabled
 */
struct device_dir {
	struct config_group group;
	struct config_group kinds[KINDS];
	struct file *hold;
	struct mutex lock;	/* guards objects, device, and what is in objects */
	struct list_head objects[KINDS];
	struct vskms_device *device;
};

/**
 * struct object_dir - an object's directory
 * @group: the directory; its references keep all this
 * @possible: its subdirectory for links, if it has one; keeps a reference of @group
 * @kind: what it is
 * @device: its device's directory, by a reference
 * @link: in @device's list, or empty when the directory is gone
 * @targets: of the links in @possible
 * @index: in the description that was made last
 * @type: a plane's
 * @writeback: a CRTC's
 * @status: a connector's
 * @connector: what it became, while the device is enabled; of connectors only
 */
struct object_dir {
	struct config_group group;
	struct config_group possible;
	enum kind kind;
	struct device_dir *device;
	struct list_head link;
	struct list_head targets;
	unsigned int index;
	enum drm_plane_type type;
	bool writeback;
	enum drm_connector_status status;
	struct vskms_connector *connector;
};

/**
 * struct target - where a link goes
 * @link: in the object's targets
 * @object: the other object
 */
struct target {
	struct list_head link;
	struct object_dir *object;
};

/* Of the preferred mode of all devices here. */
static unsigned int mode_width, mode_height;

static struct device_dir *to_device_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct device_dir, group);
}

static struct object_dir *to_object_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct object_dir, group);
}

/* possible_crtcs and possible_encoders */

/* Whose they are. */
static struct object_dir *to_linking_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct object_dir, possible);
}

static const struct config_item_type object_types[KINDS];

static struct target *find_target(struct object_dir *object, const struct object_dir *other)
{
	struct target *target;

	list_for_each_entry(target, &object->targets, link)
		if (target->object == other)
			return target;

	return NULL;
}

static int possible_allow_link(struct config_item *item, struct config_item *to)
{
	struct object_dir *object = to_linking_dir(item);
	enum kind kind = object->kind == CONNECTOR ? ENCODER : CRTC;
	struct object_dir *other;
	struct target *target;

	if (to->ci_type != &object_types[kind])
		return -EINVAL;
	other = to_object_dir(to);
	if (other->device != object->device)
		return -EINVAL;

	guard(mutex)(&object->device->lock);
	if (list_empty(&object->link) || list_empty(&other->link))
		return -ENOENT;
	if (object->device->device)
		return -EBUSY;
	if (find_target(object, other))
		return -EEXIST;
	target = kzalloc_obj(*target);
	if (!target)
		return -ENOMEM;
	target->object = other;
	list_add_tail(&target->link, &object->targets);

	return 0;
}

static void possible_drop_link(struct config_item *item, struct config_item *to)
{
	struct object_dir *object = to_linking_dir(item);
	struct target *target;

	guard(mutex)(&object->device->lock);
	target = find_target(object, to_object_dir(to));
	list_del(&target->link);
	kfree(target);
}

static void possible_release(struct config_item *item)
{
	config_group_put(&to_linking_dir(item)->group);
}

static const struct configfs_item_operations possible_item_ops = {
	.release = possible_release,
	.allow_link = possible_allow_link,
	.drop_link = possible_drop_link,
};

static const struct config_item_type possible_type = {
	.ct_item_ops = &possible_item_ops,
	.ct_owner = THIS_MODULE,
};

/* A plane */

static ssize_t plane_type_show(struct config_item *item, char *page)
{
	struct object_dir *plane = to_object_dir(item);

	guard(mutex)(&plane->device->lock);
	return sysfs_emit(page, "%u\n", plane->type);
}

static ssize_t plane_type_store(struct config_item *item, const char *page, size_t len)
{
	struct object_dir *plane = to_object_dir(item);
	unsigned int type;

	if (kstrtouint(page, 10, &type) ||
	    (type != DRM_PLANE_TYPE_OVERLAY && type != DRM_PLANE_TYPE_PRIMARY &&
	     type != DRM_PLANE_TYPE_CURSOR))
		return -EINVAL;

	guard(mutex)(&plane->device->lock);
	if (plane->device->device)
		return -EBUSY;
	plane->type = type;

	return len;
}
CONFIGFS_ATTR(plane_, type);

static struct configfs_attribute *plane_attrs[] = {
	&plane_attr_type,
	NULL,
};

/* A CRTC */

static ssize_t crtc_writeback_show(struct config_item *item, char *page)
{
	struct object_dir *crtc = to_object_dir(item);

	guard(mutex)(&crtc->device->lock);
	return sysfs_emit(page, "%d\n", crtc->writeback);
}

static ssize_t crtc_writeback_store(struct config_item *item, const char *page, size_t len)
{
	struct object_dir *crtc = to_object_dir(item);
	bool writeback;

	if (kstrtobool(page, &writeback))
		return -EINVAL;

	guard(mutex)(&crtc->device->lock);
	if (crtc->device->device)
		return -EBUSY;
	crtc->writeback = writeback;

	return len;
}
CONFIGFS_ATTR(crtc_, writeback);

static struct configfs_attribute *crtc_attrs[] = {
	&crtc_attr_writeback,
	NULL,
};

/* A connector */

static ssize_t connector_status_show(struct config_item *item, char *page)
{
	struct object_dir *connector = to_object_dir(item);

	guard(mutex)(&connector->device->lock);
	return sysfs_emit(page, "%u\n", connector->status);
}

static ssize_t connector_status_store(struct config_item *item, const char *page, size_t len)
{
	struct object_dir *connector = to_object_dir(item);
	unsigned int status;

	if (kstrtouint(page, 10, &status) ||
	    (status != connector_status_connected && status != connector_status_disconnected &&
	     status != connector_status_unknown))
		return -EINVAL;

	guard(mutex)(&connector->device->lock);
	connector->status = status;
	if (connector->connector)
		vskms_connector_plug(connector->connector, status);

	return len;
}
CONFIGFS_ATTR(connector_, status);

static struct configfs_attribute *connector_attrs[] = {
	&connector_attr_status,
	NULL,
};

/* Any object */

static void object_release(struct config_item *item)
{
	struct object_dir *object = to_object_dir(item);

	config_group_put(&object->device->group);
	kfree(object);
}

static const struct configfs_item_operations object_item_ops = {
	.release = object_release,
};

static const struct config_item_type object_types[KINDS] = {
	[PLANE] = {
		.ct_item_ops = &object_item_ops,
		.ct_attrs = plane_attrs,
		.ct_owner = THIS_MODULE,
	},
	[CRTC] = {
		.ct_item_ops = &object_item_ops,
		.ct_attrs = crtc_attrs,
		.ct_owner = THIS_MODULE,
	},
	[ENCODER] = {
		.ct_item_ops = &object_item_ops,
		.ct_owner = THIS_MODULE,
	},
	[CONNECTOR] = {
		.ct_item_ops = &object_item_ops,
		.ct_attrs = connector_attrs,
		.ct_owner = THIS_MODULE,
	},
};

static struct config_group *object_make(struct config_group *group, const char *name,
					enum kind kind)
{
	struct device_dir *dir = to_device_dir(group->cg_item.ci_parent);
	struct object_dir *object;

	guard(mutex)(&dir->lock);
	if (dir->device)
		return ERR_PTR(-EBUSY);

	object = kzalloc_obj(*object);
	if (!object)
		return ERR_PTR(-ENOMEM);
	object->kind = kind;
	object->device = dir;
	config_group_get(&dir->group);
	object->type = DRM_PLANE_TYPE_OVERLAY;
	object->status = connector_status_connected;
	INIT_LIST_HEAD(&object->targets);
	list_add_tail(&object->link, &dir->objects[kind]);
	config_group_init_type_name(&object->group, name, &object_types[kind]);
	if (kind != CRTC) {
		config_group_init_type_name(&object->possible,
					    kind == CONNECTOR ? "possible_encoders" :
								"possible_crtcs", &possible_type);
		config_group_get(&object->group);
		configfs_add_default_group(&object->possible, &object->group);
	}

	return &object->group;
}

static struct config_group *planes_make(struct config_group *group, const char *name)
{
	return object_make(group, name, PLANE);
}

static struct config_group *crtcs_make(struct config_group *group, const char *name)
{
	return object_make(group, name, CRTC);
}

static struct config_group *encoders_make(struct config_group *group, const char *name)
{
	return object_make(group, name, ENCODER);
}

static struct config_group *connectors_make(struct config_group *group, const char *name)
{
	return object_make(group, name, CONNECTOR);
}

static void objects_drop(struct config_group *group, struct config_item *item)
{
	struct object_dir *object = to_object_dir(item);

	scoped_guard(mutex, &object->device->lock)
		list_del_init(&object->link);
	configfs_remove_default_groups(&object->group);
	config_item_put(item);
}

static const struct configfs_group_operations kind_group_ops[KINDS] = {
	[PLANE] = { .make_group = planes_make, .drop_item = objects_drop },
	[CRTC] = { .make_group = crtcs_make, .drop_item = objects_drop },
	[ENCODER] = { .make_group = encoders_make, .drop_item = objects_drop },
	[CONNECTOR] = { .make_group = connectors_make, .drop_item = objects_drop },
};

static const struct config_item_type kind_types[KINDS];

static void kind_release(struct config_item *item)
{
	enum kind kind = item->ci_type - kind_types;
	struct device_dir *dir = container_of(to_config_group(item) - kind, struct device_dir,
					      kinds[0]);

	config_group_put(&dir->group);
}

static const struct configfs_item_operations kind_item_ops = {
	.release = kind_release,
};

static const struct config_item_type kind_types[KINDS] = {
	[PLANE] = { .ct_item_ops = &kind_item_ops, .ct_group_ops = &kind_group_ops[PLANE],
		.ct_owner = THIS_MODULE },
	[CRTC] = { .ct_item_ops = &kind_item_ops, .ct_group_ops = &kind_group_ops[CRTC],
		.ct_owner = THIS_MODULE },
	[ENCODER] = { .ct_item_ops = &kind_item_ops, .ct_group_ops = &kind_group_ops[ENCODER],
		.ct_owner = THIS_MODULE },
	[CONNECTOR] = { .ct_item_ops = &kind_item_ops, .ct_group_ops = &kind_group_ops[CONNECTOR],
		.ct_owner = THIS_MODULE },
};

static const char * const kind_names[KINDS] = {
	[PLANE] = "planes",
	[CRTC] = "crtcs",
	[ENCODER] = "encoders",
	[CONNECTOR] = "connectors",
};

/* A device */

/* The objects that the links of one lead to, but for one that goes while it is linked to. */
static u32 target_mask(const struct object_dir *object)
{
	struct target *target;
	u32 mask = 0;

	list_for_each_entry(target, &object->targets, link)
		if (!list_empty(&target->object->link))
			mask |= BIT(target->object->index);

	return mask;
}

static int describe_object(struct object_dir *object, struct vskms_config *config)
{
	const char *name = config_item_name(&object->group.cg_item);

	switch (object->kind) {
	case CRTC:
		object->index = config->crtcs;
		return vskms_config_add_crtc(config, &(struct vskms_crtc_config){
			.name = name, .writeback = object->writeback });
	case PLANE:
		return vskms_config_add_plane(config, &(struct vskms_plane_config){
			.name = name, .type = object->type, .crtcs = target_mask(object) });
	case ENCODER:
		object->index = config->encoders;
		return vskms_config_add_encoder(config, &(struct vskms_encoder_config){
			.name = name, .crtcs = target_mask(object) });
	default:
		object->index = config->connectors;
		return vskms_config_add_connector(config, &(struct vskms_connector_config){
			.name = name, .status = object->status, .encoders = target_mask(object) });
	}
}

static int describe(struct device_dir *dir, struct vskms_config *config)
{
	/* What is linked to before what links to it. */
	static const enum kind kinds[] = { CRTC, PLANE, ENCODER, CONNECTOR };
	struct object_dir *object;
	int ret;

	config->name = config_item_name(&dir->group.cg_item);
	config->width = mode_width;
	config->height = mode_height;
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		list_for_each_entry(object, &dir->objects[kinds[i]], link) {
			ret = describe_object(object, config);
			if (ret)
				return ret;
		}
	}

	return 0;
}

static int dir_enable(struct device_dir *dir)
{
	struct vskms_config *config __free(kfree) = kzalloc_obj(*config);
	struct vskms_device *device;
	struct object_dir *object;
	int ret;

	if (!config)
		return -ENOMEM;
	guard(mutex)(&dir->lock);
	if (dir->device)
		return 0;
	ret = describe(dir, config);
	if (ret)
		return ret;
	device = vskms_device_create(config);
	if (IS_ERR(device))
		return PTR_ERR(device);
	dir->device = device;
	list_for_each_entry(object, &dir->objects[CONNECTOR], link)
		object->connector = device->connector[object->index];

	return 0;
}

static void dir_disable(struct device_dir *dir)
{
	struct object_dir *object;

	guard(mutex)(&dir->lock);
	if (!dir->device)
		return;
	list_for_each_entry(object, &dir->objects[CONNECTOR], link)
		object->connector = NULL;
	vskms_device_destroy(dir->device);
	dir->device = NULL;
}

static ssize_t device_enabled_show(struct config_item *item, char *page)
{
	struct device_dir *dir = to_device_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%d\n", !!dir->device);
}

static ssize_t device_enabled_store(struct config_item *item, const char *page, size_t len)
{
	struct device_dir *dir = to_device_dir(item);
	bool enable;
	int ret = 0;

	if (kstrtobool(page, &enable))
		return -EINVAL;
	if (enable)
		ret = dir_enable(dir);
	else
		dir_disable(dir);

	return ret ?: len;
}
CONFIGFS_ATTR(device_, enabled);

static struct configfs_attribute *device_attrs[] = {
	&device_attr_enabled,
	NULL,
};

static void device_release(struct config_item *item)
{
	struct device_dir *dir = to_device_dir(item);

	vskms_hold_release(dir->hold);
	mutex_destroy(&dir->lock);
	kfree(dir);
}

static const struct configfs_item_operations device_item_ops = {
	.release = device_release,
};

static const struct config_item_type device_type = {
	.ct_item_ops = &device_item_ops,
	.ct_attrs = device_attrs,
	.ct_owner = THIS_MODULE,
};

/* All devices */

static struct config_group *devices_make(struct config_group *group, const char *name)
{
	struct device_dir *dir;
	struct file *hold;

	/* The default devices' of this module and of vkms: the bus has one of a name. */
	if (!strcmp(name, VSKMS_NAME) || !strcmp(name, "vkms"))
		return ERR_PTR(-EINVAL);

	hold = vskms_hold(NULL);
	if (IS_ERR(hold))
		return ERR_CAST(hold);
	dir = kzalloc_obj(*dir);
	if (!dir) {
		vskms_hold_release(hold);
		return ERR_PTR(-ENOMEM);
	}
	dir->hold = hold;
	mutex_init(&dir->lock);
	config_group_init_type_name(&dir->group, name, &device_type);
	for (unsigned int i = 0; i < KINDS; i++) {
		INIT_LIST_HEAD(&dir->objects[i]);
		config_group_init_type_name(&dir->kinds[i], kind_names[i], &kind_types[i]);
		configfs_add_default_group(&dir->kinds[i], &dir->group);
		config_group_get(&dir->group);
	}

	return &dir->group;
}

static void devices_drop(struct config_group *group, struct config_item *item)
{
	struct device_dir *dir = to_device_dir(item);

	dir_disable(dir);
	configfs_remove_default_groups(&dir->group);
	config_item_put(item);
}

static const struct configfs_group_operations devices_group_ops = {
	.make_group = devices_make,
	.drop_item = devices_drop,
};

static const struct config_item_type devices_type = {
	.ct_group_ops = &devices_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = VSKMS_NAME,
			.ci_type = &devices_type,
		},
	},
};

int vskms_configfs_init(unsigned int width, unsigned int height)
{
	int ret;

	mode_width = width;
	mode_height = height;
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	ret = configfs_register_subsystem(&subsystem);
	if (ret)
		mutex_destroy(&subsystem.su_mutex);

	return ret;
}

void vskms_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
	mutex_destroy(&subsystem.su_mutex);
}
