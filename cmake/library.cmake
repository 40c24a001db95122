# hourglass_library(autograd USES tensor ROOMS ops inspect): the library hourglass::autograd, made of the sources in this
# folder and in these folders of it, which uses hourglass::tensor in its headers.
function(hourglass_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "USES;ROOMS")
  # Globbed, so that a new op or layer is a new source file and nothing else; CONFIGURE_DEPENDS has every build look
  # for new files.
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
  # Calls within a library stay direct, inlined and as fast as in a static one: no program replaces a function of ours.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
  # The include root is the root of the repository, installed as include/hourglass: both say "tensor/tensor.h".
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  list(TRANSFORM library_USES PREPEND hourglass_)
  target_link_libraries(${target} PUBLIC ${library_USES})
endfunction()
