// SPDX-License-Identifier: MIT
#include "examples/support/files.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "tensor/error.h"

namespace hourglass::examples {

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  check(!error, path.string(), "cannot make this folder: ", error.message());
  check(::access(path.c_str(), W_OK | X_OK) == 0, path.string(), "cannot write to this folder: ", std::strerror(errno));
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  nn::NewFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace hourglass::examples
