# SPDX-License-Identifier: MIT
# hourglass::hourglass is all libraries in one. `cmake --install` makes a package of them for
# find_package(hourglass).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

add_library(hourglass INTERFACE)
add_library(hourglass::hourglass ALIAS hourglass)
set(libraries hourglass_tensor hourglass_autograd hourglass_nn hourglass_optim)
target_link_libraries(hourglass INTERFACE ${libraries})
install(TARGETS hourglass ${libraries} EXPORT hourglass
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hourglass)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hourglass)
install(EXPORT hourglass NAMESPACE hourglass:: FILE hourglassTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/hourglassConfig.cmake.in ${PROJECT_BINARY_DIR}/hourglassConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hourglassConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hourglassConfig.cmake ${PROJECT_BINARY_DIR}/hourglassConfigVersion.cmake
        DESTINATION ${package_dir})
