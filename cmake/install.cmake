# `cmake --install`: the command with its man page, completions and scripts; both libraries, the header, and how
# find_package and pkg-config find them. The folder may be moved: nothing that is installed names it.
include(CMakePackageConfigHelpers)
include(cmake/closure.cmake)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/jopa)

# libjopa.a with libllama in it, as one object whose only names are those of jopa.h: a program may have another libllama,
# and no names of ours can meet its own.
get_target_property(linked libjopa INTERFACE_LINK_LIBRARIES)
link_closure(archives libs_private ${linked})
foreach(name IN LISTS CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
    if(name MATCHES "c[+][+]")
        list(APPEND libs_private -l${name})
    endif()
endforeach()
list(APPEND libs_private -ldl -lpthread -lm)
list(REMOVE_DUPLICATES libs_private)
set(merged ${PROJECT_BINARY_DIR}/merged)
file(MAKE_DIRECTORY ${merged})
add_custom_command(OUTPUT ${merged}/libjopa.a
    COMMAND ${CMAKE_COMMAND} -E env LD=${CMAKE_LINKER} OBJCOPY=${CMAKE_OBJCOPY}
        ${PROJECT_SOURCE_DIR}/scripts/merge-objects.sh jopa_* ${merged}/jopa.o
        $<TARGET_OBJECTS:jopa_objects> $<TARGET_OBJECTS:jopa_assets> ${archives}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${merged}/libjopa.a
    COMMAND ${CMAKE_AR} rcs ${merged}/libjopa.a ${merged}/jopa.o
    DEPENDS jopa_objects jopa_assets $<TARGET_OBJECTS:jopa_objects> $<TARGET_OBJECTS:jopa_assets> ${archives}
        ${PROJECT_SOURCE_DIR}/scripts/merge-objects.sh
    COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(libjopa_merged ALL DEPENDS ${merged}/libjopa.a)
install(FILES ${merged}/libjopa.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/jopa.h include/jopa_engine.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(JOPA_SHARED)
    install(TARGETS libjopa_shared EXPORT jopaTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(EXPORT jopaTargets NAMESPACE jopa:: DESTINATION ${package})
endif()

set(libs_private_list ${libs_private})
list(JOIN libs_private " " libs_private)
file(RELATIVE_PATH prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(cmake/jopa.pc.in jopa.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/jopa.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_package_config_file(cmake/jopaConfig.cmake.in jopaConfig.cmake INSTALL_DESTINATION ${package}
    PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(jopaConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/jopaConfig.cmake ${PROJECT_BINARY_DIR}/jopaConfigVersion.cmake DESTINATION ${package})

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/licenses/llama.cpp.txt DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.llama.cpp) # it is in both

if(command_sources)
    install(TARGETS jopa)
    install(PROGRAMS scripts/lib.sh scripts/packages.sh scripts/fetch-model.sh scripts/fetch-encoder.sh
        scripts/encoder-to-gguf.py DESTINATION ${CMAKE_INSTALL_DATADIR}/jopa/scripts)
    # Only where the command runs here: not when it is built for another machine, without an emulator.
    if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
        set(documents ${PROJECT_BINARY_DIR}/documents)
        add_custom_command(OUTPUT ${documents}/written
            COMMAND ${CMAKE_COMMAND} "-DJOPA=${CMAKE_CROSSCOMPILING_EMULATOR};$<TARGET_FILE:jopa>" -DOUT=${documents}
                -P ${PROJECT_SOURCE_DIR}/cmake/documents.cmake
            COMMAND ${CMAKE_COMMAND} -E touch ${documents}/written
            DEPENDS jopa ${PROJECT_SOURCE_DIR}/cmake/documents.cmake VERBATIM)
        add_custom_target(jopa_documents ALL DEPENDS ${documents}/written)
        install(FILES ${documents}/man/jopa.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
        install(FILES ${documents}/bash/jopa DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
        install(FILES ${documents}/zsh/_jopa DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
        install(FILES ${documents}/fish/jopa.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
    endif()
endif()
