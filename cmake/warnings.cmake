# Warnings for what is written here. They never reach a consumer, and are errors only where CUTWATER_DEV is on.
function(cutwater_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
    -Woverloaded-virtual -Wcast-align -Wcast-qual -Wunused -Wformat=2 -Wimplicit-fallthrough -Wextra-semi
    -Wdouble-promotion
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wuseless-cast -Wno-mismatched-new-delete>
    $<$<BOOL:${CUTWATER_DEV}>:-Werror>)
  # GCC's flow analysis is unreliable in instrumented code.
  if(CUTWATER_SANITIZE OR CUTWATER_COVERAGE)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
endfunction()

# The settings that every target here shares.
function(cutwater_defaults target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_features(${target} PRIVATE cxx_std_23)
  cutwater_warnings(${target})
endfunction()
