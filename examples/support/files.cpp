#include "examples/support/files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "tensor/error.h"

namespace hourglass::examples {

std::string read_file(const std::filesystem::path& path) {
  std::error_code error;
  check(!std::filesystem::is_directory(path, error), path.string(), "is a folder, not a file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  check(file.is_open(), path.string(), "cannot be opened: ", std::strerror(errno));
  std::ostringstream bytes;
  // Streaming an empty file sets failbit on `bytes`, which is no error: only the file's own badbit is.
  bytes << file.rdbuf();
  check(!file.bad(), path.string(), "cannot be read: ", std::strerror(errno));
  return std::move(bytes).str();
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  check(!error, path.string(), "cannot make this folder: ", error.message());
  check(::access(path.c_str(), W_OK | X_OK) == 0, path.string(), "cannot write to this folder: ", std::strerror(errno));
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  const std::string temporary = path.string() + "." + std::to_string(::getpid()) + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(file >= 0, path.string(), "cannot be written: ", std::strerror(errno));

  int error = 0;
  for (std::string_view left = content; !left.empty() && error == 0;) {
    const ::ssize_t written = ::write(file, left.data(), left.size());
    if (written >= 0) left.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR) error = errno;
  }
  // Synced before it is renamed: otherwise a power cut could leave the new name on a file without content.
  if (error == 0 && ::fsync(file) != 0) error = errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail(path.string(), "cannot be written: ", std::strerror(error));
  }
}

}  // namespace hourglass::examples
