# jopa_accel: OpenMP, which ggml uses too, where there is one; and src/engine/accel/accel.h, where oneDNN and ggml's
# interface for backends are at hand as well, on x86-64.
option(JOPA_ACCEL "A backend of ours for attention, and with oneDNN for products in bfloat16" ON)
add_library(jopa_accel INTERFACE)
# Not by oneDNN's own package file: Debian's asks for the headers of OpenCL, which nothing here needs.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
find_library(DNNL_LIBRARY dnnl)
find_package(OpenMP QUIET COMPONENTS C)
find_path(GGML_BACKEND_HEADERS ggml-backend-impl.h
    PATHS ${JOPA_LLAMA_SOURCE}/ggml/src ${LLAMA_INCLUDE_DIR} NO_DEFAULT_PATH NO_CACHE)
if(OpenMP_C_FOUND)
    target_link_libraries(jopa_accel INTERFACE OpenMP::OpenMP_C)
endif()
set(accel OFF)
if(JOPA_ACCEL AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND DNNL_INCLUDE_DIR AND DNNL_LIBRARY AND OpenMP_C_FOUND
   AND GGML_BACKEND_HEADERS)
    set(accel ON)
    target_compile_definitions(jopa_accel INTERFACE JOPA_ACCEL)
    target_include_directories(jopa_accel INTERFACE ${GGML_BACKEND_HEADERS} ${DNNL_INCLUDE_DIR})
    target_link_libraries(jopa_accel INTERFACE ${DNNL_LIBRARY})
    message(STATUS "oneDNN: ${DNNL_LIBRARY}")
endif()

# jopa_accel_flags(): the files below are compiled for processors that have these instructions, whatever the rest is
# compiled for: they run only where accel-cpu.c found them. Of the folder that calls this.
function(jopa_accel_flags)
    set(folder ${PROJECT_SOURCE_DIR}/src/engine/accel)
    set(files accel-bfloat16.c accel-product.c accel-tiles.c accel-tiles-avx512.c accel-tiles-amx.c)
    list(TRANSFORM files PREPEND ${folder}/)
    if(accel)
        set(flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 -mfma -mf16c)
        set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${flags}")
        set_property(SOURCE ${folder}/accel-tiles-amx.c APPEND PROPERTY COMPILE_OPTIONS -mamx-tile -mamx-bf16)
        set_source_files_properties(${folder}/accel-avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
    endif()
endfunction()
