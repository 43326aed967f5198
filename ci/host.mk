# SPDX-License-Identifier: GPL-2.0
#
# The C++ cores on the host: GoogleTest under ASan and UBSan.  Runs in the
# sysroot (make check-host), so the compiler is the one the modules are built with.
#
# A core's tests are CORE/test/*_test.cc; they and the core's one .cc file make one
# program.  Results go to out/host/CORE.xml as JUnit.

cores := heap drm
core-heap := heap/core/core.cc
core-drm := drm/compositor/compositor.cc

CXX := g++
CXXFLAGS := -std=c++23 -O1 -g -Wall -Wextra -Werror -Wshadow -Iheap -Idrm	\
	-D_GLIBCXX_ASSERTIONS -fsanitize=address,undefined -fno-sanitize-recover=all	\
	-fno-omit-frame-pointer -MMD -MP

out := build/host
objects = $(patsubst %.cc,$(out)/%.o,$(core-$1) $(wildcard $1/test/*_test.cc))

check: $(cores:%=$(out)/%-test)
	@mkdir -p out/host
	@status=0; for core in $(cores); do					\
		$(out)/$$core-test --gtest_brief=1				\
			--gtest_output=xml:out/host/$$core.xml || status=1;	\
	done; exit $$status

$(foreach core,$(cores),$(eval $(out)/$(core)-test: $(call objects,$(core))))
$(out)/%-test:
	$(CXX) $(CXXFLAGS) $^ -lgtest -lgtest_main -o $@

$(out)/%.o: %.cc ci/host.mk
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -c $< -o $@

-include $(shell find $(out) -name '*.d' 2>/dev/null)

.PHONY: check
