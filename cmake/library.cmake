# libjsonata as others link it: core and jsonata in one library, shared and static, with pkg-config and CMake packages.
#
# Inside this build everything links the folders' own archives; these are made from the same objects.  What the shared
# library exports is what the public headers declare JN_API: everything else is hidden by the compiler, and the version
# script gives the rest its version.
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8 libpcre2-16)
set(objects $<TARGET_OBJECTS:core> $<TARGET_OBJECTS:jsonata>)
set(version_script ${PROJECT_SOURCE_DIR}/cmake/libjsonata.map)

add_library(jsonata_shared SHARED ${objects})
set_target_properties(jsonata_shared PROPERTIES
    OUTPUT_NAME jsonata EXPORT_NAME jsonata VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE C
    LINK_DEPENDS ${version_script} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
target_link_options(jsonata_shared PRIVATE -Wl,--version-script=${version_script} -Wl,-Bsymbolic -Wl,-z,relro,-z,now)
if(ALC_SANITIZE)
    target_link_options(jsonata_shared PRIVATE -fsanitize=${ALC_SANITIZE})
endif()

add_library(jsonata_static STATIC ${objects})
set_target_properties(jsonata_static PROPERTIES
    OUTPUT_NAME jsonata LINKER_LANGUAGE C ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

foreach(target jsonata_shared jsonata_static)
    add_dependencies(${target} core jsonata)
    target_link_libraries(${target} PRIVATE PkgConfig::PCRE2 unistring m)
    target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

# ---- installing ----

set(headers ${PROJECT_SOURCE_DIR}/include/jsonata)
install(FILES ${headers}/json.h ${headers}/jsonata.h ${headers}/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/jsonata)
install(TARGETS jsonata_shared jsonata_static EXPORT jsonata
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/jsonata.3 ${PROJECT_SOURCE_DIR}/docs/man/jsonata-json.3
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES ${PROJECT_SOURCE_DIR}/docs/library.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/library/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        FILES_MATCHING PATTERN "*.c" PATTERN "CMakeLists.txt")

# pkg-config: found from where the file lies, so that the tree may be moved.
file(RELATIVE_PATH up_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/jsonata.pc.in ${CMAKE_BINARY_DIR}/jsonata.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/jsonata.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/jsonata)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/jsonataConfig.cmake.in
                              ${CMAKE_BINARY_DIR}/jsonataConfig.cmake INSTALL_DESTINATION ${package}
                              NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/jsonataConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/jsonataConfig.cmake ${CMAKE_BINARY_DIR}/jsonataConfigVersion.cmake
        DESTINATION ${package})
install(EXPORT jsonata NAMESPACE jsonata:: FILE jsonataTargets.cmake DESTINATION ${package})
