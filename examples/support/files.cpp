// SPDX-License-Identifier: MIT
#include "examples/support/files.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
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

bool has_results(const std::filesystem::path& folder) {
  std::error_code unreadable;
  return std::filesystem::exists(folder / "summary.json", unreadable) ||
         std::filesystem::exists(folder / "last.safetensors", unreadable);
}

// The lock is on the folder itself, so no file remains, and the system removes it when the program ends in any way.
FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  check(descriptor_ >= 0, folder.string(), "cannot open this folder: ", std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;  // some file systems have no locks
  ::close(descriptor_);
  fail(folder.string(), "another run is writing to this folder");
}
FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace hourglass::examples
