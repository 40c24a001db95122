// SPDX-License-Identifier: MIT
#include "examples/support/idx.h"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "examples/support/files.h"
#include "nn/context.h"
#include "nn/io/inflate.h"
#include "nn/io/limits.h"

namespace hourglass::examples {
namespace {

/// The content of a file, unpacked while it is read if it is a gzip file.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : name_(path.string()), file_(read_file(path)) {
    nn::within_memory(name_, file_.size(), [&] {
      if (file_.starts_with("\x1f\x8b")) gzip_.emplace(file_, nn::Inflater::Format::gzip);
    });
  }

  /// Reads exactly `count` bytes.
  void read(void* to, std::uint64_t count, std::string_view what) {
    const std::uint64_t got = read_some(to, count);
    at_ += got;
    if (got < count) fault(at_, "the file ends here, but ", what, " needs ", count - got, " bytes more");
  }

  void expect_end() {
    unsigned char byte = 0;
    // Reading on also makes zlib compare the checksum that follows the last byte.
    if (read_some(&byte, 1) != 0)
      fault(at_, "expected the end of the file, but more follows: it is damaged, or not one array");
  }

  /// An upper bound on the bytes that can still be read.
  std::uint64_t most_left() const { return gzip_ ? nn::kMostPerDeflatedByte * file_.size() : file_.size() - at_; }
  const std::string& name() const { return name_; }
  std::uint64_t file_bytes() const { return file_.size(); }

  template <class... Parts>
  [[noreturn]] void fault(std::uint64_t at, const Parts&... parts) const {
    fail(name_, "byte ", at, gzip_ ? " (unpacked): " : ": ", parts...);
  }

 private:
  std::uint64_t read_some(void* to, std::uint64_t count) {
    if (!gzip_) {
      const std::uint64_t got = std::min(count, file_.size() - at_);
      if (got > 0) std::memcpy(to, file_.data() + at_, got);
      return got;
    }
    const std::uint64_t got = gzip_->read(to, count);
    if (got < count && !gzip_->damage().empty())
      fault(at_ + got, "the gzip stream is damaged: ", gzip_->damage(), " (at byte ", gzip_->consumed(),
            " of the file)");
    return got;
  }

  std::string name_, file_;
  std::optional<nn::Inflater> gzip_;
  std::uint64_t at_ = 0;  // in the content
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
  nn::UnpackBudget(source.name(), source.file_bytes()).take(count * sizeof(T));
  Tensor x = nn::in_context(source.name(), [&] { return Tensor(shape, dtype_of<T>); });
  T* to = x.mutable_data<T>();
  if constexpr (std::same_as<Raw, std::uint8_t>) {
    source.read(to, count, "the array");
  } else {
    std::vector<unsigned char> bytes(std::min<std::uint64_t>(count, 1 << 16) * sizeof(Raw));
    for (std::uint64_t done = 0; done < count;) {
      const std::uint64_t part = std::min(count - done, bytes.size() / sizeof(Raw));
      source.read(bytes.data(), part * sizeof(Raw), "the array");
      for (std::uint64_t i = 0; i < part; ++i)
        to[done + i] = static_cast<T>(from_big_endian<Raw>(&bytes[i * sizeof(Raw)]));
      done += part;
    }
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

Tensor array_in(Source& source) {
  std::array<unsigned char, 4> magic{};
  source.read(magic.data(), magic.size(), "IDX's magic number");
  const int code = magic[2], axes = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || element_size(code) == 0 || axes < 1 || axes > kMaxAxes) {
    source.fault(0, "expected IDX's magic number (00 00, element type 08, 09, 0b, 0c, 0d or 0e, 1 to ", kMaxAxes,
                 " axes), got ", hex(magic[0]), ' ', hex(magic[1]), ' ', hex(magic[2]), ' ', hex(magic[3]));
  }

  Shape shape;
  for (int axis = 0; axis < axes; ++axis) {
    std::array<unsigned char, 4> extent{};
    source.read(extent.data(), extent.size(), "an extent");
    shape.push_back(from_big_endian<std::uint32_t>(extent.data()));
  }
  // Checked before memory is allocated: a damaged header may ask for any amount.
  const std::optional<std::uint64_t> bytes = nn::bytes_of(shape, element_size(code));
  if (!bytes) source.fault(4, "extents ", shape, " have more elements than can be counted");
  if (*bytes > source.most_left())
    source.fault(4, "extents ", shape, " ask for ", *bytes, " bytes, but at most ", source.most_left(), " follow");
  const std::uint64_t count = *bytes / element_size(code);

  switch (code) {
    case 0x08: return read_elements<std::uint8_t, std::uint8_t>(source, shape, count);
    case 0x09: return read_elements<std::int8_t, std::int64_t>(source, shape, count);
    case 0x0b: return read_elements<std::int16_t, std::int64_t>(source, shape, count);
    case 0x0c: return read_elements<std::int32_t, std::int64_t>(source, shape, count);
    case 0x0d: return read_elements<float, float>(source, shape, count);
    default: return read_elements<double, double>(source, shape, count);
  }
}

}  // namespace

Tensor read_idx(const std::filesystem::path& path) {
  Source source(path);
  return nn::within_memory(source.name(), source.file_bytes(), [&] { return array_in(source); });
}

}  // namespace hourglass::examples
