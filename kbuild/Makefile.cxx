# SPDX-License-Identifier: GPL-2.0
#
# Build $(obj)/%.o from $(src)/%.cc.
#
# The C++ is freestanding and includes no kernel header.  It is compiled by the
# kernel's own compiler with the kernel's own code-generation flags, so IBT,
# retpolines, return thunks, call padding, the stack protector, ftrace and the
# sanitizers apply to it exactly as they do to C.  Only flags that cc1plus does
# not know are dropped.
#
# A module has one .cc file: template and inline code lands in COMDAT groups,
# and where two objects emit the same one "ld -r" drops the second copy while
# its __mcount_loc entry remains, and the module does not link.
#
# A module's Kbuild includes this file and lists its .cc object and
# cxx_runtime.o, what the language expects of its environment, in C.

# (modpost reads Kbuild files too, and there try-run is not defined.)
ifeq ($(call try-run,$(CC) -x c++ -c /dev/null -o "$$TMP",y,n),n)
$(error $(CC) has no C++ compiler: install g++ of the same version)
endif

cxx-drop := $(CC_FLAGS_DIALECT) -std=% $(GCC_PLUGINS_CFLAGS)		\
	-Werror=designated-init						\
	-Werror=implicit-function-declaration				\
	-Werror=implicit-int						\
	-Werror=incompatible-pointer-types				\
	-Werror=strict-prototypes					\
	-Wbad-function-cast						\
	-Wmissing-prototypes						\
	-Wno-override-init						\
	-Wno-pointer-sign						\
	-Wno-unterminated-string-initialization

# The compiler's own headers and nothing of libc's: <stdio.h> must not resolve.
# libstdc++ asks glibc's <features.h> for a version; kbuild/include has a stub.
cxx-include := -nostdinc -isystem $(srcroot)/kbuild/include		\
	$(addprefix -isystem ,$(shell $(CC) -x c++ -E -Wp,-v /dev/null 2>&1 | \
		sed -n '/^ .*\/c++\//p; /^ .*\/gcc\/.*\/include$$/p'))

# pahole cannot encode C++ reference types; -g1 keeps line tables but no types.
cxx-flags := -std=c++23 -ffreestanding -fno-exceptions -fno-rtti	\
	-fno-threadsafe-statics -D_GLIBCXX_ASSERTIONS			\
	$(if $(CONFIG_DEBUG_INFO_BTF_MODULES),-g1)

cxx_flags = -Wp,-MMD,$(depfile) $(cxx-include)				\
	$(filter-out $(cxx-drop),$(_c_flags)) $(modkern_cflags) $(cxx-flags)

quiet_cmd_cxx_o_cc = CXX $(quiet_modtag) $@
      cmd_cxx_o_cc = $(CC) -x c++ $(cxx_flags) -c -o $@ $< $(cmd_objtool)

# What this configuration promises of every function; audit-object checks it.
# A kernel that runs constructors (KASAN, GCOV) gets some from the compiler.
cxx-audit := $(if $(CONFIG_X86),sse)					\
	$(if $(CONFIG_CONSTRUCTORS),,constructors)			\
	$(if $(CONFIG_X86_KERNEL_IBT),endbr)				\
	$(if $(CONFIG_HAVE_FENTRY),$(if $(CONFIG_FUNCTION_TRACER),fentry)) \
	$(if $(CONFIG_MITIGATION_RETHUNK),rethunk)			\
	$(if $(CONFIG_MITIGATION_RETPOLINE),retpoline)

cmd_audit_cxx = OBJDUMP='$(OBJDUMP)' sh $(srcroot)/kbuild/audit-object $@ $(cxx-audit)

define rule_cxx_o_cc
	$(call cmd_and_fixdep,cxx_o_cc)
	$(call cmd,gen_objtooldep)
	$(call cmd,audit_cxx)
endef

$(obj)/%.o: $(src)/%.cc FORCE
	$(call if_changed_rule,cxx_o_cc)

$(obj)/cxx_runtime.o: $(srcroot)/kbuild/cxx_runtime.c FORCE
	$(call if_changed_rule,cc_o_c)

ccflags-y += -I$(srcroot)/include -I$(srcroot)/kbuild/include

# Fold what is left of COMDAT groups into .text.
ldflags-y += --force-group-allocation
