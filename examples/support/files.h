// SPDX-License-Identifier: MIT
// Reading and writing whole files. No program ever sees half of one.
#pragma once
#include <filesystem>
#include <string_view>

#include "nn/file.h"

namespace hourglass::examples {

using nn::read_file;

/// Writes a file completely or not at all (see nn::NewFile). Makes its folder if necessary.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the folder, and those above it, unless it exists. A folder that cannot be written to is an Error.
void make_folder(const std::filesystem::path& path);

/// Whether a run has left results or a checkpoint in the folder.
bool has_results(const std::filesystem::path& folder);

/// While it lives, the folder belongs to this program: a second lock on it, in any process, is an Error.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace hourglass::examples
