# The target `llama`: a checkout of one's own, an installed libllama, or the pinned release in the user's cache. Only the
# last has ggml's CPU backend several times without JOPA_NATIVE.
if(JOPA_LLAMA_SOURCE)
    set(BUILD_SHARED_LIBS OFF)
    if(NOT JOPA_NATIVE) # nothing that x86-64 began without, unless it is asked for
        option(GGML_NATIVE "" OFF)
        foreach(feature SSE42 AVX AVX2 BMI2 FMA F16C)
            option(GGML_${feature} "" OFF)
        endforeach()
    endif()
    add_subdirectory(${JOPA_LLAMA_SOURCE} llama EXCLUDE_FROM_ALL)
    return()
endif()

find_package(llama 0.5 CONFIG QUIET)
if(NOT llama_FOUND)
    set(portable "")
    if(NOT JOPA_NATIVE)
        set(portable --portable)
    endif()
    set(llama_flags $ENV{LLAMA_FLAGS})
    if(CMAKE_CROSSCOMPILING)
        string(APPEND llama_flags
            " -DCMAKE_SYSTEM_NAME=${CMAKE_SYSTEM_NAME} -DCMAKE_SYSTEM_PROCESSOR=${CMAKE_SYSTEM_PROCESSOR}")
    endif()
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER} LLAMA_FLAGS=${llama_flags}
            ${PROJECT_SOURCE_DIR}/scripts/fetch-llama.sh ${portable}
        OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    find_package(llama 0.5 CONFIG REQUIRED PATHS ${prefix} NO_DEFAULT_PATH)
endif()
message(STATUS "libllama: ${LLAMA_LIB_DIR}")
