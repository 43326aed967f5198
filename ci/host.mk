# SPDX-License-Identifier: GPL-2.0
#
# The C++ cores on the host: their tests, fuzzers and benchmark.  Runs in the
# sysroot (make check-host, fuzz, bench-host), so the compiler is the one the
# modules are built with.
#
# A core's tests are CORE/test/*_test.cc; they and the core's one .cc file make one
# program.  It is built twice: with ASan and UBSan, and plain, to count the lines
# that run.  Results go to out/host/CORE.xml as JUnit, and what gcov says to
# build/host/coverage/lines.json for ci/coverage.py.  What of svp needs no device is
# tested as a core is, but its lines are not counted.
#
# A fuzzer is CORE/fuzz/NAME_fuzz.cc, its seeds are in CORE/fuzz/corpus/NAME/.  make
# fuzz compiles it with clang, which has libFuzzer, and check with g++, to run the
# seeds only.

MAKEFLAGS += -j$(shell nproc) --output-sync=target

counted := heap drm
cores := $(counted) svp
core-heap := heap/core/core.cc
core-drm := drm/compositor/compositor.cc
core-svp := $(patsubst %,tools/svp/%.cc,area canvas chart child decoder dmabuf_formats error	\
	file frame heap json json_parse kernel_log key layout ledger masters pace pattern	\
	picture plane_state process secure_device signals spawn table utf8 verdict verdict_html)
tests-svp := tools/svp/test
fuzzers := $(patsubst %_fuzz.cc,%,$(wildcard $(counted:%=%/fuzz/*_fuzz.cc)))

out := build/host
sources = $(core-$1) $(wildcard $(or $(tests-$1),$1/test)/*_test.cc)
corpus = $(dir $1)corpus/$(notdir $1)

# -g1 is enough for a report to name lines, and compiling is what takes time here.
sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CXXFLAGS := -std=c++23 -g1 -Wall -Wextra -Werror -Wshadow -Iheap -Idrm	\
	-D_GLIBCXX_ASSERTIONS -MMD -MP

# The builds: each has its compiler, its flags, and a directory of objects.
builds := test coverage fuzz bench
CXX-test := g++
CXXFLAGS-test := -O1 $(sanitizers)
CXX-coverage := g++
CXXFLAGS-coverage := -O0 --coverage
CXX-fuzz := clang++
CXXFLAGS-fuzz := -O1 $(sanitizers) -fsanitize=fuzzer -include ci/clang.hpp	\
	-fconstexpr-steps=100000000 -Wno-unknown-attributes
CXX-bench := g++
CXXFLAGS-bench := -O2

check: $(cores:%=test-%) $(fuzzers:%=replay-%) coverage

define compile
$(out)/$1/%.o: %.cc ci/host.mk
	@mkdir -p $$(@D)
	$(CXX-$1) $$(CXXFLAGS) $(CXXFLAGS-$1) -c $$< -o $$@
endef
$(foreach build,$(builds),$(eval $(call compile,$(build))))

objects = $(patsubst %.cc,$(out)/$1/%.o,$2)
$(foreach build,test coverage,$(foreach core,$(cores),\
	$(eval $(out)/$(build)/$(core)-test: $(call objects,$(build),$(call sources,$(core))))))

$(out)/test/%-test:
	$(CXX-test) $(CXXFLAGS-test) $^ -lgtest -lgtest_main $(libraries) -o $@

$(out)/test/svp-test: CXXFLAGS += -Itools/svp -Iinclude/uapi -isystem /usr/include/libdrm
$(out)/test/svp-test: libraries := -lpng

$(out)/coverage/%-test:
	$(CXX-coverage) $(CXXFLAGS-coverage) $^ -lgtest -lgtest_main -o $@

$(cores:%=test-%): test-%: $(out)/test/%-test
	@mkdir -p out/host
	@$< --gtest_brief=1 --gtest_output=xml:out/host/$*.xml

# Counts add up over runs, and those of a removed test would stay.
coverage: $(counted:%=$(out)/coverage/%-test)
	@find $(out)/coverage -name '*.gcda' -delete
	@for test in $^; do $$test --gtest_brief=1 >$$test.log || { cat $$test.log; exit 1; }; done
	@gcov --json-format --stdout $(foreach core,$(counted),		\
		$(call objects,coverage,$(call sources,$(core)))) >$(out)/coverage/lines.json

# A seed that fails is the last one in the log.
$(fuzzers:%=replay-%): replay-%: $(out)/test/%-replay
	@$< $(wildcard $(call corpus,$*)/*) >$<.log || { cat $<.log; exit 1; }

$(out)/test/%-replay: $(out)/test/%_fuzz.o $(out)/test/heap/fuzz/replay.o
	$(CXX-test) $(CXXFLAGS-test) $^ -o $@

# The heap's fuzzers take what they want of the core from its headers.
$(out)/test/drm/fuzz/scene-replay: $(call objects,test,$(core-drm))
$(out)/fuzz/drm/fuzz/scene: $(call objects,fuzz,$(core-drm))

# One at a time, FUZZ_SECONDS each.  What is found to reach new code is kept in
# build/, to begin with the next time; what fails, in out/fuzz.
FUZZ_SECONDS ?= 60

# llvm-symbolizer is not in the sysroot, but addr2line is.
fuzz: export ASAN_OPTIONS := external_symbolizer_path=/usr/bin/addr2line
fuzz: $(fuzzers:%=$(out)/fuzz/%)
	@mkdir -p out/fuzz
	@status=0; for path in $(fuzzers); do					\
		name=$$(basename $$path); log=out/fuzz/$$name.log;		\
		found=$(out)/fuzz/corpus/$$name; mkdir -p $$found;		\
		if $(out)/fuzz/$$path -max_total_time=$(FUZZ_SECONDS) -timeout=10	\
			-artifact_prefix=out/fuzz/$$name-			\
			$$found $$(dirname $$path)/corpus/$$name >$$log 2>&1;	\
		then echo "$$name: $$(grep ^Done $$log)"; continue; fi;		\
		status=1; grep -v '^INFO\|^#[0-9]' $$log | head -n 40;		\
		echo "$$name: failed; all it said is in $$log; again with";	\
		echo "  tools/vm exec -- env ASAN_OPTIONS=$$ASAN_OPTIONS $(out)/fuzz/$$path"	\
			"$$(sed -n 's/.*Test unit written to //p' $$log)";	\
	done; exit $$status

$(fuzzers:%=$(out)/fuzz/%): $(out)/fuzz/%: $(out)/fuzz/%_fuzz.o
	$(CXX-fuzz) $(CXXFLAGS-fuzz) $^ -o $@

# What is measured is compiled as the kernel would, without floating point; what
# measures it cannot be.
as-kernel := heap/bench/allocator drm/compositor/compositor drm/bench/vkms_like
$(as-kernel:%=$(out)/bench/%.o): CXXFLAGS += -ffreestanding -fno-exceptions	\
	-fno-rtti -mgeneral-regs-only -mno-red-zone -fno-strict-aliasing

# One after the other: they would disturb each other.
bench: $(out)/bench/region-bench $(out)/bench/compositor-bench
	@$(out)/bench/region-bench --benchmark_counters_tabular=true
	@$(out)/bench/compositor-bench

$(out)/bench/region-bench: $(patsubst %.cc,$(out)/bench/%.o,$(wildcard heap/bench/*.cc))
	$(CXX-bench) $(CXXFLAGS-bench) $^ -lbenchmark -o $@

$(out)/bench/compositor-bench: $(patsubst %.cc,$(out)/bench/%.o,$(wildcard drm/bench/*.cc)	\
		drm/compositor/compositor.cc)
	$(CXX-bench) $(CXXFLAGS-bench) $^ -lbenchmark -o $@

-include $(shell find $(out) -name '*.d' 2>/dev/null)

.PHONY: check coverage fuzz bench $(cores:%=test-%) $(fuzzers:%=replay-%)
.SECONDARY:
