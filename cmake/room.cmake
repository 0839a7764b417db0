# cutwater_room(name
#   [DEPENDS room...]         the rooms that its headers include, e.g. core
#   [PUBLIC_LINK target...]   foreign libraries that its headers include
#   [PRIVATE_LINK target...]  foreign libraries that only its sources include
#   [TEST_DEPENDS room...]    more rooms for its tests, benchmarks and examples
#   [TEST_LINK target...])    more foreign libraries for them
#
# The library `cutwater::name` of the current folder, and its tests, benchmarks, examples and fuzz targets. Static if there
# are sources, else headers only. A room of a component that is switched off is passed over.
function(cutwater_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;PUBLIC_LINK;PRIVATE_LINK;TEST_DEPENDS;TEST_LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "cutwater_room(${room}): \"${arg_UNPARSED_ARGUMENTS}\" is not an argument; see cmake/room.cmake")
  endif()
  cutwater_component_of(${room} component)
  cutwater_component_enabled(${component} enabled)
  if(NOT enabled)
    return()
  endif()
  list(TRANSFORM arg_DEPENDS PREPEND cutwater::)
  list(TRANSFORM arg_TEST_DEPENDS PREPEND cutwater::)

  cutwater_sort_files(my)
  cutwater_library(${room} COMPONENT ${component} HEADERS ${my_headers} SOURCES ${my_sources}
    PUBLIC ${arg_DEPENDS} ${arg_PUBLIC_LINK} PRIVATE ${arg_PRIVATE_LINK})
  set_property(GLOBAL APPEND PROPERTY cutwater_${component}_targets cutwater::${room})
  if(component MATCHES "^(core|asio|sim|testing|testing_asio)$")
    target_link_libraries(cutwater_kit INTERFACE cutwater::${room})
  endif()

  cutwater_programs(${room} LINK cutwater::${room} TEST_LINK ${arg_TEST_DEPENDS} ${arg_TEST_LINK})
endfunction()

# cutwater_umbrella(name COMPONENT component [HEADERS file...] [PUBLIC target...])
# A target that stands for every room of a component: what most users link.
function(cutwater_umbrella name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPONENT" "HEADERS;PUBLIC")
  cutwater_component_enabled(${arg_COMPONENT} enabled)
  if(enabled)
    get_property(rooms GLOBAL PROPERTY cutwater_${arg_COMPONENT}_targets)
    cutwater_library(${name} COMPONENT ${arg_COMPONENT} HEADERS ${arg_HEADERS} PUBLIC ${arg_PUBLIC} ${rooms})
  endif()
endfunction()

# cutwater_library(name COMPONENT component HEADERS file... SOURCES file... PUBLIC target... PRIVATE target...)
function(cutwater_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPONENT" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  set(target cutwater_${name})
  set(scope INTERFACE)
  if(arg_SOURCES)
    set(scope PUBLIC)
    add_library(${target} STATIC ${arg_SOURCES})
    cutwater_defaults(${target})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
    add_dependencies(cutwater_all_libraries ${target})
  else()
    add_library(${target} INTERFACE)
  endif()
  add_library(cutwater::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_23)
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  cutwater_install_library(${target} ${arg_COMPONENT})
endfunction()
