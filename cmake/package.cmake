# `cpack -G DEB` (make package): what `cmake --install` gives, as one Debian package.
set(CPACK_PACKAGE_NAME jopa)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The jopa authors <jopa@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Joint Prompt Attribution: which parts of a prompt jointly cause a model's answer")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-pip") # by which the default model is fetched
set(CPACK_STRIP_FILES ON)
include(CPack)
