# cmake -P first_line.cmake -- CASE COMPILER FLAG...
# Compiles the case and passes if that fails and the first line of the error holds what the case says in its first line.
set(case "${CMAKE_ARGV4}")
set(command "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 5 ${last})
  list(APPEND command "${CMAKE_ARGV${i}}")
endforeach()

file(READ ${case} program)
if(NOT program MATCHES "^// says: ([^\n]+)\n")
  message(FATAL_ERROR "${case}: the first line is not \"// says: \" and the words of the error")
endif()
set(words "${CMAKE_MATCH_1}")

execute_process(COMMAND ${command} ${case} ERROR_VARIABLE said RESULT_VARIABLE status)
if(status EQUAL 0)
  message(FATAL_ERROR "${case} compiles")
endif()
string(REGEX MATCH "[^\n]*error: [^\n]*" first_error "${said}")
string(FIND "${first_error}" "${words}" at)
if(at LESS 0)
  message(FATAL_ERROR "${case}\n  is to say  ${words}\n  and says   ${first_error}\n${said}")
endif()
