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

#include <zlib.h>

#include "nn/context.h"
#include "nn/io/file.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
static_assert(std::endian::native == std::endian::little, "headers are little-endian, and so is this code");

// Bytes that are read from front to back.
class Bytes {
 public:
  Bytes(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::string_view take(std::uint64_t count, std::string_view what) {
    if (count > left())
      fault(bytes_.size(), "the file ends here, but ", what, " needs ", count - left(), " bytes more");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <class T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  void seek(std::uint64_t at, std::string_view what) {
    if (at > bytes_.size()) fault(bytes_.size(), "the file ends here, but ", what, " should be at byte ", at);
    at_ = at;
  }
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  std::string_view all() const { return bytes_; }

  template <class... Parts>
  [[noreturn]] void fault(std::uint64_t at, const Parts&... parts) const {
    fail(name_, "byte ", at, ": ", parts...);
  }

 private:
  std::string_view bytes_, name_;
  std::uint64_t at_ = 0;
};

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
      if (!seen.insert(key).second) fault("the key '", key, "' comes twice");
      expect(":");
      if (key == "descr") header.descr = quoted();
      else if (key == "fortran_order") header.fortran_order = boolean();
      else if (key == "shape") header.shape = shape();
      else fault("expected the keys descr, fortran_order and shape, got '", key, "'");
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    if (seen.size() != 3) fault("expected the keys descr, fortran_order and shape, got ", seen.size(), " of them");
    skip_space();
    if (at_ != text_.size()) fault("something stands behind the header's dict");
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
Tensor elements(Bytes& source, const Shape& shape, bool big_endian) {
  std::uint64_t bytes = sizeof(Raw);
  bool nothing = false, overflow = false;
  for (const std::int64_t extent : shape) {
    nothing |= extent == 0;
    overflow |= __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1)), &bytes);
  }
  if (overflow || bytes > static_cast<std::uint64_t>(INT64_MAX))
    source.fault(source.at(), "shape ", shape, " has more elements than can be counted");
  if (nothing) bytes = 0;
  if (bytes != source.left())
    source.fault(source.at(), "shape ", shape, " takes ", bytes, " bytes, but ", source.left(), " follow");
  const char* from = source.take(bytes, "the array").data();
  Tensor x(shape, dtype_of<T>);
  T* const to = x.mutable_data<T>();
  for (std::uint64_t i = 0; i < bytes / sizeof(Raw); ++i) {
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

Tensor elements_of(Bytes& source, const Header& header, const Shape& shape) {
  const std::string& descr = header.descr;
  const std::string type = descr.size() == 3 ? descr.substr(1) : "";
  const bool big = descr.starts_with('>');
  const bool order_known = !descr.empty() && "<>|="sv.find(descr[0]) != std::string_view::npos;
  if (order_known) {
    if (type == "f4") return elements<float, float>(source, shape, big);
    if (type == "f8") return elements<double, double>(source, shape, big);
    if (type == "f2") return elements<float, Half>(source, shape, big);
    if (type == "i1") return elements<std::int64_t, std::int8_t>(source, shape, big);
    if (type == "i2") return elements<std::int64_t, std::int16_t>(source, shape, big);
    if (type == "i4") return elements<std::int64_t, std::int32_t>(source, shape, big);
    if (type == "i8") return elements<std::int64_t, std::int64_t>(source, shape, big);
    if (type == "u1" || type == "b1") return elements<std::uint8_t, std::uint8_t>(source, shape, big);
    if (type == "u2") return elements<std::int64_t, std::uint16_t>(source, shape, big);
    if (type == "u4") return elements<std::int64_t, std::uint32_t>(source, shape, big);
    if (type == "u8") return elements<std::int64_t, std::uint64_t>(source, shape, big);
  }
  source.fault(source.at(), "elements of type '", descr,
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

// ---- zip archives (PKWARE's APPNOTE.TXT 6.3.10), with 64-bit sizes

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50, kIn64 = 0xffffffff;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, local = 0;
};

struct Directory {
  std::uint64_t entries, begin, bytes;
};

Directory find_directory(Bytes& zip) {
  // The end record is the last thing but a comment of up to 65535 bytes.
  const std::string_view all = zip.all();
  constexpr std::uint64_t kEndSize = 22;
  if (all.size() < kEndSize) zip.fault(all.size(), "the file is too short for a zip archive");
  std::uint64_t at = all.size() - kEndSize;
  const std::uint64_t lowest = at > 65535 ? at - 65535 : 0;
  while (all.substr(at, 4) != "PK\5\6"sv && at > lowest) --at;
  zip.seek(at, "the end record");
  if (zip.number<std::uint32_t>("the end record") != kEnd)
    zip.fault(all.size(), "this is no zip archive, or it is cut off");
  zip.take(4, "disk numbers");
  zip.number<std::uint16_t>("entries");
  Directory directory{zip.number<std::uint16_t>("entries"), 0, 0};
  directory.bytes = zip.number<std::uint32_t>("the directory's size");
  directory.begin = zip.number<std::uint32_t>("the directory's place");
  constexpr std::uint64_t kLocatorSize = 20;
  if (at >= kLocatorSize) {
    zip.seek(at - kLocatorSize, "the 64-bit locator");
    if (zip.number<std::uint32_t>("the 64-bit locator") == kLocator64) {
      zip.take(4, "disk numbers");
      zip.seek(zip.number<std::uint64_t>("the 64-bit end record's place"), "the 64-bit end record");
      const std::uint64_t end64 = zip.at();
      if (zip.number<std::uint32_t>("the 64-bit end record") != kEnd64)
        zip.fault(end64, "expected the 64-bit end record");
      zip.take(8 + 2 + 2 + 4 + 4 + 8, "the 64-bit end record");
      directory.entries = zip.number<std::uint64_t>("entries");
      directory.bytes = zip.number<std::uint64_t>("the directory's size");
      directory.begin = zip.number<std::uint64_t>("the directory's place");
    }
  }
  return directory;
}

ZipEntry read_entry(Bytes& zip) {
  const std::uint64_t at = zip.at();
  if (zip.number<std::uint32_t>("a directory entry") != kCentral)
    zip.fault(at, "expected an entry of the zip directory");
  ZipEntry entry;
  zip.take(4, "versions");
  const auto flags = zip.number<std::uint16_t>("flags");
  entry.method = zip.number<std::uint16_t>("the method");
  zip.take(4, "the time");
  entry.crc = zip.number<std::uint32_t>("the checksum");
  entry.packed = zip.number<std::uint32_t>("the packed size");
  entry.size = zip.number<std::uint32_t>("the size");
  const auto name = zip.number<std::uint16_t>("a length"), extra = zip.number<std::uint16_t>("a length"),
             comment = zip.number<std::uint16_t>("a length");
  zip.take(8, "attributes");
  entry.local = zip.number<std::uint32_t>("the place");
  entry.name = zip.take(name, "the name");
  if ((flags & 1) != 0) zip.fault(at, entry.name, " is encrypted");
  if (entry.method != 0 && entry.method != 8)
    zip.fault(at, entry.name, " is packed by method ", entry.method, "; 0 and 8 are supported");

  const std::uint64_t extra_end = zip.at() + extra;
  while (zip.at() + 4 <= extra_end) {
    const auto id = zip.number<std::uint16_t>("an extra field"), size = zip.number<std::uint16_t>("an extra field");
    const std::uint64_t next = zip.at() + size;
    if (next > extra_end) zip.fault(zip.at(), "an extra field is longer than all of them");
    if (id == 1)  // 64-bit numbers of those that say so
      for (std::uint64_t* field : {&entry.size, &entry.packed, &entry.local})
        if (*field == kIn64 && zip.at() + 8 <= next) *field = zip.number<std::uint64_t>("a 64-bit size");
    zip.seek(next, "the next extra field");
  }
  zip.seek(extra_end, "the comment");
  zip.take(comment, "the comment");
  return entry;
}

std::string unpack(Bytes& zip, const ZipEntry& entry) {
  zip.seek(entry.local, entry.name);
  const std::uint64_t at = zip.at();
  if (zip.number<std::uint32_t>("a local header") != kLocal) zip.fault(at, "expected the header of ", entry.name);
  zip.take(22, "a local header");
  const auto name = zip.number<std::uint16_t>("a length"), extra = zip.number<std::uint16_t>("a length");
  zip.take(std::uint64_t{name} + extra, "a local header");
  const std::uint64_t data = zip.at();
  const std::string_view packed = zip.take(entry.packed, entry.name);
  if (entry.method == 0) {
    if (entry.size != entry.packed) zip.fault(data, entry.name, " is stored as it is, but its sizes differ");
    return std::string(packed);
  }
  // deflate packs at most 1032 bytes into one: a damaged size must not claim all memory.
  if (entry.size / 1032 > entry.packed)
    zip.fault(data, entry.name, " cannot be ", entry.size, " bytes in ", entry.packed);
  std::string bytes(entry.size, '\0');
  z_stream stream{};
  check(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "npz", "zlib cannot start");
  int status = Z_OK;
  std::uint64_t in = 0, out = 0;
  char beyond = 0;
  while (status == Z_OK) {
    const auto part_in = static_cast<uInt>(std::min<std::uint64_t>(packed.size() - in, 1u << 30));
    const bool full = out == bytes.size();
    const auto part_out = full ? 1u : static_cast<uInt>(std::min<std::uint64_t>(bytes.size() - out, 1u << 30));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data())) + in;
    stream.avail_in = part_in;
    stream.next_out = reinterpret_cast<Bytef*>(full ? &beyond : bytes.data() + out);
    stream.avail_out = part_out;
    status = inflate(&stream, Z_NO_FLUSH);
    in += part_in - stream.avail_in;
    const std::uint64_t fresh = part_out - stream.avail_out;
    if (full && fresh > 0) status = Z_DATA_ERROR;
    else out += fresh;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || in != packed.size() || out != bytes.size())
    zip.fault(data + in, entry.name, " is damaged, or not as long as it should be");
  return bytes;
}

std::string pack(std::string_view bytes) {
  z_stream stream{};
  check(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "npz",
        "zlib cannot start");
  std::string packed;
  std::array<char, 1 << 16> buffer;
  std::uint64_t in = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const auto part = static_cast<uInt>(std::min<std::uint64_t>(bytes.size() - in, 1u << 30));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())) + in;
    stream.avail_in = part;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    status = deflate(&stream, in + part == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    in += part - stream.avail_in;
    packed.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

// Little-endian numbers one behind the other.
template <class... Numbers>
std::string record(Numbers... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return bytes;
}

// What the local header and the directory say alike. The time is the first that zip knows, so that equal arrays make
// equal files; 0x800 says that names are UTF-8.
std::string common_record(const ZipEntry& entry, std::uint16_t extra) {
  return record(std::uint16_t{45}, std::uint16_t{0x800}, entry.method, std::uint16_t{0}, std::uint16_t{0x21}, entry.crc,
                kIn64, kIn64, static_cast<std::uint16_t>(entry.name.size()), extra);
}

}  // namespace

Tensor parse_npy(std::string_view bytes, std::string_view name) {
  Bytes source(bytes, name);
  if (source.take(6, "NumPy's magic") != "\x93NUMPY"sv) source.fault(0, "expected NumPy's magic, \\x93NUMPY");
  const auto version = source.number<std::uint8_t>("the version");
  source.take(1, "the version");
  if (version < 1 || version > 3) source.fault(6, "version ", int{version}, " is not known; 1 to 3 are");
  const std::uint64_t length = version == 1 ? source.number<std::uint16_t>("the header's length")
                                            : source.number<std::uint32_t>("the header's length");
  const std::uint64_t at = source.at();
  Header header = HeaderParser(source.take(length, "the header"), at, source).parse();
  if (!header.fortran_order) return elements_of(source, header, header.shape);
  // Column-major is row-major with the axes turned around.
  Shape turned;
  Axes axes;
  for (int axis = header.shape.size() - 1; axis >= 0; --axis) {
    turned.push_back(header.shape[axis]);
    axes.push_back(axis);
  }
  const Tensor x = elements_of(source, header, turned);
  return x.dim() < 2 ? x : contiguous(permute(x, axes));
}

StateDict parse_npz(std::string_view bytes, std::string_view name) {
  Bytes zip(bytes, name);
  const Directory directory = find_directory(zip);
  if (directory.begin > bytes.size() || directory.bytes > bytes.size() - directory.begin)
    zip.fault(bytes.size(), "the file ends here, but its directory should lie at ", directory.begin, " and be ",
              directory.bytes, " bytes long");
  zip.seek(directory.begin, "the directory");
  std::vector<ZipEntry> entries;
  std::uint64_t packed = 0;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    entries.push_back(read_entry(zip));
    // Entries that share bytes could unpack to more than any memory holds.
    if (__builtin_add_overflow(packed, entries.back().packed, &packed) || packed > bytes.size())
      zip.fault(zip.at(), "the entries together are longer than the file");
  }
  StateDict arrays;
  std::set<std::string> names;
  for (const ZipEntry& entry : entries) {
    const std::string content = unpack(zip, entry);
    if (crc_of(content) != entry.crc) zip.fault(entry.local, entry.name, " is damaged: its checksum does not agree");
    const bool suffixed = entry.name.ends_with(".npy");
    const std::string array = suffixed ? entry.name.substr(0, entry.name.size() - 4) : entry.name;
    if (!suffixed || !names.insert(array).second)
      zip.fault(entry.local, entry.name, suffixed ? " comes twice" : " is not a .npy array");
    arrays.emplace_back(array, parse_npy(content, join(name, ": ", entry.name)));
  }
  return arrays;
}

Tensor load_npy(const std::filesystem::path& path) { return parse_npy(read_file(path), path.string()); }
StateDict load_npz(const std::filesystem::path& path) { return parse_npz(read_file(path), path.string()); }

void save_npy(const std::filesystem::path& path, const Tensor& x) {
  NewFile file(path);
  file.write(npy_bytes(x));
  file.commit();
}

void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options) {
  NewFile file(path);
  std::string directory;
  std::uint64_t at = 0;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    at += bytes.size();
  };
  std::set<std::string> names;
  for (const auto& [name, x] : arrays) {
    check(names.insert(name).second, "save_npz", path.string(), ": the name '", name, "' is taken");
    check(!name.empty() && name.size() < 60000, "save_npz", path.string(), ": an array needs a name");
    const std::string plain = npy_bytes(x), packed = options.compressed ? pack(plain) : "";
    const std::string& content = options.compressed ? packed : plain;
    const ZipEntry entry{.name = name + ".npy",
                         .method = static_cast<std::uint16_t>(options.compressed ? 8 : 0),
                         .crc = crc_of(plain),
                         .packed = content.size(),
                         .size = plain.size(),
                         .local = at};
    constexpr std::uint16_t kId = 1, kTwo = 16, kThree = 24;
    directory += record(kCentral, std::uint16_t{45}) + common_record(entry, kThree + 4) +
                 record(std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}, std::uint32_t{0}, kIn64) + entry.name +
                 record(kId, kThree, entry.size, entry.packed, entry.local);
    write(record(kLocal) + common_record(entry, kTwo + 4) + entry.name + record(kId, kTwo, entry.size, entry.packed));
    write(content);
  }
  const std::uint64_t begin = at, count = arrays.size(), bytes = directory.size();
  write(directory);
  const std::uint64_t end64 = at;
  write(record(kEnd64, std::uint64_t{44}, std::uint16_t{45}, std::uint16_t{45}, std::uint32_t{0}, std::uint32_t{0},
               count, count, bytes, begin));
  write(record(kLocator64, std::uint32_t{0}, end64, std::uint32_t{1}));
  write(record(kEnd, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0xffff}, std::uint16_t{0xffff}, kIn64, kIn64,
               std::uint16_t{0}));
  file.commit();
}

}  // namespace hourglass::nn
