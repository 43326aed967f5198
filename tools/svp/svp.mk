# SPDX-License-Identifier: GPL-2.0
#
# svp, the user's command.  Runs in the sysroot (make svp); build/svp is on the guest's
# PATH.

MAKEFLAGS += -j$(shell nproc) --output-sync=target

CXX := g++
CXXFLAGS := -std=c++23 -O1 -g1 -Wall -Wextra -Werror -Wshadow -D_GLIBCXX_ASSERTIONS	\
	-Iinclude/uapi $(shell pkg-config --cflags-only-I libdrm | sed 's/-I/-isystem /g')	\
	-isystem build/svp/wayland -MMD -MP
CFLAGS := -O1 -g1
LDLIBS := $(shell pkg-config --libs libdrm libpng wayland-client)

out := build/svp
objects := $(patsubst tools/svp/%.cc,$(out)/obj/%.o,$(wildcard tools/svp/*.cc))

# What wayland-scanner makes of a protocol: NAME.c, and NAME-client-protocol.h.
glue := $(out)/wayland
data = $(shell pkg-config --variable=pkgdatadir $1)
xml := $(patsubst %,$(call data,wayland-protocols)/%.xml,stable/linux-dmabuf/linux-dmabuf-v1	\
		stable/presentation-time/presentation-time stable/viewporter/viewporter		\
		stable/xdg-shell/xdg-shell							\
		staging/ext-foreign-toplevel-list/ext-foreign-toplevel-list-v1			\
		staging/ext-image-capture-source/ext-image-capture-source-v1			\
		staging/ext-image-copy-capture/ext-image-copy-capture-v1)			\
	$(patsubst %,$(call data,libweston-16-protocols)/%.xml,weston-direct-display		\
		weston-output-capture)
protocols := $(basename $(notdir $(xml)))
headers := $(protocols:%=$(glue)/%-client-protocol.h)

# What tools/vm compares with the sources' times: make may have had nothing to do.
all: $(out)/svp
	@touch $(out)/built

$(out)/svp: $(objects) $(protocols:%=$(glue)/%.o)
	$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@.new
	@mv $@.new $@	# whole at any time: a guest may run it

vpath %.xml $(dir $(xml))

$(glue)/%-client-protocol.h: %.xml
	@mkdir -p $(@D)
	wayland-scanner client-header $< $@

$(glue)/%.c: %.xml
	@mkdir -p $(@D)
	wayland-scanner private-code $< $@

$(glue)/%.o: $(glue)/%.c
	$(CC) $(CFLAGS) -c $< -o $@

$(out)/obj/%.o: tools/svp/%.cc tools/svp/svp.mk | $(headers)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -c $< -o $@

-include $(objects:.o=.d)

.PHONY: all
