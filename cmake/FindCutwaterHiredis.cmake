# Hiredis, which brings no CMake package of its own: the target CutwaterHiredis::hiredis. Installed beside the package, for whoever
# uses an installed component that needs it; the name keeps out of the way of other projects' modules.
find_path(CUTWATER_HIREDIS_INCLUDE_DIR NAMES hiredis/hiredis.h)
find_library(CUTWATER_HIREDIS_LIBRARY NAMES hiredis)
mark_as_advanced(CUTWATER_HIREDIS_INCLUDE_DIR CUTWATER_HIREDIS_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CutwaterHiredis REQUIRED_VARS CUTWATER_HIREDIS_LIBRARY CUTWATER_HIREDIS_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "hiredis is not there (Debian: libhiredis-dev)")

if(CutwaterHiredis_FOUND AND NOT TARGET CutwaterHiredis::hiredis)
  add_library(CutwaterHiredis::hiredis UNKNOWN IMPORTED)
  set_target_properties(CutwaterHiredis::hiredis PROPERTIES
    IMPORTED_LOCATION ${CUTWATER_HIREDIS_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CUTWATER_HIREDIS_INCLUDE_DIR})
endif()
