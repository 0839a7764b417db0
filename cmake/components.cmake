# What a user can leave out: a component is a few rooms, the components they stand on, and the packages they bring.
# The installed package finds only the packages of the components that were asked for.
set(cutwater_components core keyed sqlite asio postgres redis http log prometheus otlp health admin sim testing testing_asio)

set(cutwater_core_packages "Threads")

set(cutwater_keyed_rooms keyed)
set(cutwater_keyed_requires core)
set(cutwater_keyed_packages "CutwaterSodium")

set(cutwater_sqlite_rooms store_sqlite)
set(cutwater_sqlite_requires core)
set(cutwater_sqlite_packages "SQLite3 3.38")

set(cutwater_postgres_rooms store_postgres)
set(cutwater_postgres_requires core)
set(cutwater_postgres_packages "CutwaterPq")

set(cutwater_redis_rooms store_redis)
set(cutwater_redis_requires asio)
set(cutwater_redis_packages "CutwaterHiredis")

set(cutwater_asio_rooms drive_wheel drive_asio drive_async_work drive_async_prefetch store_async_guarded saga_asio)
set(cutwater_asio_requires core)
set(cutwater_asio_packages "Threads" "Boost 1.81 CONFIG")

set(cutwater_http_rooms http http_idempotency)
set(cutwater_http_requires asio)
set(cutwater_http_packages "Boost 1.81 CONFIG" "OpenSSL 3.0" "nlohmann_json")

set(cutwater_log_rooms observe_log observe_ledger observe_recorder)
set(cutwater_log_requires core)
set(cutwater_log_packages "fmt" "spdlog" "nlohmann_json")

set(cutwater_prometheus_rooms observe_prometheus)
set(cutwater_prometheus_requires core)
set(cutwater_prometheus_packages "prometheus-cpp" "Boost 1.81 CONFIG")

set(cutwater_otlp_rooms observe_otlp)
set(cutwater_otlp_requires http)
set(cutwater_otlp_packages "nlohmann_json")

set(cutwater_health_rooms health)
set(cutwater_health_requires core)
set(cutwater_health_packages "Threads" "nlohmann_json")

set(cutwater_admin_rooms admin)
set(cutwater_admin_requires asio health)
set(cutwater_admin_packages "Boost 1.81 CONFIG")

set(cutwater_sim_rooms sim)
set(cutwater_sim_requires core)
set(cutwater_sim_packages "Threads")

set(cutwater_testing_rooms testing)
set(cutwater_testing_requires core)
set(cutwater_testing_packages "GTest")

set(cutwater_testing_asio_rooms testing_asio)
set(cutwater_testing_asio_requires testing asio)
set(cutwater_testing_asio_packages "GTest" "Boost 1.81 CONFIG")

# Packages of what is never installed as a library.
set(cutwater_app_packages "CLI11" "fmt" "nlohmann_json" "yaml-cpp")
set(cutwater_test_packages "GTest" "rapidcheck" "nlohmann_json" "CLI11")
set(cutwater_bench_packages "benchmark")

# The component of a room: the one that lists it, else core.
function(cutwater_component_of room result)
  set(${result} core PARENT_SCOPE)
  foreach(component IN LISTS cutwater_components)
    if(room IN_LIST cutwater_${component}_rooms)
      set(${result} ${component} PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

function(cutwater_component_enabled component result)
  string(TOUPPER CUTWATER_${component} option)
  set(${result} OFF PARENT_SCOPE)
  if(component STREQUAL core OR ${option})
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

# A macro, so that the imported targets are seen by every folder. They are global for the projects around this one, too.
macro(cutwater_find_packages)
  set(_cutwater_packages "")
  foreach(_cutwater_component IN LISTS cutwater_components)
    cutwater_component_enabled(${_cutwater_component} _cutwater_enabled)
    if(_cutwater_enabled)
      list(APPEND _cutwater_packages ${cutwater_${_cutwater_component}_packages})
    endif()
  endforeach()
  if(CUTWATER_APPS)
    list(APPEND _cutwater_packages ${cutwater_app_packages})
  endif()
  if(CUTWATER_TESTS)
    list(APPEND _cutwater_packages ${cutwater_test_packages})
  endif()
  if(CUTWATER_BENCH)
    list(APPEND _cutwater_packages ${cutwater_bench_packages})
  endif()
  list(REMOVE_DUPLICATES _cutwater_packages)

  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  foreach(_cutwater_package IN LISTS _cutwater_packages)
    separate_arguments(_cutwater_package)
    find_package(${_cutwater_package} REQUIRED)
  endforeach()
  unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
endmacro()
