// SPDX-License-Identifier: MIT
#include "nn/io/file.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/io/limits.h"

namespace hourglass::nn {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = ".hourglass-", kSuffix = ".tmp";
constexpr std::size_t kDigits = 16;

// A random name, so that an attacker cannot plant a link there first. The dot hides it from readers of folders.
std::string temporary_name() {
  std::uint64_t bits = 0;
  const bool random = ::getentropy(&bits, sizeof bits) == 0;
  check(random, "file", "the system has no random numbers: ", std::strerror(errno));
  std::array<char, kDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(bits));
  return join(kPrefix, digits.data(), kSuffix);
}
bool is_temporary_name(std::string_view name) {
  return name.size() == kPrefix.size() + kDigits + kSuffix.size() && name.starts_with(kPrefix) &&
         name.ends_with(kSuffix) &&
         name.substr(kPrefix.size(), kDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  operator int() const { return number_; }  // NOLINT(google-explicit-constructor): used as a number

 private:
  int number_;
};

// A lock ends with the process that holds it, however the process ends.
bool lock(int descriptor, int how) {
  int status = 0;
  do status = ::flock(descriptor, how);
  while (status != 0 && errno == EINTR);
  return status == 0;
}

}  // namespace

struct NewFile::Present {
  bool exists = false;
  struct stat about {};
};

NewFile::NewFile(const fs::path& path) : path_(path), target_(path) {
  Present present;
  present.exists = ::stat(path.c_str(), &present.about) == 0;
  check_system(present.exists || errno == ENOENT, "cannot be created");
  if (present.exists) {
    check(!S_ISDIR(present.about.st_mode), path.string(), "is a folder, not a file");
    check(S_ISREG(present.about.st_mode), path.string(), "is a device or a pipe, not a file");
    check_system(::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0, "cannot be replaced");
  }
  constexpr int kMostLinks = 40;  // Linux follows as many
  std::error_code error;
  for (int links = 0; !error && fs::is_symlink(fs::symlink_status(target_, error)); ++links) {
    check(links < kMostLinks, path.string(), "cannot be created: it is a link that leads to itself");
    target_ = target_.parent_path() / fs::read_symlink(target_, error);
  }
  create(present);
}

void NewFile::create(const Present& present) {
  const ::mode_t mode = present.exists ? present.about.st_mode & 0777 : 0666;
  struct stat own {};
  // remove_unfinished() may have removed the file before it was locked. Then the next one takes its place.
  while (descriptor_ < 0) {
    temporary_ = folder_of(target_) / temporary_name();
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (descriptor_ < 0 && errno == EEXIST) continue;
    check_system(descriptor_ >= 0, "cannot be created");
    lock(descriptor_, LOCK_EX);
    if (::fstat(descriptor_, &own) == 0 && own.st_nlink == 0) {
      ::close(descriptor_);
      descriptor_ = -1;
    }
  }
  if (!present.exists) return;
  const struct stat& old = present.about;
  const bool same_group = own.st_gid == old.st_gid || ::fchown(descriptor_, static_cast<::uid_t>(-1), old.st_gid) == 0;
  // Another group must not get the rights of the old one.
  const ::mode_t allowed = same_group ? mode : (mode & 0707) | (mode & 0070 & (mode << 3));
  if (own.st_uid != old.st_uid && ::fchown(descriptor_, old.st_uid, static_cast<::gid_t>(-1)) != 0)
    errno = 0;  // only root may give files away
  ::fchmod(descriptor_, allowed);
}

NewFile::~NewFile() {
  if (!committed_) ::unlink(temporary_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
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
  check_system(::rename(temporary_.c_str(), target_.c_str()) == 0, "cannot be put in place");
  committed_ = true;
  // The new name has to reach the disk as well. Some systems cannot flush folders: ignore errors.
  const Descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_CLOEXEC));
  if (folder >= 0) ::fsync(folder);
}

void NewFile::check_system(bool ok, const char* what) const {
  if (!ok) fail(path_.string(), what, ": ", std::strerror(errno));
}

void remove_unfinished(const fs::path& folder) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (!is_temporary_name(path.filename().string())) continue;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    // A NewFile that is still being written holds a lock.
    if (file >= 0 && lock(file, LOCK_EX | LOCK_NB)) ::unlink(path.c_str());
  }
}

std::string read_file(const fs::path& path) {
  const std::string name = path.string();
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file < 0) fail(name, "cannot be opened: ", std::strerror(errno));
  struct stat about {};
  if (::fstat(file, &about) != 0) fail(name, "cannot be read: ", std::strerror(errno));
  check(!S_ISDIR(about.st_mode), name, "is a folder, not a file");
  check(S_ISREG(about.st_mode) || S_ISFIFO(about.st_mode), name, "is a device, not a file");
  const auto part_of = [&](void* to, std::size_t most) {
    ::ssize_t got = 0;
    do got = ::read(file, to, most);
    while (got < 0 && errno == EINTR);
    if (got < 0) fail(name, "cannot be read: ", std::strerror(errno));
    return static_cast<std::size_t>(got);
  };
  return within_memory(name, static_cast<std::uint64_t>(about.st_size), [&] {
    std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
      const std::size_t part = part_of(bytes.data() + got, bytes.size() - got);
      if (part == 0) break;
      got += part;
    }
    bytes.resize(got);
    // A pipe has no size, and a file may have grown.
    std::array<char, 1 << 16> more;
    while (const std::size_t part = part_of(more.data(), more.size())) bytes.append(more.data(), part);
    return bytes;
  });
}

}  // namespace hourglass::nn
