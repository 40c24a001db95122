# SPDX-License-Identifier: MIT
# How every target of this project is compiled: libraries, examples, tests and benchmarks alike.
function(hourglass_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # -Wno-sign-conversion: sizes are int64_t, as in the mathematics, and standard containers index by size_t.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                           $<$<BOOL:${HOURGLASS_WERROR}>:-Werror>)
  # g++ 12 warns of an overlap in "p" + std::to_string(n) that does not exist (GCC bug 105651).
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  # In a unity build g++ takes source files for headers, whose types must not depend on an unnamed namespace; and it
  # inlines differently, so that it no longer sees that the count of an Axes guards its numbers.
  if(CMAKE_UNITY_BUILD)
    target_compile_options(${target} PRIVATE
                           "$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-maybe-uninitialized>")
  endif()
  # A compiler that may fuse a * b + c does so only in some places, for example in a loop's body but
  # not in its tail. The same numbers would then give different bits. Where a fused multiply-add is
  # wanted, the code calls fma.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
endfunction()
