// SPDX-License-Identifier: GPL-2.0
/*
 * cpu_stall: holds up CPUs, so that tests see what happens when one comes late. A slow
 * machine does the same, but when it likes. Never installed; loaded by hand in a guest.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#define MAX_MS 1000U		/* far from what any watchdog calls a lockup */

static int parse_ms(const char *value, unsigned int *ms)
{
	int ret = kstrtouint(value, 0, ms);

	if (ret)
		return ret;

	return *ms > MAX_MS ? -ERANGE : 0;
}

static void stall_this(void *ms)
{
	mdelay(*(unsigned int *)ms);
}

static int set_all(const char *value, const struct kernel_param *param)
{
	unsigned int ms;
	int ret = parse_ms(value, &ms);

	if (!ret)
		on_each_cpu(stall_this, &ms, true);

	return ret;
}

static const struct kernel_param_ops all_ops = {
	.set = set_all,
};
module_param_cb(all, &all_ops, NULL, 0200);
MODULE_PARM_DESC(all, "stall all CPUs once, interrupts off, for so many ms");

/* For how long, while @vblank_probe is registered; the parameters' lock guards both. */
static unsigned int vblank_ms;

/* Only of a thread: an interrupt's is held up by holding up its CPU. */
static int stall_vblank(struct kprobe *probe, struct pt_regs *regs)
{
	if (in_task())
		mdelay(READ_ONCE(vblank_ms));

	return 0;
}

static struct kprobe vblank_probe = {
	.symbol_name = "drm_crtc_handle_vblank",
	.pre_handler = stall_vblank,
};

static int set_vblank(const char *value, const struct kernel_param *param)
{
	unsigned int was = vblank_ms;
	unsigned int ms;
	int ret = parse_ms(value, &ms);

	if (ret)
		return ret;
	WRITE_ONCE(vblank_ms, ms);
	if (was && !ms) {
		unregister_kprobe(&vblank_probe);
	} else if (!was && ms) {
		/* What is left of the last time would be refused. */
		vblank_probe.addr = NULL;
		vblank_probe.flags = 0;
		ret = register_kprobe(&vblank_probe);
		if (ret)
			vblank_ms = 0;
	}

	return ret;
}

static const struct kernel_param_ops vblank_ops = {
	.set = set_vblank,
};
module_param_cb(vblank, &vblank_ops, NULL, 0200);
MODULE_PARM_DESC(vblank, "stall each vblank that a thread handles for so many ms; 0: none; needs kprobes");

static int __init cpu_stall_init(void)
{
	pr_info("test module: CPUs stall on request\n");
	return 0;
}

static void __exit cpu_stall_exit(void)
{
	if (vblank_ms)
		unregister_kprobe(&vblank_probe);
}

module_init(cpu_stall_init);
module_exit(cpu_stall_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("CPUs that stall on request, for the display's tests");
MODULE_LICENSE("GPL");
