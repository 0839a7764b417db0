# Libpq, which brings no CMake package of its own: the target CutwaterPq::pq. Installed beside the package, for whoever
# uses an installed component that needs it; the name keeps out of the way of other projects' modules.
find_path(CUTWATER_PQ_INCLUDE_DIR NAMES libpq-fe.h PATH_SUFFIXES postgresql pgsql)
find_library(CUTWATER_PQ_LIBRARY NAMES pq libpq)
mark_as_advanced(CUTWATER_PQ_INCLUDE_DIR CUTWATER_PQ_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CutwaterPq REQUIRED_VARS CUTWATER_PQ_LIBRARY CUTWATER_PQ_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "libpq is not there (Debian: libpq-dev)")

if(CutwaterPq_FOUND AND NOT TARGET CutwaterPq::pq)
  add_library(CutwaterPq::pq UNKNOWN IMPORTED)
  set_target_properties(CutwaterPq::pq PROPERTIES
    IMPORTED_LOCATION ${CUTWATER_PQ_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CUTWATER_PQ_INCLUDE_DIR})
endif()
