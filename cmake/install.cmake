# What `cmake --install` puts where. Each component has an export set of its own, so that
# find_package(cutwater COMPONENTS ...) asks a user only for the packages of the components named.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(cutwater_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cutwater)

function(cutwater_install_library target component)
  if(NOT CUTWATER_INSTALL)
    return()
  endif()
  install(TARGETS ${target} EXPORT cutwater-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  set_property(GLOBAL APPEND PROPERTY cutwater_installed_components ${component})
endfunction()

function(cutwater_install_package)
  if(NOT CUTWATER_INSTALL)
    return()
  endif()
  get_property(components GLOBAL PROPERTY cutwater_installed_components)
  list(REMOVE_DUPLICATES components)
  foreach(component IN LISTS components)
    install(EXPORT cutwater-${component} NAMESPACE cutwater:: FILE cutwater-${component}-targets.cmake
      DESTINATION ${cutwater_package_dir})
  endforeach()

  set(table "set(_cutwater_components ${components})\n")
  foreach(component IN LISTS components)
    string(APPEND table "set(_cutwater_${component}_requires ${cutwater_${component}_requires})\n")
    string(APPEND table "set(_cutwater_${component}_packages \"${cutwater_${component}_packages}\")\n")
  endforeach()
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cutwater-config.cmake.in
    ${PROJECT_BINARY_DIR}/cutwater-config.cmake INSTALL_DESTINATION ${cutwater_package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/cutwater-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/cutwater-config.cmake ${PROJECT_BINARY_DIR}/cutwater-config-version.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindCutwaterHiredis.cmake ${PROJECT_SOURCE_DIR}/cmake/FindCutwaterPq.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindCutwaterSodium.cmake DESTINATION ${cutwater_package_dir})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()
