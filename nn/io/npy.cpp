// SPDX-License-Identifier: MIT
#include "nn/io/npy.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nn/context.h"
#include "nn/io/bytes.h"
#include "nn/io/elements.h"
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

Tensor elements_of(Bytes& source, const Header& header, const Shape& shape, UnpackBudget& budget,
                   const LoadDtypes& dtypes) {
  const std::string& descr = header.descr;
  const bool order_known = !descr.empty() && "<>|="sv.find(descr[0]) != std::string_view::npos;
  const FileType* const type = order_known ? find_type(&FileType::numpy, std::string_view(descr).substr(1)) : nullptr;
  if (type == nullptr)
    source.fault(source.at(), "elements of type '", one_line(descr), "' are not supported; ",
                 all_types(&FileType::numpy), " are");
  const std::optional<std::uint64_t> bytes = bytes_of(shape, type->size);
  if (!bytes) source.fault(source.at(), "shape ", shape, " has more elements than can be counted");
  if (*bytes != source.left())
    source.fault(source.at(), "shape ", shape, " takes ", *bytes, " bytes, but ", source.left(), " follow");
  return in_context(source.name(), [&] {
    const Dtype dtype = type->loaded_as(dtypes);
    budget.take(*bytes / type->size * size_of(dtype));
    Tensor x(shape, dtype);
    type->read(source.take(*bytes, "the array").data(), descr.starts_with('>'), x, 0, x.numel());
    return x;
  });
}

std::string header_of(const Shape& shape, const FileType& type) {
  std::string extents;
  for (const std::int64_t extent : shape) extents += std::to_string(extent) + ", ";
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  else if (shape.size() == 1) extents.resize(extents.size() - 1);  // (3,)
  std::string text = join("{'descr': '", type.size == 1 ? "|" : "<", type.numpy,
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

std::string npy_bytes(const Tensor& x, const FileType& type) {
  std::string bytes = header_of(x.shape(), type);
  const std::size_t begin = bytes.size();
  bytes.resize(begin + static_cast<std::size_t>(x.numel()) * type.size);
  type.write(contiguous(x), 0, x.numel(), bytes.data() + begin);
  return bytes;
}

Tensor array_in(std::string_view bytes, std::string_view name, UnpackBudget& budget, const LoadDtypes& dtypes) {
  Bytes source(bytes, name);
  if (source.take(6, "NumPy's magic") != "\x93NUMPY"sv) source.fault(0, "expected NumPy's magic, \\x93NUMPY");
  const auto version = source.number<std::uint8_t>("the version");
  source.take(1, "the version");
  if (version < 1 || version > 3) source.fault(6, "version ", int{version}, " is not known; 1 to 3 are");
  const std::uint64_t length = version == 1 ? source.number<std::uint16_t>("the header's length")
                                            : source.number<std::uint32_t>("the header's length");
  const std::uint64_t at = source.at();
  Header header = HeaderParser(source.take(length, "the header"), at, source).parse();
  if (!header.fortran_order) return elements_of(source, header, header.shape, budget, dtypes);
  // Column-major is row-major with the axes in reverse order.
  Shape turned;
  Axes axes;
  for (int axis = header.shape.size() - 1; axis >= 0; --axis) {
    turned.push_back(header.shape[axis]);
    axes.push_back(axis);
  }
  const Tensor x = elements_of(source, header, turned, budget, dtypes);
  return x.dim() < 2 ? x : contiguous(permute(x, axes));
}

}  // namespace

Tensor parse_npy(std::string_view bytes, std::string_view name, LoadDtypes dtypes) {
  return within_memory(name, bytes.size(), [&] {
    UnpackBudget budget(name, bytes.size());
    return array_in(bytes, name, budget, dtypes);
  });
}

Tensor load_npy(const std::filesystem::path& path, LoadDtypes dtypes) {
  return parse_npy(read_file(path), path.string(), dtypes);
}

void save_npy(const std::filesystem::path& path, const Tensor& x, SaveDtypes dtypes) {
  const FileType& type = saved_as(path.string(), &FileType::numpy, x.dtype(), dtypes);
  within_memory(path.string(), static_cast<std::uint64_t>(x.numel()) * type.size, [&] {
    const std::string bytes = in_context(path.string(), [&] { return npy_bytes(x, type); });
    NewFile file(path);
    file.write(bytes);
    file.commit();
  });
}

StateDict parse_npz(std::string_view bytes, std::string_view name, LoadDtypes dtypes) {
  return within_memory(name, bytes.size(), [&] {
    const ZipReader zip(bytes, name);
    UnpackBudget budget(name, bytes.size());
    StateDict arrays;
    for (const ZipEntry& entry : zip.entries()) {
      if (!entry.name.ends_with(".npy")) zip.fault(entry, " is not a .npy array");
      arrays.emplace_back(entry.name.substr(0, entry.name.size() - 4),
                          array_in(zip.read(entry), join(name, ": ", one_line(entry.name)), budget, dtypes));
    }
    return arrays;
  });
}

StateDict load_npz(const std::filesystem::path& path, LoadDtypes dtypes) {
  return parse_npz(read_file(path), path.string(), dtypes);
}

void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options) {
  std::uint64_t bytes = 0;
  for (const auto& [name, x] : arrays)
    bytes += static_cast<std::uint64_t>(x.numel()) *
             saved_as(path.string(), &FileType::numpy, x.dtype(), options.dtypes).size;
  within_memory(path.string(), bytes, [&] {
    ZipWriter zip(path);
    for (const auto& entry : arrays) {
      const auto& [name, x] = entry;
      check(!name.empty(), path.string(), "an array needs a name");
      const std::string array = in_context(join(path.string(), ": ", one_line(name)), [&] {
        return npy_bytes(entry.second, saved_as("save_npz", &FileType::numpy, entry.second.dtype(), options.dtypes));
      });
      zip.add(name + ".npy", array, options.compressed);
    }
    zip.commit();
  });
}

}  // namespace hourglass::nn
