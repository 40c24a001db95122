// SPDX-License-Identifier: MIT
#include "nn/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "nn/context.h"
#include "nn/io/elements.h"
#include "nn/io/file.h"
#include "nn/io/limits.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

using Json = nlohmann::ordered_json;
static_assert(std::endian::native == std::endian::little, "the format is little-endian, and so is this code");

constexpr std::string_view kMetadata = "__metadata__";
// The format's limit for the length of the header.
constexpr std::uint64_t kMaxHeader = 100'000'000;

// Elements are converted in parts of this number.
constexpr std::int64_t kPart = 1 << 15;

struct Entry {
  std::string name;
  const FileType* type = nullptr;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

// Takes the header from the JSON parser piece by piece. The first piece that does not belong there is an error, so the
// header's depth costs nothing, and its names cost time and memory in proportion to their length.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(std::uint64_t data_bytes) : data_bytes_(data_bytes) {}
  std::vector<Entry> entries;
  Metadata metadata;

  bool start_object(std::size_t) override {
    if (depth_ > 1) refuse("an object");
    if (++depth_ == 2) {
      shape_ = offsets_ = std::nullopt;
      dtype_ = std::nullopt;
    }
    return true;
  }
  bool key(std::string& key) override {
    if (depth_ == 1) {
      name_ = key;
      if (!names_.insert(key).second) fail("header", "the key \"", one_line(key), "\" comes twice");
      return true;
    }
    member_ = key;
    const bool twice = in_metadata()               ? metadata.contains(key)
                       : member_ == "dtype"        ? dtype_.has_value()
                       : member_ == "shape"        ? shape_.has_value()
                       : member_ == "data_offsets" ? offsets_.has_value()
                                                   : refuse_members();
    if (twice) fail(where("header"), "the key \"", one_line(key), "\" comes twice");
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && !in_metadata()) add_entry();
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 2 && !in_metadata() && member_ != "dtype" && list_ == nullptr)
      list_ = &(member_ == "shape" ? shape_ : offsets_).emplace();
    else refuse("a list");
    return true;
  }
  bool end_array() override {
    list_ = nullptr;
    return true;
  }
  bool number_unsigned(std::uint64_t number) override {
    if (list_ == nullptr || number > static_cast<std::uint64_t>(INT64_MAX)) refuse(number);
    if (list_->size() == kMaxAxes)
      fail(where(member_), "has more than ", kMaxAxes, " numbers, and at most ", kMaxAxes, " axes are supported");
    list_->push_back(static_cast<std::int64_t>(number));
    return true;
  }
  bool string(std::string& text) override {
    if (depth_ == 2 && in_metadata()) metadata[member_] = text;
    else if (depth_ == 2 && member_ == "dtype") dtype_ = text;
    else refuse(join('"', one_line(text), '"'));
    return true;
  }
  bool number_integer(std::int64_t number) override { refuse(number); }
  bool number_float(double, const std::string& text) override { refuse(one_line(text)); }
  bool boolean(bool value) override { refuse(value ? "true" : "false"); }
  bool null() override { refuse("null"); }
  bool binary(Json::binary_t&) override { refuse("bytes"); }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    fail("header", "not JSON: ", one_line(error.what(), 200));
  }

 private:
  bool in_metadata() const { return name_ == kMetadata; }
  std::string where(std::string_view part) const { return join(one_line(name_), ": ", part); }
  bool refuse_members() const { fail(where("header"), "must have dtype, shape and data_offsets, and nothing else"); }

  // The value that comes now does not belong here.
  template <class Value>
  [[noreturn]] void refuse(const Value& value) const {
    if (depth_ == 1) fail(where("header"), "must be an object, got ", value);
    if (in_metadata()) fail(where("header"), one_line(member_), " must be a string, got ", value);
    const char* const expected = member_ == "dtype"   ? "a string"
                                 : member_ == "shape" ? "a list of counts"
                                                      : "two counts";
    fail(where(member_), "must be ", expected, ", got ", value);
  }

  void add_entry() {
    if (!dtype_ || !shape_ || !offsets_) refuse_members();
    Entry entry{.name = name_, .shape = *shape_};
    entry.type = find_type(&FileType::safetensors, *dtype_);
    if (entry.type == nullptr)
      fail(where("dtype"), "'", one_line(*dtype_), "' is not supported; ", all_types(&FileType::safetensors), " are");
    const Axes& offsets = *offsets_;
    if (offsets.size() != 2) fail(where("data_offsets"), "must be two counts, got ", offsets);
    entry.begin = static_cast<std::uint64_t>(offsets[0]);
    entry.end = static_cast<std::uint64_t>(offsets[1]);
    if (entry.begin > entry.end || entry.end > data_bytes_)
      fail(where("data_offsets"), offsets, " are not within the ", data_bytes_, " bytes of data");
    const auto needed = bytes_of(entry.shape, entry.type->size);
    if (!needed) fail(where("shape"), entry.shape, " has more elements than can be counted");
    if (entry.end - entry.begin != *needed)
      fail(where("data_offsets"), entry.type->dtype, entry.shape, " takes ", *needed, " bytes, but ", offsets, " are ",
           entry.end - entry.begin);
    entries.push_back(std::move(entry));
  }

  std::uint64_t data_bytes_;
  int depth_ = 0;  // 1 within the header's object, 2 within an entry's
  std::unordered_set<std::string> names_;
  std::string name_, member_;  // the last keys of depths 1 and 2
  std::optional<std::string> dtype_;
  std::optional<Axes> shape_, offsets_;
  Axes* list_ = nullptr;  // the list that is being read
};

// Each byte of the data must belong to exactly one tensor: tensors must not overlap, and a file
// must not hide bytes between them.
void check_no_gaps(const std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::vector<const Entry*> in_order;
  for (const Entry& entry : entries) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(),
            [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
  std::uint64_t at = 0;
  for (const Entry* entry : in_order) {
    if (entry->begin != at)
      fail(join(one_line(entry->name)), "its data begin at ", entry->begin, ", but those before it end at ", at,
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

Safetensors load(Reader& file, const LoadDtypes& dtypes) {
  std::uint64_t header_bytes = 0;
  check(file.size() >= 8, "file", file.size(), " bytes are too few for a header's length");
  file.read(&header_bytes, 8);
  check(header_bytes <= kMaxHeader, "header", header_bytes, " bytes are more than the ", kMaxHeader, " allowed");
  check(header_bytes <= file.size() - 8, "header", "should have ", header_bytes, " bytes, but the file has only ",
        file.size() - 8, " more");
  std::string text(header_bytes, ' ');
  file.read(text.data(), header_bytes);
  check(text.starts_with('{'), "header", "must begin with {");
  const std::uint64_t data_begin = 8 + header_bytes, data_bytes = file.size() - data_begin;
  HeaderReader header(data_bytes);
  Json::sax_parse(text, &header);
  check_no_gaps(header.entries, data_bytes);

  Safetensors result{.tensors = {}, .metadata = std::move(header.metadata)};
  std::vector<char> part;
  for (const Entry& entry : header.entries) {
    const FileType& type = *entry.type;
    Tensor x(entry.shape, type.loaded_as(dtypes));
    file.seek(data_begin + entry.begin);
    in_context(join(one_line(entry.name)), [&] {
      for (std::int64_t first = 0; first < x.numel(); first += kPart) {
        const std::int64_t count = std::min(kPart, x.numel() - first);
        part.resize(static_cast<std::size_t>(count) * type.size);
        file.read(part.data(), part.size());
        type.read(part.data(), false, x, first, count);
      }
    });
    result.tensors.emplace_back(entry.name, std::move(x));
  }
  return result;
}

// The JSON text in front of the data. It is written tensor by tensor: an object of the JSON library that keeps the order
// of its keys searches all of them for each new one.
std::string json_header(const std::filesystem::path& path, const StateDict& tensors, const Metadata& metadata,
                        const std::vector<const FileType*>& types, const std::vector<std::uint64_t>& begin) {
  std::string text = "{";
  const auto add = [&](std::string_view name, const Json& value) {
    if (text.size() > 1) text += ',';
    text += Json(name).dump() + ':' + value.dump();
  };
  std::unordered_set<std::string_view> names{kMetadata};
  try {
    if (!metadata.empty()) add(kMetadata, metadata);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto& [name, x] = tensors[i];
      if (!names.insert(name).second) fail(path.string(), "the name '", one_line(name), "' is taken");
      const std::uint64_t bytes = static_cast<std::uint64_t>(x.numel()) * types[i]->size;
      add(name, {{"dtype", types[i]->safetensors},
                 {"shape", std::vector<std::int64_t>(x.shape().begin(), x.shape().end())},
                 {"data_offsets", {begin[i], begin[i] + bytes}}});
    }
  } catch (const Json::exception& error) {
    fail(path.string(), "names and metadata must be UTF-8: ", one_line(error.what(), 200));
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  check(text.size() <= kMaxHeader, path.string(), "the names need ", text.size(), " bytes, more than the ", kMaxHeader,
        " allowed");
  return text;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const StateDict& tensors, const Metadata& metadata,
                      SaveDtypes dtypes) {
  std::vector<const FileType*> types;
  for (const auto& [name, x] : tensors)
    types.push_back(&saved_as("save_safetensors", &FileType::safetensors, x.dtype(), dtypes));
  // Tensors with larger elements come first, so every tensor starts at a multiple of its element's
  // size. This helps readers that map the file into memory. The header keeps the order of the
  // names.
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return types[a]->size > types[b]->size; });
  std::vector<std::uint64_t> begin(tensors.size());
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    begin[i] = end;
    end += static_cast<std::uint64_t>(tensors[i].second.numel()) * types[i]->size;
  }

  in_context("save_safetensors", [&] {
    within_memory(path.string(), end, [&] {
      const std::string text = json_header(path, tensors, metadata, types, begin);
      NewFile file(path);
      const std::uint64_t header_bytes = text.size();
      file.write(&header_bytes, 8);
      file.write(text);
      std::vector<char> part;
      for (const std::size_t i : order) {
        const Tensor x = contiguous(tensors[i].second);
        for (std::int64_t first = 0; first < x.numel(); first += kPart) {
          const std::int64_t count = std::min(kPart, x.numel() - first);
          part.resize(static_cast<std::size_t>(count) * types[i]->size);
          in_context(join(path.string(), ": ", one_line(tensors[i].first)),
                     [&] { types[i]->write(x, first, count, part.data()); });
          file.write(part.data(), part.size());
        }
      }
      file.commit();
    });
  });
}

Safetensors load_safetensors(const std::filesystem::path& path, LoadDtypes dtypes) {
  return in_context("load_safetensors", [&] {
    return in_context(path.string(), [&] {
      Reader file(path);
      return within_memory("file", file.size(), [&] { return load(file, dtypes); });
    });
  });
}

}  // namespace hourglass::nn
