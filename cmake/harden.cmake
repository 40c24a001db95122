# SPDX-License-Identifier: MIT
# hourglass_harden(target): an optimised build checks the sizes of C's copies (fortify) and a guard word at the end of
# stack frames, and makes the tables of functions of other libraries read-only before main() runs. Kernels stay as they
# are, because speed is what they are for.
include(CheckLinkerFlag)
check_linker_flag(CXX "-Wl,-z,relro,-z,now" HOURGLASS_LINKER_BINDS_NOW)

function(hourglass_harden target)
  if(HOURGLASS_SANITIZE)  # which checks all of this and more
    return()
  endif()
  set(options -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:${options}>")
  if(HOURGLASS_LINKER_BINDS_NOW)
    target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now)
  endif()
endfunction()
