# How fetch-llama.sh has libllama compiled: the files of its 150 architectures, each of which reads the same headers, 16 at
# a time, which takes a quarter of the compiler's time. Read when llama.cpp's project begins, and done at its end.
function(join_architectures)
    if(NOT TARGET llama)
        return()
    endif()
    get_target_property(sources llama SOURCES)
    list(FILTER sources EXCLUDE REGEX "(^|/)models/")
    set_source_files_properties(${sources} TARGET_DIRECTORY llama PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set_target_properties(llama PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
endfunction()
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL join_architectures)
