# SPDX-License-Identifier: MIT
# hourglass_library(autograd USES tensor ROOMS ops inspect): the library hourglass::autograd, made
# of the sources in this folder and in its subfolders ops and inspect. Its headers use
# hourglass::tensor.
function(hourglass_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "USES;ROOMS")
  # Globbed, so that a new op or layer needs only its source file. With CONFIGURE_DEPENDS, every
  # build looks for new files.
  list(TRANSFORM library_ROOMS APPEND "/*.cpp" OUTPUT_VARIABLE sources)
  list(TRANSFORM library_ROOMS APPEND "/*.h" OUTPUT_VARIABLE headers)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp ${sources})
  file(GLOB headers CONFIGURE_DEPENDS *.h ${headers})

  set(target hourglass_${name})
  add_library(${target} ${sources})
  add_library(hourglass::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    INSTALL_RPATH $<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>)  # shared libraries find each other side by side
  hourglass_compile_options(${target})
  hourglass_harden(${target})
  # Calls within a shared library are direct or inlined, as in a static one, because no program
  # replaces our functions.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
  # The include root is the root of the repository, which is installed as include/hourglass. In both
  # places the path is "tensor/tensor.h".
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  list(TRANSFORM library_USES PREPEND hourglass_)
  target_link_libraries(${target} PUBLIC ${library_USES})
endfunction()
