#include "nn/io/file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include "tensor/error.h"

namespace hourglass::nn {
namespace fs = std::filesystem;

NewFile::NewFile(const fs::path& path)
    : path_(path), temporary_(path.string() + "." + std::to_string(::getpid()) + ".tmp") {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  check_system(descriptor_ >= 0, "cannot be created");
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

void NewFile::write(const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ::ssize_t written = ::write(descriptor_, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    check_system(written > 0, "cannot be written");
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void NewFile::commit() {
  // Flush before the rename: otherwise a power cut could leave an empty file under the final name.
  check_system(::fsync(descriptor_) == 0, "cannot be flushed to the disk");
  check_system(::close(std::exchange(descriptor_, -1)) == 0, "cannot be closed");
  check_system(::rename(temporary_.c_str(), path_.c_str()) == 0, "cannot be put in place");
  committed_ = true;
  // The new name has to reach the disk as well. Some systems cannot flush folders: ignore errors.
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  if (const int directory = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

void NewFile::check_system(bool ok, const char* what) const {
  check(ok, path_.string(), what, ": ", std::strerror(errno));
}

void remove_unfinished(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path name = entry.path().filename();
    const std::string process = name.stem().extension().string();  // ".123" of model.safetensors.123.tmp
    const bool ours = name.extension() == ".tmp" && process.size() > 1 &&
                      std::all_of(process.begin() + 1, process.end(), [](unsigned char c) { return std::isdigit(c); });
    if (ours) fs::remove(entry.path(), ignored);
  }
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  check(!fs::is_directory(path, error), path.string(), "is a folder, not a file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  check(file.is_open(), path.string(), "cannot be opened: ", std::strerror(errno));
  std::ostringstream bytes;
  // An empty file sets failbit on `bytes`, which is not an error. Only badbit on the file is.
  bytes << file.rdbuf();
  check(!file.bad(), path.string(), "cannot be read: ", std::strerror(errno));
  return std::move(bytes).str();
}

}  // namespace hourglass::nn
