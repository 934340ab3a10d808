# How fetch-llama.sh has libllama compiled, in half of the compiler's time: the files of its 150 architectures, each of which
# reads the same headers, 16 at a time; and what does not run for every token by -O1. ggml is compiled as it asks for.
# Read when a project begins, llama.cpp's or ggml's, and done at the end of the whole.
function(compile_sooner)
    if(NOT TARGET llama)
        return()
    endif()
    target_compile_options(llama PRIVATE -O1)
    get_target_property(folder llama SOURCE_DIR)
    get_target_property(sources llama SOURCES)
    list(FILTER sources EXCLUDE REGEX "(^|/)models/")
    list(TRANSFORM sources PREPEND ${folder}/)
    set_source_files_properties(${sources} TARGET_DIRECTORY llama PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    list(FILTER sources INCLUDE REGEX "llama-(batch|context|graph|kv-)")
    set_source_files_properties(${sources} TARGET_DIRECTORY llama PROPERTIES COMPILE_OPTIONS -O3)
    set_target_properties(llama PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
endfunction()
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL compile_sooner)
