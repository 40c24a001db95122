#include "examples/support/idx.h"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <zlib.h>

#include "examples/support/files.h"

namespace hourglass::examples {
namespace {

/// The content of a file, unpacked while it is read.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : name_(path.string()), file_(read_file(path)) {
    gzip_ = file_.starts_with("\x1f\x8b");
    if (!gzip_) return;
    next_input();
    check(inflateInit2(&zip_, 16 + MAX_WBITS) == Z_OK, name_, "zlib cannot start");  // 16: with a gzip header
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (gzip_) inflateEnd(&zip_);
  }

  /// Reads exactly `count` bytes.
  void read(void* to, std::uint64_t count, std::string_view what) {
    const std::uint64_t got = read_some(static_cast<unsigned char*>(to), count);
    at_ += got;
    if (got < count) fault(at_, "the file ends here, but ", what, " needs ", count - got, " bytes more");
  }

  void expect_end() {
    unsigned char byte = 0;
    // Reading on also makes zlib compare the checksum behind the last byte.
    if (read_some(&byte, 1) != 0)
      fault(at_, "expected the end of the file, but more follows: it is damaged, or not one array");
  }

  /// No more than this can still come out of the file: deflate packs at most 1032 bytes into one.
  std::uint64_t most_left() const { return gzip_ ? 1032 * std::uint64_t{file_.size()} : file_.size() - at_; }

  template <class... Parts>
  [[noreturn]] void fault(std::uint64_t at, const Parts&... parts) const {
    fail(name_, "byte ", at, gzip_ ? " (unpacked): " : ": ", parts...);
  }

 private:
  std::uint64_t read_some(unsigned char* to, std::uint64_t count) {
    return gzip_ ? inflate_some(to, count) : copy_some(to, count);
  }

  std::uint64_t copy_some(unsigned char* to, std::uint64_t count) {
    const std::uint64_t got = std::min(count, file_.size() - at_);
    if (got > 0) std::memcpy(to, file_.data() + at_, got);
    return got;
  }

  std::uint64_t inflate_some(unsigned char* to, std::uint64_t count) {
    std::uint64_t got = 0;
    while (got < count && !ended_) {
      if (zip_.avail_in == 0) next_input();
      const auto room = static_cast<uInt>(std::min<std::uint64_t>(count - got, 1u << 30));
      zip_.next_out = to + got;
      zip_.avail_out = room;
      const int status = inflate(&zip_, Z_NO_FLUSH);
      const std::uint64_t fresh = room - zip_.avail_out;
      got += fresh;
      if (status == Z_STREAM_END) next_member();
      else if (status == Z_BUF_ERROR && fresh == 0 && zip_.avail_in == 0 && used_ == file_.size())
        corrupt(got, "it is cut off");
      else if (status != Z_OK && status != Z_BUF_ERROR) corrupt(got, zip_.msg ? zip_.msg : zError(status));
    }
    return got;
  }

  // zlib counts input in 32 bits, so that a large file goes in piece by piece.
  void next_input() {
    const std::size_t size = std::min<std::size_t>(file_.size() - used_, 1u << 30);
    zip_.next_in = reinterpret_cast<Bytef*>(file_.data() + used_);
    zip_.avail_in = static_cast<uInt>(size);
    used_ += size;
  }

  // A gzip file may be several, one behind the other; anything else behind it is a fault.
  void next_member() {
    const std::size_t consumed = used_ - zip_.avail_in;
    ended_ = consumed == file_.size();
    if (ended_) return;
    if (file_.compare(consumed, 2, "\x1f\x8b") != 0) corrupt(0, "there are other bytes behind it");
    inflateReset(&zip_);
  }

  [[noreturn]] void corrupt(std::uint64_t got, std::string_view why) {
    fault(at_ + got, "the gzip stream is damaged: ", why, " (at byte ", used_ - zip_.avail_in, " of the file)");
  }

  std::string name_, file_;
  bool gzip_ = false, ended_ = false;
  std::uint64_t at_ = 0;  // in the content
  std::size_t used_ = 0;  // of file_, by zlib
  z_stream zip_{};
};

template <class Raw>
Raw from_big_endian(const unsigned char* bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(Raw); ++i) bits = bits << 8 | bytes[i];
  if constexpr (std::same_as<Raw, float>) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  else if constexpr (std::same_as<Raw, double>) return std::bit_cast<double>(bits);
  else return static_cast<Raw>(bits);
}

template <class Raw, Element T>
Tensor read_elements(Source& source, const Shape& shape, std::uint64_t count) {
  Tensor x(shape, dtype_of<T>);
  T* to = x.mutable_data<T>();
  if constexpr (std::same_as<Raw, std::uint8_t>) {
    source.read(to, count, "the array");
  } else {
    std::vector<unsigned char> bytes(count * sizeof(Raw));
    source.read(bytes.data(), bytes.size(), "the array");
    for (std::uint64_t i = 0; i < count; ++i) to[i] = static_cast<T>(from_big_endian<Raw>(&bytes[i * sizeof(Raw)]));
  }
  source.expect_end();
  return x;
}

std::uint64_t element_size(int code) {
  switch (code) {
    case 0x08:
    case 0x09: return 1;
    case 0x0b: return 2;
    case 0x0c:
    case 0x0d: return 4;
    case 0x0e: return 8;
    default: return 0;
  }
}

std::string hex(unsigned value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[value >> 4 & 15], kDigits[value & 15]};
}

}  // namespace

Tensor read_idx(const std::filesystem::path& path) {
  Source source(path);
  std::array<unsigned char, 4> magic{};
  source.read(magic.data(), magic.size(), "IDX's magic number");
  const int code = magic[2], axes = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || element_size(code) == 0 || axes < 1 || axes > kMaxAxes) {
    source.fault(0, "expected IDX's magic number (00 00, element type 08, 09, 0b, 0c, 0d or 0e, 1 to ", kMaxAxes,
                 " axes), got ", hex(magic[0]), ' ', hex(magic[1]), ' ', hex(magic[2]), ' ', hex(magic[3]));
  }

  Shape shape;
  std::uint64_t count = 1;
  bool overflow = false;
  for (int axis = 0; axis < axes; ++axis) {
    std::array<unsigned char, 4> extent{};
    source.read(extent.data(), extent.size(), "an extent");
    shape.push_back(from_big_endian<std::uint32_t>(extent.data()));
    overflow |= __builtin_mul_overflow(count, static_cast<std::uint64_t>(shape.back()), &count);
  }
  // Before memory is asked for: a damaged header must not claim all there is.
  std::uint64_t bytes = 0;
  overflow |= __builtin_mul_overflow(count, element_size(code), &bytes);
  if (overflow || bytes > source.most_left()) {
    source.fault(4, "extents ", shape, " ask for ", overflow ? "more than 2^64" : std::to_string(bytes),
                 " bytes, but at most ", source.most_left(), " follow");
  }

  switch (code) {
    case 0x08: return read_elements<std::uint8_t, std::uint8_t>(source, shape, count);
    case 0x09: return read_elements<std::int8_t, std::int64_t>(source, shape, count);
    case 0x0b: return read_elements<std::int16_t, std::int64_t>(source, shape, count);
    case 0x0c: return read_elements<std::int32_t, std::int64_t>(source, shape, count);
    case 0x0d: return read_elements<float, float>(source, shape, count);
    default: return read_elements<double, double>(source, shape, count);
  }
}

}  // namespace hourglass::examples
