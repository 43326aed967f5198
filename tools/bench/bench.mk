# SPDX-License-Identifier: GPL-2.0
#
# What runs in the guest for make bench.  Runs in the sysroot.

CXX := g++
CXXFLAGS := -std=c++23 -O2 -Wall -Wextra -Werror $(shell pkg-config --cflags libdrm)

out := build/bench
benches := heap_bench display_bench

all: $(benches:%=$(out)/%)

$(out)/%: tools/bench/%.cc $(wildcard tools/bench/*.hpp) drm/bench/scenes.hpp tools/bench/bench.mk
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $< $(shell pkg-config --libs libdrm) -o $@

.PHONY: all
