# cutwater_fuzz(NAME name SOURCES file... [LINK target...])
# A libFuzzer program, which needs clang. The libraries under it are instrumented by CUTWATER_SANITIZE=fuzzer-no-link;...
if(CUTWATER_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  message(FATAL_ERROR "CUTWATER_FUZZ needs clang, and this is ${CMAKE_CXX_COMPILER_ID}: use the preset fuzz")
endif()

function(cutwater_fuzz)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINK")
  add_executable(${arg_NAME} ${arg_SOURCES})
  cutwater_defaults(${arg_NAME})
  target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK} cutwater_kit)
  add_dependencies(cutwater_all_fuzzers ${arg_NAME})
endfunction()
