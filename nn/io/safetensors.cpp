#include "nn/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>
#include <set>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "nn/context.h"
#include "nn/io/file.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

using Json = nlohmann::ordered_json;
static_assert(std::endian::native == std::endian::little, "the format is little-endian, and so is this code");

constexpr std::string_view kMetadata = "__metadata__";
// The format's limit for the length of the header.
constexpr std::uint64_t kMaxHeader = 100'000'000;

constexpr std::string_view name_of(Dtype dtype) {
  constexpr std::array<std::string_view, 4> names{"F32", "F64", "I64", "U8"};
  return names[static_cast<std::size_t>(dtype)];
}

Dtype dtype_named(const std::string& name) {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::i64, Dtype::u8})
    if (name == name_of(dtype)) return dtype;
  check(name == "BOOL", "dtype", "'", name, "' is not supported; F32, F64, I64, U8 and BOOL are");
  return Dtype::u8;
}

// Parses the header. JSON allows a key to come twice and does not say which value counts; here this
// is an error.
Json parse(const std::string& text) {
  std::vector<std::set<std::string>> open_objects;
  const auto no_key_twice = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key)
      check(open_objects.back().insert(parsed.get<std::string>()).second, "header", "the key ", parsed.dump(),
            " comes twice");
    return true;
  };
  try {
    return Json::parse(text, no_key_twice);
  } catch (const Json::exception& error) {
    fail("header", "not JSON: ", error.what());
  }
}

struct Entry {
  std::string name;
  Dtype dtype;
  Shape shape;
  std::uint64_t begin, end;
};

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  check(found != object.end(), "header", "has no ", key);
  return *found;
}

// The number of bytes of a tensor of `shape`; overflow is an error. Extents of 0 count as 1 in this
// check, because the strides of an empty tensor must not overflow either.
std::uint64_t bytes_of(const Shape& shape, Dtype dtype) {
  bool nothing = false;
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype));
  for (const std::int64_t extent : shape) {
    nothing |= extent == 0;
    check(!__builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes), "shape", shape,
          " has more elements than can be counted");
  }
  return nothing ? 0 : static_cast<std::uint64_t>(bytes);
}

Entry entry_of(const std::string& name, const Json& info, std::uint64_t data_bytes) {
  check(info.is_object(), "header", "must be an object, got ", info.type_name());
  check(info.size() == 3, "header", "must have dtype, shape and data_offsets, and nothing else");
  const Json &dtype = member(info, "dtype"), &shape = member(info, "shape"), &offsets = member(info, "data_offsets");
  const auto is_count = [](const Json& x) { return x.is_number_unsigned() && x.get<std::uint64_t>() <= INT64_MAX; };
  const auto are_counts = [&](const Json& xs) { return xs.is_array() && std::all_of(xs.begin(), xs.end(), is_count); };
  check(dtype.is_string(), "dtype", "must be a string");
  check(are_counts(shape), "shape", "must be a list of counts, got ", shape.dump());
  check(shape.size() <= kMaxAxes, "shape", shape.size(), " axes, but at most ", kMaxAxes, " are supported");
  check(are_counts(offsets) && offsets.size() == 2, "data_offsets", "must be two counts, got ", offsets.dump());

  Entry entry{name,
              dtype_named(dtype.get<std::string>()),
              {},
              offsets[0].get<std::uint64_t>(),
              offsets[1].get<std::uint64_t>()};
  for (const Json& extent : shape) entry.shape.push_back(extent.get<std::int64_t>());
  check(entry.begin <= entry.end && entry.end <= data_bytes, "data_offsets", offsets.dump(), " are not within the ",
        data_bytes, " bytes of data");
  const std::uint64_t needed = bytes_of(entry.shape, entry.dtype);
  check(entry.end - entry.begin == needed, "data_offsets", entry.dtype, entry.shape, " takes ", needed, " bytes, but ",
        offsets.dump(), " are ", entry.end - entry.begin);
  return entry;
}

// Each byte of the data must belong to exactly one tensor: tensors must not overlap, and a file
// must not hide bytes between them.
void check_no_gaps(const std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::vector<const Entry*> in_order;
  for (const Entry& entry : entries) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(),
            [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
  std::uint64_t at = 0;
  for (const Entry* entry : in_order) {
    check(entry->begin == at, entry->name, "its data begin at ", entry->begin, ", but those before it end at ", at,
          entry->begin < at ? ": they overlap" : ": there is a gap");
    at = entry->end;
  }
  check(at == data_bytes, "data", "the tensors end at ", at, ", the file at ", data_bytes);
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : in_(path, std::ios::binary) {
    std::error_code error;
    size_ = std::filesystem::file_size(path, error);
    check(!error && in_.good(), "file", "cannot open it: ", error ? error.message() : std::strerror(errno));
  }
  std::uint64_t size() const { return size_; }
  void read(void* to, std::uint64_t bytes) {
    in_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
    check(in_.good() || bytes == 0, "file", "cannot read ", bytes, " bytes");
  }
  void seek(std::uint64_t at) { in_.seekg(static_cast<std::streamoff>(at)); }

 private:
  std::ifstream in_;
  std::uint64_t size_ = 0;
};

Safetensors load(const std::filesystem::path& path) {
  Reader file(path);
  std::uint64_t header_bytes = 0;
  check(file.size() >= 8, "file", file.size(), " bytes are too few for a header's length");
  file.read(&header_bytes, 8);
  check(header_bytes <= kMaxHeader, "header", header_bytes, " bytes are more than the ", kMaxHeader, " allowed");
  check(header_bytes <= file.size() - 8, "header", "should have ", header_bytes, " bytes, but the file has only ",
        file.size() - 8, " more");
  std::string text(header_bytes, ' ');
  file.read(text.data(), header_bytes);
  check(text.starts_with('{'), "header", "must begin with {");
  const Json header = parse(text);

  const std::uint64_t data_begin = 8 + header_bytes, data_bytes = file.size() - data_begin;
  Safetensors result;
  std::vector<Entry> entries;
  for (const auto& [name, info] : header.items()) {
    in_context(name, [&, &name = name, &info = info] {
      if (name != kMetadata) {
        entries.push_back(entry_of(name, info, data_bytes));
        return;
      }
      check(info.is_object(), "header", "must be an object, got ", info.type_name());
      for (const auto& [key, value] : info.items()) {
        check(value.is_string(), "header", key, " must be a string, got ", value.type_name());
        result.metadata[key] = value.template get<std::string>();
      }
    });
  }
  check_no_gaps(entries, data_bytes);
  for (const Entry& entry : entries) {
    Tensor x(entry.shape, entry.dtype);
    file.seek(data_begin + entry.begin);
    dispatch(entry.dtype, [&]<class T>() { file.read(x.mutable_data<T>(), entry.end - entry.begin); });
    result.tensors.emplace_back(entry.name, std::move(x));
  }
  return result;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const StateDict& tensors, const Metadata& metadata) {
  // Tensors with larger elements come first, so every tensor starts at a multiple of its element's
  // size. This helps readers that map the file into memory. The header keeps the order of the
  // names.
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto element = [&](std::size_t i) { return size_of(tensors[i].second.dtype()); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return element(a) > element(b); });
  std::vector<std::uint64_t> begin(tensors.size());
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    begin[i] = end;
    end += static_cast<std::uint64_t>(tensors[i].second.numel()) * element(i);
  }

  Json header = Json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  std::set<std::string> names{std::string(kMetadata)};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, x] = tensors[i];
    check(names.insert(name).second, "save_safetensors", path.string(), ": the name '", name, "' is taken");
    const std::uint64_t bytes = static_cast<std::uint64_t>(x.numel()) * element(i);
    header[name] = {{"dtype", name_of(x.dtype())},
                    {"shape", std::vector<std::int64_t>(x.shape().begin(), x.shape().end())},
                    {"data_offsets", {begin[i], begin[i] + bytes}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    fail("save_safetensors", path.string(), ": names and metadata must be UTF-8: ", error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');

  in_context("save_safetensors", [&] {
    NewFile file(path);
    const std::uint64_t header_bytes = text.size();
    file.write(&header_bytes, 8);
    file.write(text);
    for (const std::size_t i : order) {
      const Tensor x = contiguous(tensors[i].second);
      dispatch(x.dtype(), [&]<class T>() { file.write(x.data<T>(), static_cast<std::size_t>(x.numel()) * sizeof(T)); });
    }
    file.commit();
  });
}

Safetensors load_safetensors(const std::filesystem::path& path) {
  return in_context("load_safetensors", [&] { return in_context(path.string(), [&] { return load(path); }); });
}

}  // namespace hourglass::nn
