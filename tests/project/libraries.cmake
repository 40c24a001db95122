# SPDX-License-Identifier: MIT
# cmake -D NM=nm -D LIBRARIES=a,b [-D HARDENED=1] -P libraries.cmake: fails if a library has code that runs while a
# program loads it (its order is not defined, and its errors cannot be caught), if a shared library exports a name that
# is not Hourglass's, or if a hardened library does not check its stack.
string(REPLACE "," ";" libraries "${LIBRARIES}")
foreach(library IN LISTS libraries)
  execute_process(COMMAND ${NM} --defined-only ${library} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  if(NOT symbols MATCHES "hourglass")
    message(FATAL_ERROR "${library} has no symbols to look at")
  endif()
  if(symbols MATCHES "[^\n]* (_GLOBAL__sub_I_|__cxx_global_var_init)[^\n]*")
    message(FATAL_ERROR "${library} has a global constructor: ${CMAKE_MATCH_0}")
  endif()
  if(HARDENED)
    execute_process(COMMAND ${NM} --undefined-only ${library} OUTPUT_VARIABLE needed COMMAND_ERROR_IS_FATAL ANY)
    if(NOT needed MATCHES "__stack_chk_fail")
      message(FATAL_ERROR "${library} has no guard words on its stack")
    endif()
  endif()
  if(library MATCHES "\\.so")
    execute_process(COMMAND ${NM} --demangle --dynamic --defined-only ${library} OUTPUT_VARIABLE shown
                    COMMAND_ERROR_IS_FATAL ANY)
    # Weak symbols are instances of templates. Every library that uses a template has its own.
    string(REGEX MATCHALL "[^\n]* [A-TX-Z] [^\n]*" strong "${shown}")
    list(FILTER strong EXCLUDE REGEX " hourglass::| for hourglass::")
    string(REGEX MATCHALL "[^\n]*hourglass::(sse2|avx2|avx512bw|neon64|\\(anonymous)[^\n]*" inner "${shown}")
    if(strong OR inner)
      list(JOIN strong "\n" strong)
      list(JOIN inner "\n" inner)
      message(FATAL_ERROR "${library} shows more than its headers declare:\n${strong}\n${inner}")
    endif()
  endif()
endforeach()
