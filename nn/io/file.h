// Files that are written completely or not at all, and read completely or not at all.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hourglass::nn {

/// A file that is written under a temporary name (path.<process>.tmp). commit() flushes it to the
/// disk and renames it. After a crash or on a full disk, path has its old content or its complete
/// new content. Without commit() path does not change. Errors name the path and the reason.
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
  void check_system(bool ok, const char* what) const;
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// Removes what a NewFile left in the folder when its process was killed.
void remove_unfinished(const std::filesystem::path& folder);

/// The file's bytes. If the file is missing, unreadable or a directory, an Error says so.
std::string read_file(const std::filesystem::path& path);

}  // namespace hourglass::nn
