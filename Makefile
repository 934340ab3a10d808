# The two commands are `make demo` and `make test`; `make` alone leaves the command at build/jopa.
#   make test-quick   the tests that need neither the default model nor other programs: under two minutes
#   make install      into PREFIX (/usr/local)
#   make package      a Debian package in BUILD
#   make format, make lint   clang-format; clang-tidy
#   make bench-NAME   bench/NAME.sh or bench/NAME.py; ARGS are passed on
#   BUILD=DIR         another build folder
#   CMAKE_FLAGS=...   options of CMakeLists.txt, such as -DJOPA_LLAMA_SOURCE=DIR
#   LLAMA_FLAGS=...   options of llama.cpp's build, such as -DGGML_CUDA=ON
#   PARITY=0          leaves out the tests beside other implementations, which install 6 GB of Python packages
BUILD ?= build
PREFIX ?= /usr/local
export CMAKE_FLAGS LLAMA_FLAGS PARITY
export JOPA = $(abspath $(BUILD))/jopa

.PHONY: all demo test test-quick install package format lint bench bench-quick bench-full clean
all:
	@scripts/build.sh $(BUILD)

demo: all
	@scripts/demo.sh

test:
	@scripts/build.sh $(BUILD) tests
	@scripts/fetch-servers.sh > /dev/null
	@ctest --test-dir $(BUILD) --output-on-failure -j$$(nproc)

test-quick:
	@scripts/build.sh $(BUILD) tests-quick
	@ctest --test-dir $(BUILD) --output-on-failure -j$$(nproc) -L quick

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

package:
	@scripts/package.sh $(BUILD)

format:
	@scripts/format.sh

lint: all
	@scripts/lint.sh $(BUILD)

bench bench-quick bench-full: all
	@bench/bench.sh $(patsubst bench-%,--%,$(filter bench-%,$@)) $(ARGS)

bench-%: all
	@$(wildcard bench/$*.sh bench/$*.py) $(ARGS)

clean:
	rm -rf $(BUILD)

# Each fuzz target for SECONDS (60) on what fuzz/corpus has: scripts/fuzz.sh.
.PHONY: fuzz
fuzz:
	@scripts/fuzz.sh $(BUILD)-fuzz $(or $(SECONDS),60)

# The unit tests, or those of TESTS, under ThreadSanitizer and under valgrind; `make test` has AddressSanitizer and UBSan.
.PHONY: sanitize-thread sanitize-valgrind
sanitize-thread sanitize-valgrind: sanitize-%:
	@scripts/sanitize.sh $* $(BUILD)-$* $(TESTS)

# What the tests reach of src/, cli/ and serve/: scripts/coverage.py.
.PHONY: coverage
coverage:
	@scripts/coverage.py $(BUILD)-coverage
