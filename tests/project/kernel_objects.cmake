# SPDX-License-Identifier: MIT
# cmake -D NM=nm -D OBJECTS=a.o,b.o -P kernel_objects.cmake: fails in two cases. First, if an object
# compiled for one instruction set has functions that the linker may choose for every CPU (weak
# functions, unless the set is in their name). Second, if a function of the matrix product's tile
# was not inlined: the sums are then in memory, at a third of the speed.
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
