# cutwater_bench(NAME name SOURCES file... [LINK target...])
# A Google Benchmark program. `cutwater_all_benches` builds them all.
function(cutwater_bench)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINK")
  add_executable(${arg_NAME} ${arg_SOURCES})
  cutwater_defaults(${arg_NAME})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK} cutwater_kit benchmark::benchmark_main)
  add_dependencies(cutwater_all_benches ${arg_NAME})
endfunction()
