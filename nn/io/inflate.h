// SPDX-License-Identifier: MIT
// Inflater: unpacks deflated bytes, with a gzip header or without one as in a zip archive.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;  // zlib's state, so that this header does not include zlib

namespace hourglass::nn {

/// One deflated byte unpacks to at most this number of bytes. Readers check sizes in headers
/// against this limit before they allocate memory.
inline constexpr std::uint64_t kMostPerDeflatedByte = 1032;

/// Unpacks `packed`, which must outlive it, part by part. Reading stops at bytes that are not a
/// deflate stream; damage() then says why. Too little memory is std::bad_alloc.
class Inflater {
 public:
  /// A gzip file may have several members, one after another. Their contents are read as one.
  enum class Format { deflate, gzip };
  Inflater(std::string_view packed, Format format);
  ~Inflater();

  /// Writes up to `count` bytes to `to` and returns their number, which is less than `count` only
  /// at the end or at damaged bytes. A gzip member's checksum follows its last byte: a read of one
  /// byte more than expected checks it.
  std::uint64_t read(void* to, std::uint64_t count);
  /// The stream is complete.
  bool ended() const { return ended_; }
  /// Why reading stopped at damaged bytes; empty if there is no damage.
  const std::string& damage() const { return damage_; }
  /// The number of bytes of `packed` that were used.
  std::uint64_t consumed() const { return consumed_; }

 private:
  void end_member();

  std::string_view packed_;
  Format format_;
  std::unique_ptr<z_stream_s> zlib_;
  std::uint64_t consumed_ = 0;
  bool ended_ = false;
  std::string damage_;
};

}  // namespace hourglass::nn
