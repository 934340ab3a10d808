# jopa_jinja: llama.cpp's Jinja interpreter behind src/engine/template/template-render.h, which is C;
# jopa_jinja_sanitized: the same under the sanitizers. -O1: a template is rendered a few times a question, in a millisecond,
# and by -O3 the compiler is as long at this as at all of jopa.
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/fetch-jinja.sh
    OUTPUT_VARIABLE jinja_source OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(GLOB jinja_sources ${jinja_source}/jinja/*.cpp)

function(jopa_jinja_library name)
    add_library(${name} STATIC ${jinja_sources} ${jinja_source}/unicode.cpp ${jinja_source}/hash.cpp
        ${jinja_source}/sha256/sha256.c
        ${PROJECT_SOURCE_DIR}/src/engine/template/template-render.cpp)
    target_include_directories(${name} SYSTEM PRIVATE ${jinja_source})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${name} PRIVATE NDEBUG _GNU_SOURCE)
    target_link_libraries(${name} PRIVATE PkgConfig::libraries)
    set_target_properties(${name} PROPERTIES CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

jopa_jinja_library(jopa_jinja)
target_compile_options(jopa_jinja PRIVATE -O1)
jopa_jinja_library(jopa_jinja_sanitized)
target_link_libraries(jopa_jinja_sanitized PRIVATE jopa_sanitize)
set_target_properties(jopa_jinja_sanitized PROPERTIES EXCLUDE_FROM_ALL ON)
