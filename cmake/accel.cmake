# jopa_accel: OpenMP, which ggml uses too, where there is one; and src/engine/accel/accel.h, where oneDNN and ggml's interface for
# backends are at hand as well.
option(JOPA_ACCEL "Use oneDNN where the processor multiplies in bfloat16" ON)
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
if(JOPA_ACCEL AND DNNL_INCLUDE_DIR AND DNNL_LIBRARY AND OpenMP_C_FOUND AND GGML_BACKEND_HEADERS)
    target_compile_definitions(jopa_accel INTERFACE JOPA_ACCEL)
    target_include_directories(jopa_accel INTERFACE ${GGML_BACKEND_HEADERS} ${DNNL_INCLUDE_DIR})
    target_link_libraries(jopa_accel INTERFACE ${DNNL_LIBRARY})
    message(STATUS "oneDNN: ${DNNL_LIBRARY}")
endif()
