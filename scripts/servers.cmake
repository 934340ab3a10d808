# CMakeLists.txt for fetch-servers.sh, in the place of llama.cpp's: llama-server and ggml-rpc-server alone, on the
# libllama that is built already. Without what the tests do not need: the web page, TLS, starting other programs.
cmake_minimum_required(VERSION 3.21)
project(servers LANGUAGES C CXX)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG") # half the compiler's time; the work is done in libllama
find_package(llama CONFIG REQUIRED)
find_package(Threads REQUIRED)
add_library(ggml ALIAS ggml::ggml)

foreach(off LLAMA_ALL_WARNINGS LLAMA_BUILD_UI LLAMA_USE_PREBUILT_UI LLAMA_UI_GZIP LLAMA_OPENSSL LLAMA_SUBPROCESS
        LLAMA_BUILD_TOOLS LLAMA_BUILD_TESTS LLAMA_TOOLS_INSTALL BUILD_SHARED_LIBS MTMD_VIDEO)
    set(${off} OFF CACHE BOOL "" FORCE)
endforeach()
set(LLAMA_BUILD_COMMON ON)
set(BUILD_NUMBER ${LLAMA_BUILD_NUMBER})
set(BUILD_COMMIT ${LLAMA_BUILD_COMMIT})
include(cmake/license.cmake)
include(cmake/common.cmake)

foreach(folder vendor common tools/mtmd tools/ui tools/server tools/rpc)
    add_subdirectory(${folder})
endforeach()
