# cmake -D NM=nm -D OBJECTS=a.o,b.o -P kernel_objects.cmake: fails if an object compiled for one instruction set holds
# functions that the linker may choose for every CPU (weak ones, unless they carry the set in their name), or if one that
# the matrix product's tile is written in was not inlined: then its sums live in memory, at a third of the speed.
string(REPLACE "," ";" objects "${OBJECTS}")
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --demangle --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* W [^\n]*" weak "${symbols}")
  list(FILTER weak EXCLUDE REGEX "xsimd_")
  if(weak)
    list(JOIN weak "\n" weak)
    message(FATAL_ERROR "${object} shares functions with objects for other instruction sets:\n${weak}")
  endif()
  if(symbols MATCHES "[^\n]*(unrolled<|multiply_add<)[^\n]*")
    message(FATAL_ERROR "${object} calls what should be inlined: ${CMAKE_MATCH_0}")
  endif()
endforeach()
