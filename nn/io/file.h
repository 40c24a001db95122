// SPDX-License-Identifier: MIT
// Files that are written completely or not at all, and read completely or not at all.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hourglass::nn {

/// A file that is written under a random temporary name in the folder of its final name. commit()
/// flushes it to the disk and renames it. After a crash or on a full disk, path has its old content or its complete
/// new content. Without commit() path does not change.
///
/// If path is a link, the file to which it leads is replaced. The new file keeps the permissions of the old one, and its
/// owner where the system allows it. A folder, a device, a pipe or a file that may not be written is an error. Threads
/// and processes may write to one path at the same time; the last commit() counts. Errors name the path and the reason.
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  struct Present;  // the file that path leads to, if there is one
  void create(const Present& present);
  void check_system(bool ok, const char* what) const;
  std::filesystem::path path_, target_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// Removes what a NewFile left in the folder when its process was killed, and nothing that is still being written.
void remove_unfinished(const std::filesystem::path& folder);

/// The bytes of a file or pipe. If it is missing or unreadable, a folder or a device, an Error says so.
std::string read_file(const std::filesystem::path& path);

}  // namespace hourglass::nn
