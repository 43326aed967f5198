# SPDX-License-Identifier: GPL-2.0
#
# The IGT tests.  Runs in the sysroot (make igt-tests); build/igt is then a test
# root for igt_runner.

tests := heap_alloc heap_map heap_bus heap_query heap_ioctl heap_inject \
	heap_key heap_revoke heap_event heap_attach heap_policy heap_refuse \
	heap_dynamic heap_cma heap_kcore heap_scrub heap_race heap_accessors \
	heap_configfs heap_faults vskms_scanout vskms_prime vskms_framebuffer vskms_revoke \
	vskms_colorop vskms_writeback vskms_panel vskms_policy vskms_create vskms_fence vskms_flip \
	vskms_mode vskms_crtc vskms_configfs vskms_outputs vskms_lifecycle
out := build/igt

CC := gcc
CFLAGS := -std=gnu23 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Iigt-tests -Iinclude/uapi -isystem /usr/include/libdrm -MMD -MP

all: $(tests:%=$(out)/%) $(out)/test-list.txt

$(out)/%: igt-tests/%.c igt-tests/igt.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $< -Wl,--allow-shlib-undefined -l:libigt.so.0 -ldrm -lpthread -o $@

$(out)/test-list.txt: igt-tests/igt.mk
	@mkdir -p $(@D)
	@printf 'TESTLIST\n$(tests)\nEND TESTLIST\n' >$@

-include $(wildcard $(out)/*.d)

.PHONY: all
