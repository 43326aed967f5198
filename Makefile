# SPDX-License-Identifier: GPL-2.0
#
# The commands of the project.  Kbuild, beside this file, is what the kernel's
# build system reads; the two are apart because DKMS appends KERNELRELEASE= to make.
#
# Everything is compiled in the lab's sysroot and run in its guest (docs/lab.md),
# so all this needs on the host is python3; the rest it installs or names.

KERNEL ?= stock
VM := tools/vm

.DEFAULT_GOAL := modules

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup:
	@$(VM) setup

modules: setup ## build secure_heap.ko and vskms.ko (KERNEL=NAME: for that kernel; W=1)
	@$(VM) exec --kernel $(KERNEL) -- sh kbuild/build-modules $(if $(W),W=$(W)) $(if $(V),V=$(V))

igt-tests: setup ## build the IGT tests
	@$(VM) exec -- $(MAKE) -s -f igt-tests/igt.mk

svp: setup ## build svp, the user's command
	@$(VM) exec -- $(MAKE) -s -f tools/svp/svp.mk

demo: export VIDEO := $(VIDEO)
demo: modules svp ## protected video over kmscube: what is seen, what is captured (VIDEO=FILE)
	@ci/demo --kernel $(KERNEL) $${VIDEO:+"$$VIDEO"}

test: setup ## everything CI runs
	@python3 ci/test

test-full: setup ## that, all of IGT's tests, and ours on other kernels (3 h; docs/testing.md)
	@python3 ci/test --full

bench: modules ## in a guest: protected buffers beside ordinary ones, vskms beside vkms (20 min; BENCH_SECONDS)
	@$(VM) setup --with bench
	@$(VM) exec -- sh tools/bench/build-vkms
	@$(VM) exec -- $(MAKE) -s -f tools/bench/bench.mk
	@$(VM) run -- sh -c 'modprobe vgem && build/bench/heap_bench'
	@$(VM) run --timeout 7200 -- sh tools/bench/display 100 $(or $(BENCH_SECONDS),60)

check-host: setup ## the C++ cores' tests on the host, and how much of them they run
	@$(VM) exec -- $(MAKE) -s -f ci/host.mk check
	@python3 ci/coverage.py build/host/coverage/lines.json

bench-host: setup ## the allocator against a bitmap, the compositor against memcpy and a vkms's way
	@$(VM) exec -- $(MAKE) -s -f ci/host.mk bench

fuzz: ## fuzz the C++ cores, each target for FUZZ_SECONDS (60)
	@$(VM) setup --with fuzz
	@$(VM) exec -- $(MAKE) -s -f ci/host.mk fuzz $(if $(FUZZ_SECONDS),FUZZ_SECONDS=$(FUZZ_SECONDS))

shell: modules ## a shell in a guest
	@$(VM) shell --kernel $(KERNEL)

clean: ## remove what was built here; the lab's cache stays
	rm -rf build out

.PHONY: help setup modules igt-tests svp demo test test-full bench check-host bench-host fuzz \
	shell clean
