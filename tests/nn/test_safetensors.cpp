// SPDX-License-Identifier: MIT
// The weight file format: what is written, what is read, and what is refused.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/npy.h"
#include "nn/recurrent.h"
#include "nn/safetensors.h"
#include "nn/sequential.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/paths.h"

using namespace hourglass;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

// A folder that is removed at the end of the test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("hourglass-safetensors-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
std::string file_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string little_endian(std::uint64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  return bytes;
}
std::string file_of(const std::string& header, const std::string& data) {
  return little_endian(header.size()) + header + data;
}

}  // namespace

TEST_CASE("the bytes of a weight file are those of the format") {
  const Folder folder;
  const fs::path path = folder.path() / "two.safetensors";
  nn::save_safetensors(path, {{"a", Tensor::from<std::uint8_t>({7, 9})}, {"b.c", Tensor::from<float>({1, -2}, {2, 1})}},
                       {{"format", "pt"}});
  // The floats come first in the data, where they are aligned, and second in the header, as they were given.
  std::string header = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2],"data_offsets":[8,10]},)"
                       R"("b.c":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(file_bytes(path) == file_of(header, "\x00\x00\x80\x3f\x00\x00\x00\xc0\x07\x09"s));
}

TEST_CASE("a file that is written byte by byte is read as intended") {
  const Folder folder;
  const fs::path path = folder.path() / "by_hand.safetensors";
  // Members in another order, spaces, padding, a bool, an empty tensor, a 0-d one and a name in UTF-8.
  write_file(path, file_of(R"({ "größe": {"shape": [], "data_offsets": [9, 17], "dtype": "I64"}, )"
                           R"("mask": {"dtype":"BOOL","shape":[1],"data_offsets":[8,9]}, )"
                           R"("none": {"dtype":"F32","shape":[0,4],"data_offsets":[8,8]}, )"
                           R"("x": {"dtype":"F64","shape":[1],"data_offsets":[0,8]}}   )",
                           "\x00\x00\x00\x00\x00\x00\xf8\x3f\x01\xfe\xff\xff\xff\xff\xff\xff\xff"s));
  const auto [tensors, metadata] = nn::load_safetensors(path);
  CHECK(metadata.empty());
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].first == "größe");
  CHECK(equal(tensors[0].second, scalar(-2, Dtype::i64)));
  CHECK(equal(tensors[1].second, ones({1}, Dtype::u8)));
  CHECK(tensors[2].second.shape() == Shape{0, 4});
  CHECK(equal(tensors[3].second, full({1}, 1.5, Dtype::f64)));

  write_file(path, file_of("{}", ""));
  CHECK(nn::load_safetensors(path).tensors.empty());
}

TEST_CASE("everything that is saved is loaded: names, order, dtypes, shapes, bits and metadata") {
  const Folder folder;
  const fs::path path = folder.path() / "all.safetensors";
  Rng rng(1);
  const StateDict state{{"bytes", to(rng.randint({7}, 0, 256), Dtype::u8)},
                        {"weight", rng.normal({3, 4})},
                        {"transposed", transpose(rng.normal({3, 4}, 0, 1, Dtype::f64), 0, 1)},
                        {"every other", slice(rng.normal({10}), 0, 0, 10, 2)},
                        {"step", scalar(INT64_MAX, Dtype::i64)},
                        {"empty", zeros({2, 0, 3})},
                        {"\"quoted\"\n", ones({1, 1, 1, 1, 1, 1, 1, 1})}};
  const nn::Metadata metadata{{"epoch", "5"}, {"note", "naïve \\ \"quotes\""}};
  nn::save_safetensors(path, state, metadata);
  const nn::Safetensors loaded = nn::load_safetensors(path);
  CHECK(loaded.metadata == metadata);
  REQUIRE(loaded.tensors.size() == state.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    CAPTURE(state[i].first);
    CHECK(loaded.tensors[i].first == state[i].first);
    CHECK(equal(loaded.tensors[i].second, state[i].second));
  }
  nn::save_safetensors(path, {});
  CHECK(nn::load_safetensors(path).tensors.empty());
}

TEST_CASE("a file is replaced as a whole, and a failed save leaves the old one and nothing else") {
  const Folder folder;
  const fs::path path = folder.path() / "weights.safetensors";
  nn::save_safetensors(path, {{"x", ones({2})}});
  nn::save_safetensors(path, {{"x", zeros({3})}});
  CHECK(folder.files() == 1);
  const std::string before = file_bytes(path);
  const auto starts_with = [](const std::string& text, const std::string& start) { return text.starts_with(start); };
  const std::string where = "save_safetensors: " + path.string() + ": ";
  CHECK(error_of([&] {
          nn::save_safetensors(path, {{"x", ones({2})}, {"x", ones({2})}});
        }) == where + "the name 'x' is taken");
  CHECK(error_of([&] {
          nn::save_safetensors(path, {{"__metadata__", ones({2})}});
        }) == where + "the name '__metadata__' is taken");
  CHECK(starts_with(error_of([&] {
                      nn::save_safetensors(path, {{"\xff", ones({2})}});
                    }),
                    where + "names and metadata must be UTF-8: "));
  CHECK(starts_with(error_of([&] {
                      nn::save_safetensors(folder.path() / "no" / "where", {{"x", ones({2})}});
                    }),
                    "save_safetensors: " + (folder.path() / "no" / "where").string() + ": cannot be created: "));
  fs::create_directory(folder.path() / "taken");
  CHECK(starts_with(error_of([&] {
                      nn::save_safetensors(folder.path() / "taken", {{"x", ones({2})}});
                    }),
                    "save_safetensors: " + (folder.path() / "taken").string() + ": is a folder, not a file"));
  CHECK(file_bytes(path) == before);
  CHECK(folder.files() == 2);
}

TEST_CASE("a file that does not follow the format is refused, with a reason") {
  const Folder folder;
  const fs::path path = folder.path() / "hostile.safetensors";
  const auto header_of = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"w": {"dtype": ")" + dtype + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}}";
  };
  const std::string data(8, '\0'), good = header_of("F32", "[2]", "[0, 8]");
  const std::string kTypes = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL are";
  const std::string kDeep = std::string(100000, '[') + std::string(100000, ']');
  struct Row {
    std::string bytes, error;
  };
  const std::vector<Row> rows{
      // the file as a whole
      {"", "file: 0 bytes are too few for a header's length"},
      {"1234567", "file: 7 bytes are too few for a header's length"},
      {little_endian(100) + good + data, "header: should have 100 bytes, but the file has only 69 more"},
      {little_endian(UINT64_MAX) + good, "header: 18446744073709551615 bytes are more than the 100000000 allowed"},
      {little_endian(100000001) + good, "header: 100000001 bytes are more than the 100000000 allowed"},
      {file_of("", data), "header: must begin with {"},
      {file_of(" " + good, data), "header: must begin with {"},
      {file_of("[1]", ""), "header: must begin with {"},
      {file_of(good, data.substr(1)), "w: data_offsets: [0, 8] are not within the 7 bytes of data"},
      {file_of(good, data + "x"), "data: the tensors end at 8, the file at 9"},
      {file_of("{}", data), "data: the tensors end at 0, the file at 8"},
      // JSON
      {file_of("{", ""), "header: not JSON: "},
      {file_of(good + "x", data), "header: not JSON: "},
      {file_of("{\"\xff\": 1}", ""), "header: not JSON: "},
      {file_of("{" + std::string(100000, '['), ""), "header: not JSON: "},
      {file_of(R"({"w":)" + std::string(100000, '[') + std::string(100000, ']') + "}", ""),
       "w: header: must be an object, got a list"},
      {file_of(header_of("F32", kDeep, "[0, 0]"), ""), "w: shape: must be a list of counts, got a list"},
      {file_of(header_of("F32", "[0]", kDeep), ""), "w: data_offsets: must be two counts, got a list"},
      {file_of(R"({"w": {"dtype":)" + kDeep + "}}", ""), "w: dtype: must be a string, got a list"},
      {file_of(R"({"__metadata__": {"a":)" + kDeep + "}}", ""), "__metadata__: header: a must be a string, got a list"},
      {file_of(R"({"w": {"dtype":{"a":{"b":1}}}})", ""), "w: dtype: must be a string, got an object"},
      {file_of("{\"" + std::string(100000, 'n') + "\\n\": 5}", ""),
       std::string(60, 'n') + "...: header: must be an object, got 5"},
      {file_of("{\"" + std::string(100000, 'n') + "\": {\"dtype\": \"" + std::string(100000, 'd') +
                   R"(", "shape": [], "data_offsets": [0, 8]}})",
               data),
       std::string(60, 'n') + "...: dtype: '" + std::string(60, 'd') + "...' is not supported; " + kTypes},
      {file_of(
           R"({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})",
           data),
       "header: the key \"w\" comes twice"},
      {file_of(R"({"w": {"dtype": "F32", "dtype": "F64", "shape": [2], "data_offsets": [0, 8]}})", data),
       "w: header: the key \"dtype\" comes twice"},
      // entries
      {file_of(R"({"w": 5})", ""), "w: header: must be an object, got 5"},
      {file_of(R"({"w": {"dtype": "F32", "shape": [2]}})", data),
       "w: header: must have dtype, shape and data_offsets, and nothing else"},
      {file_of(R"({"w": {"dtype": "F32", "shape": [2], "offsets": [0, 8]}})", data),
       "w: header: must have dtype, shape and data_offsets, and nothing else"},
      {file_of(R"({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "x": 1}})", data),
       "w: header: must have dtype, shape and data_offsets, and nothing else"},
      {file_of(R"({"__metadata__": {"epoch": 5}})", ""), "__metadata__: header: epoch must be a string, got 5"},
      {file_of(R"({"__metadata__": []})", ""), "__metadata__: header: must be an object, got a list"},
      // dtype
      {file_of(header_of("F8_E4M3", "[8]", "[0, 8]"), data), "w: dtype: 'F8_E4M3' is not supported; " + kTypes},
      {file_of(header_of("f32", "[2]", "[0, 8]"), data), "w: dtype: 'f32' is not supported; " + kTypes},
      {file_of(R"({"w": {"dtype": 32, "shape": [2], "data_offsets": [0, 8]}})", data),
       "w: dtype: must be a string, got 32"},
      // shape
      {file_of(header_of("F32", "[-2]", "[0, 8]"), data), "w: shape: must be a list of counts, got -2"},
      {file_of(header_of("F32", "[2.0]", "[0, 8]"), data), "w: shape: must be a list of counts, got 2.0"},
      {file_of(header_of("F32", "2", "[0, 8]"), data), "w: shape: must be a list of counts, got 2"},
      {file_of(header_of("F32", "[\"2\"]", "[0, 8]"), data), "w: shape: must be a list of counts, got \"2\""},
      {file_of(header_of("F32", "[18446744073709551615]", "[0, 8]"), data),
       "w: shape: must be a list of counts, got 18446744073709551615"},
      {file_of(header_of("F32", "[99999999999999999999]", "[0, 8]"), data),
       "w: shape: must be a list of counts, got 99999999999999999999"},
      {file_of(header_of("F32", "[1,1,1,1,1,1,1,1,2]", "[0, 8]"), data),
       "w: shape: has more than 8 numbers, and at most 8 axes are supported"},
      {file_of(header_of("F32", "[4294967296, 4294967296]", "[0, 8]"), data),
       "w: shape: [4294967296, 4294967296] has more elements than can be counted"},
      {file_of(header_of("F32", "[4611686018427387906]", "[0, 8]"), data),  // times 4 is 8, modulo 2^64
       "w: shape: [4611686018427387906] has more elements than can be counted"},
      {file_of(header_of("F32", "[0, 9223372036854775807, 9223372036854775807]", "[0, 0]"), ""),
       "w: shape: [0, 9223372036854775807, 9223372036854775807] has more elements than can be counted"},
      {file_of(header_of("F32", "[3]", "[0, 8]"), data), "w: data_offsets: F32[3] takes 12 bytes, but [0, 8] are 8"},
      {file_of(header_of("F64", "[2]", "[0, 8]"), data), "w: data_offsets: F64[2] takes 16 bytes, but [0, 8] are 8"},
      {file_of(header_of("F32", "[1]", "[0, 8]"), data), "w: data_offsets: F32[1] takes 4 bytes, but [0, 8] are 8"},
      // offsets
      {file_of(header_of("F32", "[2]", "[-8, 0]"), data), "w: data_offsets: must be two counts, got -8"},
      {file_of(header_of("F32", "[2]", "[0, 8, 8]"), data), "w: data_offsets: must be two counts, got [0, 8, 8]"},
      {file_of(header_of("F32", "[2]", "[8, 0]"), data), "w: data_offsets: [8, 0] are not within the 8 bytes of data"},
      {file_of(header_of("F32", "[2]", "[9223372036854775800, 9223372036854775807]"), data),
       "w: data_offsets: [9223372036854775800, 9223372036854775807] are not within the 8 bytes of data"},
      {file_of(header_of("F32", "[1]", "[4, 8]"), data),
       "w: its data begin at 4, but those before it end at 0: there is a gap"},
      {file_of(
           R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
           data),
       "b: its data begin at 4, but those before it end at 8: they overlap"},
      {file_of(
           R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})",
           data),
       "b: its data begin at 0, but those before it end at 8: they overlap"},
      {file_of(
           R"({"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}, "b": {"dtype": "U8", "shape": [4], "data_offsets": [4, 8]}})",
           data),
       "b: its data begin at 4, but those before it end at 3: there is a gap"},
  };
  for (const Row& row : rows) {
    write_file(path, row.bytes);
    const std::string error = error_of([&] { nn::load_safetensors(path); });
    const std::string expected = "load_safetensors: " + path.string() + ": " + row.error;
    CAPTURE(error);
    CAPTURE(expected);
    // The JSON library writes the text after the colon.
    if (expected.ends_with("not JSON: ")) CHECK(error.starts_with(expected));
    else CHECK(error == expected);
  }
  const std::string missing = (folder.path() / "missing").string();
  CHECK(error_of([&] {
          nn::load_safetensors(missing);
        }).starts_with("load_safetensors: " + missing + ": file: cannot open it: "));
  CHECK(error_of([&] { nn::load_safetensors(folder.path()); }).find("file: cannot open it: ") != std::string::npos);
}

TEST_CASE("a header of 200,000 names is written and read in time that follows its length") {
  const Folder folder;
  const fs::path path = folder.path() / "many.safetensors";
  const auto seconds_of = [&](int names) {
    StateDict state;
    for (int i = 0; i < names; ++i) state.emplace_back("layer." + std::to_string(i) + ".weight", scalar(i, Dtype::i64));
    const auto start = std::chrono::steady_clock::now();
    nn::save_safetensors(path, state);
    const StateDict back = nn::load_safetensors(path).tensors;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    REQUIRE(back.size() == state.size());
    CHECK(back.back().first == state.back().first);
    CHECK(equal(back.back().second, state.back().second));
    return seconds;
  };
  const double few = seconds_of(20000), many = seconds_of(200000);
  CHECK(many < 40 * few);  // 10 times the names; quadratic time would be 100 times as much
}

TEST_CASE("names that need a header longer than the format allows are refused before anything is written") {
  const Folder folder;
  const StateDict state{{std::string(100'000'000, 'n'), zeros({1})}};
  CHECK(error_of([&] { nn::save_safetensors(folder.path() / "x", state); }).find("100000000 allowed") !=
        std::string::npos);
  CHECK(folder.files() == 0);
}

TEST_CASE("a file with one changed byte does no harm") {
  const Folder folder;
  const fs::path path = folder.path() / "changed.safetensors";
  nn::save_safetensors(path, {{"a", ones({2, 3})}, {"b", arange(4)}}, {{"epoch", "3"}});
  const std::string good = file_bytes(path);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const int flip : {1, 4, 16, 64, 128, 255}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      write_file(path, bad);
      const std::string error = error_of([&] { nn::load_safetensors(path); });
      CHECK((error == "no error" || error.starts_with("load_safetensors: " + path.string() + ": ")));
    }
  for (std::size_t length = 0; length < good.size(); ++length) {
    write_file(path, good.substr(0, length));
    CHECK(error_of([&] { nn::load_safetensors(path); }) != "no error");
  }
}

// ---- PyTorch

namespace {

// The model of pytorch_state_dict.py: weights of every kind.
class Model : public nn::Module {
 public:
  explicit Model(std::uint64_t seed) : Model(Rng(seed)) {}
  Tensor operator()(const Tensor& x) {
    eval();
    const Var h = reshape(front_(constant(x)), {7, x.size(0) / 7, 4});
    return back_(lstm_(h).output).value();
  }

 private:
  explicit Model(Rng rng)
      : front_(child<nn::Sequential>("front")),
        lstm_(child<nn::LSTM>("lstm", 4, 3, rng, nn::RecurrentOptions{.num_layers = 2, .bidirectional = true})),
        back_(child<nn::Sequential>("back")) {
    front_.add<nn::Linear>(5, 4, rng);
    front_.add<nn::BatchNorm1d>(4);
    front_.add<nn::Sigmoid>();
    back_.add<nn::Linear>(6, 3, rng);
    back_.add<nn::LayerNorm>(Shape{3});
  }
  nn::Sequential& front_;
  nn::LSTM& lstm_;
  nn::Sequential& back_;
};

}  // namespace

TEST_CASE("weights travel from PyTorch and to PyTorch, and keep their meaning") {
  const char* const exchange = std::getenv("HOURGLASS_EXCHANGE");  // set by pytorch_state_dict.py
  StateDict state =
      nn::load_safetensors(
          exchange ? fs::path(exchange) / "from_pytorch.safetensors"
                   : fs::path(hourglass::test::source_path("tests/reference/data/pytorch_state.safetensors")))
          .tensors;
  const auto take = [&](const std::string& name) {
    const auto found = std::find_if(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; });
    REQUIRE(found != state.end());
    const Tensor x = found->second;
    state.erase(found);
    return x;
  };
  const Tensor x = take("x"), y = take("y");
  Model model(0), other(1);
  model.load_state_dict(state);
  CHECK(allclose(model(x), y, 0, 1e-6));
  if (exchange == nullptr) return;
  StateDict back = other.state_dict();
  back.emplace_back("x", x);
  back.emplace_back("y", other(x));
  nn::save_safetensors(fs::path(exchange) / "to_pytorch.safetensors", back);
  for (const nn::FileDtype half : {nn::FileDtype::f16, nn::FileDtype::bf16})
    nn::save_safetensors(fs::path(exchange) / join("to_pytorch_", half, ".safetensors"), back, {},
                         {.floats = half, .integers = nn::FileDtype::i16});
  nn::save_npz(fs::path(exchange) / "to_numpy.npz", back);
  nn::save_npz(fs::path(exchange) / "to_numpy_packed.npz", back, {.compressed = true});
  nn::save_npy(fs::path(exchange) / "to_numpy.npy", back.back().second);
}
