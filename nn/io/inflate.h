// Inflater: reads deflated bytes, bare as in a zip archive or with a gzip header.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;  // zlib's state, so that this header does not include zlib

namespace hourglass::nn {

/// deflate packs at most this many bytes into one. Sizes that a header claims are compared with it before memory is
/// taken.
inline constexpr std::uint64_t kMostPerDeflatedByte = 1032;

/// Unpacks `packed` (which must outlive it) while it is read. Bytes that are no deflate stream end the reading; damage()
/// then says why.
class Inflater {
 public:
  /// A gzip file may have several members, one after another, whose contents are read as one.
  enum class Format { deflate, gzip };
  Inflater(std::string_view packed, Format format);
  ~Inflater();

  /// Writes up to `count` bytes to `to` and returns how many: fewer only at the end or where the bytes are damaged.
  /// To read one byte more than expected also checks a gzip member's checksum, which follows its last byte.
  std::uint64_t read(void* to, std::uint64_t count);
  /// The stream is complete.
  bool ended() const { return ended_; }
  /// Why the stream cannot be read on; empty if it can.
  const std::string& damage() const { return damage_; }
  /// How many bytes of `packed` were used.
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
