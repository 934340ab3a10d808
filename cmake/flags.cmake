# jopa_flags: how our own C is compiled; jopa_strict: what src/ and cli/ add. jopa_sanitize: the same under
# the sanitizers of JOPA_SANITIZE.
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

# "thread" and "valgrind" are `make sanitize-thread` and `make sanitize-valgrind`; valgrind knows no AVX-512
set(JOPA_SANITIZE address CACHE STRING "What the tests of BUILD/sanitize run under: address (with UBSan), thread, valgrind")
if(JOPA_SANITIZE STREQUAL thread)
    set(sanitize -fsanitize=thread)
elseif(JOPA_SANITIZE STREQUAL valgrind)
    set(sanitize -march=x86-64-v3)
else()
    set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
endif()
add_library(jopa_sanitize INTERFACE)
# C++ is the interpreter of templates: the optimizer takes three times as long over it as over all of jopa
target_compile_options(jopa_sanitize INTERFACE ${sanitize} $<IF:$<COMPILE_LANGUAGE:CXX>,-O0,-O1> -g -UNDEBUG -fno-omit-frame-pointer)
target_link_options(jopa_sanitize INTERFACE ${sanitize})

# jopa_hardened: what makes memory errors harder to use, in what is installed. Not beside the sanitizers, which see more.
option(JOPA_HARDEN "Stack protector, checked library calls, read-only relocations, position independent command" ON)
add_library(jopa_hardened INTERFACE)
if(JOPA_HARDEN)
    foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
        string(MAKE_C_IDENTIFIER "has${flag}" has)
        check_c_compiler_flag(${flag} ${has})
        if(${has})
            target_compile_options(jopa_hardened INTERFACE ${flag})
        endif()
    endforeach()
    # checked calls need the optimizer
    target_compile_options(jopa_hardened INTERFACE "$<$<NOT:$<CONFIG:Debug>>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>")
    target_link_options(jopa_hardened INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C CXX)
endif()
