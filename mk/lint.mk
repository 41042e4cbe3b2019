# SPDX-License-Identifier: MIT
# `make lint`: what a machine can say about the tree without running it. Each check is a goal of its own, lint-NAME.

CLANG_FORMAT ?= clang-format-14
C_FILES = $(shell git ls-files --cached --others --exclude-standard -- '*.c' '*.h')
GUEST_SCRIPTS := $(wildcard test/guest/*/run.sh)
SCRIPTS = $(filter-out $(GUEST_SCRIPTS),$(shell git grep --untracked -lE '^\#! ?/bin/(ba)?sh' -- ':!test/fuzz/corpus')) test/guest/lib.sh
TEXTS = $(shell git ls-files --cached --others --exclude-standard -- ':!test/fuzz/corpus' ':!*.patch' ':!*.svg')

CHECKS := floors calls dead links prose spdx subjects sources shell c spelling format manuals
.PHONY: lint format $(addprefix lint-,$(CHECKS))

lint: all
	@tools/check-tools --install lint
	@$(MAKE) --no-print-directory --keep-going --output-sync $(JOBS) $(addprefix lint-,$(CHECKS))
	@echo "lint: all checks passed"

$(addprefix lint-,$(CHECKS)): lint-%:
	@printf '%-10s' $*; $($*_check)

floors_check   = tools/lint/floors
calls_check    = tools/lint/floors --calls
dead_check     = tools/lint/dead
links_check    = tools/lint/links
prose_check    = tools/lint/prose
spdx_check     = tools/lint/spdx && echo "each source names its licence"
subjects_check = tools/lint/subjects
manuals_check  = tools/lint/manuals

# Sources that tests name in "// SRCS:", sets of them written out.
define sources_check
$(eval NAMED := $(foreach test,$(UNIT_TESTS),$(call unit_line,$(test),SRCS)) $(foreach test,$(FUZZERS),$(call fuzz_line,$(test),SRCS)))\
missing="$(filter-out $(wildcard $(sort $(NAMED))),$(sort $(NAMED)))"; \
    if [ -n "$$missing" ]; then echo "tests name sources that do not exist: $$missing"; exit 1; else echo "$(words $(sort $(NAMED))) that tests name are there"; fi
endef

# What run.sh of a guest test uses is set by lib.sh and the runner; "do" and "then" are also words for the console, "test" for a file.
define shell_check
shellcheck $(SCRIPTS) && shellcheck -s bash -S warning -e SC2154,SC2034,SC1010,SC2238,SC2128,SC2178 $(GUEST_SCRIPTS) && \
    echo "$(words $(SCRIPTS) $(GUEST_SCRIPTS)) scripts"
endef

# comparePointers: linker sets begin and end with symbols of their own. nullPointerRedundantCheck guesses.
define c_check
cppcheck $(JOBS) --quiet --std=c11 --enable=warning,portability --inline-suppr --suppress=comparePointers --suppress=autoVariables --suppress=nullPointerRedundantCheck --suppress=pointerOutOfBounds:lib/fs/erofs/index.c \
    --template='{file}:{line}: {message} [{id}]' --error-exitcode=1 -Iinclude -Inet/lwip $(wildcard arch xen lib net blkfront netfront apps tools) && echo "cppcheck has nothing to say"
endef

define spelling_check
codespell --ignore-words tools/lint/spelling.ignore $(TEXTS) && echo "codespell has nothing to say"
endef

# In force with the commit that formats the tree, which .git-blame-ignore-revs names.
define format_check
$(if $(wildcard .git-blame-ignore-revs),$(CLANG_FORMAT) --dry-run --Werror $(C_FILES) && echo "$(words $(C_FILES)) files",echo "not in force before the tree is formatted (make format)")
endef

format:
	@$(CLANG_FORMAT) -i $(C_FILES)
	@git diff --shortstat
