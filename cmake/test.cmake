# cutwater_test(NAME name SOURCES file... [LINK target...] [LABELS label...])
# A GoogleTest program; RapidCheck is at hand. Each of its cases is a test of its own for ctest.
# Labels: unit (default), threads (also run under ThreadSanitizer), live (touches real time, sockets, servers).
# What every test is compiled and linked with. Where the library is optimised, tests are so by less: that is a third of
# the time that they take to compile. Examples, benchmarks and programs are compiled as what ships.
function(cutwater_test_flags target)
  cutwater_defaults(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(${target} PRIVATE cutwater_kit GTest::gmock_main rapidcheck_gtest)
endfunction()

if(CUTWATER_TESTS)
  enable_testing()
  include(GoogleTest)
endif()

function(cutwater_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINK;LABELS")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK})
  cutwater_test_flags(${arg_NAME})
  gtest_discover_tests(${arg_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)

  # gtest_discover_tests takes no list as a property: a file that ctest reads after the discovered cases does.
  set(timeout 60)
  set(serial OFF)
  if("threads" IN_LIST arg_LABELS)
    set(timeout 240)  # threads that take turns, on a machine that has others to serve, under a sanitizer
  endif()
  if("live" IN_LIST arg_LABELS)
    set(timeout 180)
    set(serial ON)
    add_dependencies(cutwater_all_live_tests ${arg_NAME})
  else()
    add_dependencies(cutwater_all_tests ${arg_NAME})
  endif()
  if("threads" IN_LIST arg_LABELS)
    add_dependencies(cutwater_all_threads_tests ${arg_NAME})
  endif()
  set(properties ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_properties.cmake)
  file(CONFIGURE OUTPUT ${properties} @ONLY CONTENT [[
if(@arg_NAME@_TESTS)
  set_tests_properties(${@arg_NAME@_TESTS} PROPERTIES LABELS "@arg_LABELS@" TIMEOUT @timeout@ RUN_SERIAL @serial@)
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${properties})
endfunction()
