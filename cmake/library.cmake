# What a shared library shows is what its headers declare, between `#pragma GCC visibility push(default)` and pop; all
# else is hidden. (A mark on the namespace would be one line, but clang++ forgets it where a function is defined. g++ wants
# the attribute itself on function templates whose instances are made in a source file.)
function(hourglass_hide target)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden)
  # Nobody is to put a function of their own in the place of one of ours: calls within a library stay direct, inlined
  # and as fast as in a static one.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
endfunction()

# hourglass_library(autograd tensor): the library hourglass::autograd, made of the sources in this folder, which uses
# hourglass::tensor in its headers.
function(hourglass_library name)
  # Globbed, so that a new op or layer is a new source file and nothing else; CONFIGURE_DEPENDS has every build look
  # for new files.
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB headers CONFIGURE_DEPENDS *.h)

  set(target hourglass_${name})
  add_library(${target} ${sources})
  add_library(hourglass::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    INSTALL_RPATH $<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>)  # shared libraries find each other side by side
  hourglass_compile_options(${target})
  hourglass_hide(${target})
  # The include root is the root of the repository, installed as include/hourglass: both say "tensor/tensor.h".
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  list(TRANSFORM ARGN PREPEND hourglass_)
  target_link_libraries(${target} PUBLIC ${ARGN})
endfunction()
