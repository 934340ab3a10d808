# The two commands are `make demo` and `make test`; `make` alone leaves the command at build/jopa.
#   BUILD=DIR         another build folder
#   CMAKE_FLAGS=...   options of CMakeLists.txt, such as -DJOPA_LLAMA_SOURCE=DIR
#   LLAMA_FLAGS=...   options of llama.cpp's build, such as -DGGML_CUDA=ON
BUILD ?= build
export CMAKE_FLAGS LLAMA_FLAGS
export JOPA = $(abspath $(BUILD))/jopa

.PHONY: all demo test bench bench-quick bench-full clean
all:
	@scripts/build.sh $(BUILD)

demo: all
	@scripts/demo.sh

test:
	@scripts/build.sh $(BUILD) tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$$(nproc)

# `make bench-search` runs bench/search.sh or bench/search.py, and so on; ARGS are passed on.
bench bench-quick bench-full: all
	@bench/bench.sh $(patsubst bench-%,--%,$(filter bench-%,$@)) $(ARGS)

bench-%: all
	@$(wildcard bench/$*.sh bench/$*.py) $(ARGS)

clean:
	rm -rf $(BUILD)
