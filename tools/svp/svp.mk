# SPDX-License-Identifier: GPL-2.0
#
# svp, the user's command.  Runs in the sysroot (make svp); build/svp is on the guest's
# PATH.

MAKEFLAGS += -j$(shell nproc) --output-sync=target

CXX := g++
CXXFLAGS := -std=c++23 -O1 -g1 -Wall -Wextra -Werror -Wshadow -D_GLIBCXX_ASSERTIONS	\
	-Iinclude/uapi $(shell pkg-config --cflags-only-I libdrm | sed 's/-I/-isystem /g') -MMD -MP
LDLIBS := $(shell pkg-config --libs libdrm libpng)

out := build/svp
objects := $(patsubst tools/svp/%.cc,$(out)/obj/%.o,$(wildcard tools/svp/*.cc))

# What tools/vm compares with the sources' times: make may have had nothing to do.
all: $(out)/svp
	@touch $(out)/built

$(out)/svp: $(objects)
	$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@

$(out)/obj/%.o: tools/svp/%.cc tools/svp/svp.mk
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -c $< -o $@

-include $(objects:.o=.d)

.PHONY: all
