# The target `llama`: a checkout of one's own, an installed libllama, or the pinned release in the user's cache.
if(JOPA_LLAMA_SOURCE)
    set(BUILD_SHARED_LIBS OFF)
    add_subdirectory(${JOPA_LLAMA_SOURCE} llama EXCLUDE_FROM_ALL)
    return()
endif()

find_package(llama 0.5 CONFIG QUIET)
if(NOT llama_FOUND)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER}
            ${PROJECT_SOURCE_DIR}/scripts/fetch-llama.sh
        OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    find_package(llama 0.5 CONFIG REQUIRED PATHS ${prefix} NO_DEFAULT_PATH)
endif()
message(STATUS "libllama: ${LLAMA_LIB_DIR}")
