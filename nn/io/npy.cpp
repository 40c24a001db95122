// SPDX-License-Identifier: MIT
#include "nn/io/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nn/context.h"
#include "nn/io/bytes.h"
#include "nn/io/file.h"
#include "nn/io/limits.h"
#include "nn/io/zip.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// ---- the header of an array: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::uint64_t at, const Bytes& source)
      : text_(text), begin_(at), source_(source) {}

  Header parse() {
    Header header;
    std::set<std::string> seen;
    expect("{");
    while (!accept("}")) {
      const std::string key = quoted();
      if (!seen.insert(key).second) fault("the key '", one_line(key), "' comes twice");
      expect(":");
      if (key == "descr") header.descr = quoted();
      else if (key == "fortran_order") header.fortran_order = boolean();
      else if (key == "shape") header.shape = shape();
      else fault("expected the keys descr, fortran_order and shape, got '", one_line(key), "'");
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    if (seen.size() != 3) fault("expected the keys descr, fortran_order and shape, got ", seen.size(), " of them");
    skip_space();
    if (at_ != text_.size()) fault("something follows the header's dict");
    return header;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fault(const Parts&... parts) const {
    source_.fault(begin_ + at_, parts...);
  }
  void skip_space() {
    while (at_ < text_.size() && " \t\n\r"sv.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool accept(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fault("expected ", token, " in the header");
  }
  std::string quoted() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fault("expected a quoted word (structured types are not supported)");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fault("a quote is not closed");
    const std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool boolean() {
    if (accept("True")) return true;
    if (accept("False")) return false;
    fault("expected True or False");
  }
  Shape shape() {
    Shape shape;
    expect("(");
    while (!accept(")")) {
      skip_space();
      std::int64_t extent = 0;
      const char *const from = text_.data() + at_, *const end = text_.data() + text_.size();
      const auto [stop, error] = std::from_chars(from, end, extent);
      if (error != std::errc() || extent < 0) fault("expected an extent");
      if (shape.size() == kMaxAxes) fault("more axes than the ", kMaxAxes, " that are supported");
      shape.push_back(extent);
      at_ += static_cast<std::size_t>(stop - from);
      accept("L");  // Python 2 wrote 3L
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  std::uint64_t begin_;
  const Bytes& source_;
  std::size_t at_ = 0;
};

// ---- elements

float from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const auto fraction = static_cast<float>(bits & 1023);
  const float size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<float>::infinity()
                                                      : std::numeric_limits<float>::quiet_NaN())
                     : exponent == 0 ? std::ldexp(fraction, -24)
                                     : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 != 0 ? -size : size;
}
struct Half {
  std::uint16_t bits;
};

template <class Raw>
Raw swapped(Raw x) {
  auto bytes = std::bit_cast<std::array<char, sizeof(Raw)>>(x);
  std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Raw>(bytes);
}

template <class T, class Raw>
T element(Raw x) {
  if constexpr (std::same_as<Raw, Half>) return from_half(x.bits);
  else return static_cast<T>(x);
}

template <Element T, class Raw>
Tensor elements(Bytes& source, const Shape& shape, bool big_endian, UnpackBudget& budget) {
  const std::optional<std::uint64_t> bytes = bytes_of(shape, sizeof(Raw));
  if (!bytes) source.fault(source.at(), "shape ", shape, " has more elements than can be counted");
  if (*bytes != source.left())
    source.fault(source.at(), "shape ", shape, " takes ", *bytes, " bytes, but ", source.left(), " follow");
  const std::uint64_t count = *bytes / sizeof(Raw);
  budget.take(count * sizeof(T));
  const char* from = source.take(*bytes, "the array").data();
  Tensor x = in_context(source.name(), [&] { return Tensor(shape, dtype_of<T>); });
  T* const to = x.mutable_data<T>();
  for (std::uint64_t i = 0; i < count; ++i) {
    Raw raw;
    std::memcpy(&raw, from + i * sizeof(Raw), sizeof(Raw));
    if (big_endian) raw = swapped(raw);
    if constexpr (std::same_as<Raw, std::uint64_t>)
      if (raw > static_cast<std::uint64_t>(INT64_MAX))
        source.fault(source.at(), "element ", i, " is ", raw, ", more than an i64 holds");
    to[i] = element<T>(raw);
  }
  return x;
}

Tensor elements_of(Bytes& source, const Header& header, const Shape& shape, UnpackBudget& budget) {
  const std::string& descr = header.descr;
  const std::string type = descr.size() == 3 ? descr.substr(1) : "";
  const bool big = descr.starts_with('>');
  const bool order_known = !descr.empty() && "<>|="sv.find(descr[0]) != std::string_view::npos;
  if (order_known) {
    if (type == "f4") return elements<float, float>(source, shape, big, budget);
    if (type == "f8") return elements<double, double>(source, shape, big, budget);
    if (type == "f2") return elements<float, Half>(source, shape, big, budget);
    if (type == "i1") return elements<std::int64_t, std::int8_t>(source, shape, big, budget);
    if (type == "i2") return elements<std::int64_t, std::int16_t>(source, shape, big, budget);
    if (type == "i4") return elements<std::int64_t, std::int32_t>(source, shape, big, budget);
    if (type == "i8") return elements<std::int64_t, std::int64_t>(source, shape, big, budget);
    if (type == "u1" || type == "b1") return elements<std::uint8_t, std::uint8_t>(source, shape, big, budget);
    if (type == "u2") return elements<std::int64_t, std::uint16_t>(source, shape, big, budget);
    if (type == "u4") return elements<std::int64_t, std::uint32_t>(source, shape, big, budget);
    if (type == "u8") return elements<std::int64_t, std::uint64_t>(source, shape, big, budget);
  }
  source.fault(source.at(), "elements of type '", one_line(descr),
               "' are not supported; f2, f4, f8, i1 to i8, u1 to u8 and b1 are");
}

std::string header_of(const Tensor& x) {
  constexpr std::array<std::string_view, 4> types{"<f4", "<f8", "<i8", "|u1"};
  std::string extents;
  for (const std::int64_t extent : x.shape()) extents += std::to_string(extent) + ", ";
  if (x.dim() > 1) extents.resize(extents.size() - 2);
  else if (x.dim() == 1) extents.resize(extents.size() - 1);  // (3,)
  std::string text = join("{'descr': '", types[static_cast<std::size_t>(x.dtype())],
                          "', 'fortran_order': False, 'shape': (", extents, "), }");
  // The array begins at a multiple of 64.
  const std::size_t before = 10;
  text.resize((before + text.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  text += '\n';
  std::string header = "\x93NUMPY\x01"s + '\0';
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

std::string npy_bytes(const Tensor& x) {
  std::string bytes = header_of(x);
  const Tensor packed = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() {
    if (x.numel() > 0)
      bytes.append(reinterpret_cast<const char*>(packed.data<T>()), static_cast<std::size_t>(x.numel()) * sizeof(T));
  });
  return bytes;
}

Tensor array_in(std::string_view bytes, std::string_view name, UnpackBudget& budget) {
  Bytes source(bytes, name);
  if (source.take(6, "NumPy's magic") != "\x93NUMPY"sv) source.fault(0, "expected NumPy's magic, \\x93NUMPY");
  const auto version = source.number<std::uint8_t>("the version");
  source.take(1, "the version");
  if (version < 1 || version > 3) source.fault(6, "version ", int{version}, " is not known; 1 to 3 are");
  const std::uint64_t length = version == 1 ? source.number<std::uint16_t>("the header's length")
                                            : source.number<std::uint32_t>("the header's length");
  const std::uint64_t at = source.at();
  Header header = HeaderParser(source.take(length, "the header"), at, source).parse();
  if (!header.fortran_order) return elements_of(source, header, header.shape, budget);
  // Column-major is row-major with the axes in reverse order.
  Shape turned;
  Axes axes;
  for (int axis = header.shape.size() - 1; axis >= 0; --axis) {
    turned.push_back(header.shape[axis]);
    axes.push_back(axis);
  }
  const Tensor x = elements_of(source, header, turned, budget);
  return x.dim() < 2 ? x : contiguous(permute(x, axes));
}

}  // namespace

Tensor parse_npy(std::string_view bytes, std::string_view name) {
  return within_memory(name, bytes.size(), [&] {
    UnpackBudget budget(name, bytes.size());
    return array_in(bytes, name, budget);
  });
}

Tensor load_npy(const std::filesystem::path& path) { return parse_npy(read_file(path), path.string()); }

void save_npy(const std::filesystem::path& path, const Tensor& x) {
  within_memory(path.string(), static_cast<std::uint64_t>(x.numel()) * size_of(x.dtype()), [&] {
    NewFile file(path);
    file.write(npy_bytes(x));
    file.commit();
  });
}

StateDict parse_npz(std::string_view bytes, std::string_view name) {
  return within_memory(name, bytes.size(), [&] {
    const ZipReader zip(bytes, name);
    UnpackBudget budget(name, bytes.size());
    StateDict arrays;
    for (const ZipEntry& entry : zip.entries()) {
      if (!entry.name.ends_with(".npy")) zip.fault(entry, " is not a .npy array");
      arrays.emplace_back(entry.name.substr(0, entry.name.size() - 4),
                          array_in(zip.read(entry), join(name, ": ", one_line(entry.name)), budget));
    }
    return arrays;
  });
}

StateDict load_npz(const std::filesystem::path& path) { return parse_npz(read_file(path), path.string()); }

void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options) {
  std::uint64_t bytes = 0;
  for (const auto& [name, x] : arrays) bytes += static_cast<std::uint64_t>(x.numel()) * size_of(x.dtype());
  within_memory(path.string(), bytes, [&] {
    ZipWriter zip(path);
    for (const auto& [name, x] : arrays) {
      check(!name.empty(), path.string(), "an array needs a name");
      zip.add(name + ".npy", npy_bytes(x), options.compressed);
    }
    zip.commit();
  });
}

}  // namespace hourglass::nn
