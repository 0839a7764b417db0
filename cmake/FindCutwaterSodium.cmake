# Libsodium, which brings no CMake package of its own: the target CutwaterSodium::sodium. Installed beside the package, for whoever
# uses an installed component that needs it; the name keeps out of the way of other projects' modules.
find_path(CUTWATER_SODIUM_INCLUDE_DIR NAMES sodium.h)
find_library(CUTWATER_SODIUM_LIBRARY NAMES sodium libsodium)
mark_as_advanced(CUTWATER_SODIUM_INCLUDE_DIR CUTWATER_SODIUM_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CutwaterSodium REQUIRED_VARS CUTWATER_SODIUM_LIBRARY CUTWATER_SODIUM_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "libsodium is not there (Debian: libsodium-dev)")

if(CutwaterSodium_FOUND AND NOT TARGET CutwaterSodium::sodium)
  add_library(CutwaterSodium::sodium UNKNOWN IMPORTED)
  set_target_properties(CutwaterSodium::sodium PROPERTIES
    IMPORTED_LOCATION ${CUTWATER_SODIUM_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CUTWATER_SODIUM_INCLUDE_DIR})
endif()
