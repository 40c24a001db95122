# SPDX-License-Identifier: MIT
# HOURGLASS_SANITIZE=address,undefined or thread: everything is compiled and linked with these sanitizers.
# HOURGLASS_SANITIZED turns the memory pool off, so that sanitizers see every allocation.
if(HOURGLASS_SANITIZE)
  add_compile_options(-fsanitize=${HOURGLASS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HOURGLASS_SANITIZE})
  add_compile_definitions(HOURGLASS_SANITIZED=1 _GLIBCXX_ASSERTIONS)
  if(HOURGLASS_SANITIZE MATCHES "thread")
    add_compile_definitions(HOURGLASS_SANITIZE_THREAD=1)
  endif()
endif()
