# jopa_flags: how our own C is compiled; jopa_strict: what src/ and cli/ add. jopa_sanitize: the same under
# AddressSanitizer and UBSan.
include(CheckCCompilerFlag)

option(JOPA_WERROR "Warnings are errors" OFF) # on for `make test`: another compiler may know more warnings
add_library(jopa_flags INTERFACE)
target_compile_options(jopa_flags INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${JOPA_WERROR}>:-Werror>)
target_compile_definitions(jopa_flags INTERFACE _GNU_SOURCE)
if(JOPA_NATIVE)
    check_c_compiler_flag(-march=native has_march_native)
    if(has_march_native)
        target_compile_options(jopa_flags INTERFACE -march=native)
    endif()
endif()

add_library(jopa_strict INTERFACE)
target_compile_options(jopa_strict INTERFACE -Wconversion)
target_link_libraries(jopa_strict INTERFACE jopa_flags)

set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
add_library(jopa_sanitize INTERFACE)
target_compile_options(jopa_sanitize INTERFACE ${sanitize} -O1 -g -UNDEBUG -fno-omit-frame-pointer)
target_link_options(jopa_sanitize INTERFACE ${sanitize})
