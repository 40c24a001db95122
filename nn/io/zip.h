// SPDX-License-Identifier: MIT
// Zip archives (PKWARE's APPNOTE.TXT 6.3.10) with 64-bit sizes: entries are stored as they are or deflated.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "nn/io/bytes.h"
#include "nn/io/file.h"

namespace hourglass::nn {

struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0;  ///< bytes in the archive, and unpacked
  std::uint64_t local = 0;             ///< the byte at which its own header begins
};

/// An archive in memory. Errors begin with `name` and the byte. Checked before memory is allocated: sizes, also against
/// the UnpackBudget; that no name comes twice, and none leads out of a folder (../x, /x); that entries do not overlap.
class ZipReader {
 public:
  ZipReader(std::string_view bytes, std::string_view name);
  /// In the order of the archive's directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The content of an entry. Checks its size and checksum.
  std::string read(const ZipEntry& entry) const;
  /// An error about an entry: `name: byte ...: entry what`.
  [[noreturn]] void fault(const ZipEntry& entry, std::string_view what) const;

 private:
  Bytes bytes_;
  std::vector<ZipEntry> entries_;
};

/// Writes an archive, which appears whole or not at all (NewFile). Equal entries give equal files. A name that a reader
/// would refuse is an error.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path) : path_(path.string()), file_(path) {}
  void add(const std::string& name, std::string_view content, bool compressed);
  void commit();

 private:
  void write(std::string_view bytes);

  std::string path_;
  NewFile file_;
  std::unordered_set<std::string> names_;
  std::string directory_;
  std::uint64_t at_ = 0, count_ = 0;
};

}  // namespace hourglass::nn
