// SPDX-License-Identifier: MIT
// The types of elements in files, read and written in both formats: halves bit by bit, the ends of every integer type.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "nn/file.h"
#include "nn/limits.h"
#include "nn/linear.h"
#include "nn/npy.h"
#include "nn/safetensors.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace std::string_literals;
using examples::contains;
using examples::TemporaryFolder;
using nn::FileDtype;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

// Numbers in memory order, and in the other one.
template <class T>
std::string raw(const std::vector<T>& numbers, bool big_endian = false) {
  std::string bytes(numbers.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  if (big_endian)
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(T)));
  return bytes;
}

std::string npy_of(const std::string& descr, std::size_t count, const std::string& data) {
  const std::string header = join("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", count, ",)}");
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + data;
}
std::string weights_of(const std::string& dtype, std::size_t count, const std::string& data) {
  const std::string header =
      join(R"({"w":{"dtype":")", dtype, R"(","shape":[)", count, R"(],"data_offsets":[0,)", data.size(), "]}}");
  return raw(std::vector<std::uint64_t>{header.size()}) + header + data;
}
Tensor load_bytes(const std::string& bytes, nn::LoadDtypes dtypes = {}) {
  const TemporaryFolder folder;
  return nn::load_safetensors(examples::write(folder / "w", bytes), dtypes).tensors.at(0).second;
}
// The numbers of x as they are in a file that save_safetensors writes.
template <class Raw>
std::vector<Raw> saved(const Tensor& x, nn::SaveDtypes dtypes) {
  const TemporaryFolder folder;
  nn::save_safetensors(folder / "w", {{"w", x}}, {}, dtypes);
  const std::string bytes = nn::read_file(folder / "w");
  std::vector<Raw> numbers(static_cast<std::size_t>(x.numel()));
  const std::string data = bytes.substr(bytes.size() - numbers.size() * sizeof(Raw));
  if (!data.empty()) std::memcpy(numbers.data(), data.data(), data.size());
  return numbers;
}

// The two formats of 16 bits, by their definition: (-1)^sign 2^exponent fraction.
struct Format {
  const char* name;
  FileDtype dtype;
  int fraction_bits, bias;

  bool is_finite(int bits) const { return (bits & 0x7fff) >> fraction_bits <= 2 * bias; }
  double value(int bits) const {
    const int exponent = (bits & 0x7fff) >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
    const double size = exponent > 2 * bias ? (fraction == 0 ? kInfinity : std::nan(""))
                        : exponent == 0     ? std::ldexp(fraction, 1 - bias - fraction_bits)
                                        : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
    return std::copysign(size, bits < 0x8000 ? 1 : -1);
  }
};
constexpr Format kFormats[] = {{"F16", FileDtype::f16, 10, 15}, {"BF16", FileDtype::bf16, 7, 127}};

std::vector<std::uint16_t> all_patterns() {
  std::vector<std::uint16_t> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  return all;
}

}  // namespace

TEST_CASE("every one of the 65,536 halves of both kinds is read exactly, and written back with the same bits") {
  const std::vector<std::uint16_t> patterns = all_patterns();
  for (const Format& format : kFormats) {
    CAPTURE(format.name);
    const std::string file = weights_of(format.name, patterns.size(), raw(patterns));
    const Tensor x = load_bytes(file), wide = load_bytes(file, {.floats = Dtype::f64});
    const std::vector<float> got = x.to_vector<float>();
    const std::vector<double> got_wide = wide.to_vector<double>();
    int wrong = 0;
    for (int i = 0; i < 1 << 16; ++i) {
      const double expected = format.value(i);
      const float value = got[static_cast<std::size_t>(i)];
      const double value_wide = got_wide[static_cast<std::size_t>(i)];
      const bool same = std::isnan(expected) ? std::isnan(value) && std::isnan(value_wide)
                                             : value == expected && value_wide == expected;
      wrong += !same || std::signbit(value) != (i >= 0x8000) || std::signbit(value_wide) != (i >= 0x8000);
    }
    CHECK(wrong == 0);
    for (const Tensor& one : {x, wide}) {
      std::vector<std::uint16_t> expected = patterns;
      for (std::uint16_t& bits : expected)  // a conversion makes NaNs quiet
        if (std::isnan(format.value(bits))) bits = static_cast<std::uint16_t>(bits | 1 << (format.fraction_bits - 1));
      CHECK(saved<std::uint16_t>(one, {.floats = format.dtype}) == expected);
    }
  }
  for (const bool big : {false, true}) {
    const Tensor x = nn::parse_npy(npy_of(big ? ">f2" : "<f2", patterns.size(), raw(patterns, big)), "file");
    const Tensor same = load_bytes(weights_of("F16", patterns.size(), raw(patterns)));
    const std::vector<float> a = x.to_vector<float>(), b = same.to_vector<float>();
    CHECK(std::equal(a.begin(), a.end(), b.begin(), [](float p, float q) { return bits_of(p) == bits_of(q); }));
  }
}

TEST_CASE("halves are rounded once, to the nearest, ties to even: between all neighbours, and to infinity") {
  for (const Format& format : kFormats) {
    CAPTURE(format.name);
    const int infinity = (2 * format.bias + 1) << format.fraction_bits;
    std::vector<double> numbers;
    std::vector<std::uint16_t> expected;
    for (const int sign : {0, 0x8000})
      for (int low = 0; low < infinity; ++low) {
        // Beyond the largest number, its neighbour would be this far away.
        const double below = format.value(sign | low), size = std::abs(below);
        const double step = low + 1 < infinity ? std::abs(format.value(low + 1)) - size : size - format.value(low - 1);
        const double middle = std::copysign(size + step / 2, below);
        const auto add = [&](double x, int bits) {
          numbers.push_back(x);
          expected.push_back(static_cast<std::uint16_t>(sign | bits));
        };
        add(middle, low % 2 == 0 ? low : low + 1);
        add(std::nextafter(middle, 0), low);
        add(std::nextafter(middle, 2 * middle), low + 1);
      }
    for (const double huge : {1e39, 1e300, kInfinity}) {
      numbers.insert(numbers.end(), {huge, -huge});
      expected.insert(expected.end(),
                      {static_cast<std::uint16_t>(infinity), static_cast<std::uint16_t>(infinity | 0x8000)});
    }
    for (const double tiny : {0.0, 1e-300, 5e-324, 1e-42}) {
      numbers.insert(numbers.end(), {tiny, -tiny});
      expected.insert(expected.end(), {0, 0x8000});
    }
    CHECK(saved<std::uint16_t>(Tensor::from(numbers), {.floats = format.dtype}) == expected);
    // The middles are numbers of f32, too.
    std::vector<float> middles;
    std::vector<std::uint16_t> even;
    for (std::size_t i = 0; i + 14 < numbers.size(); i += 3) {
      middles.push_back(static_cast<float>(numbers[i]));
      even.push_back(expected[i]);
    }
    CHECK(saved<std::uint16_t>(Tensor::from(middles), {.floats = format.dtype}) == even);
  }
}

TEST_CASE("integers of every size are read in both byte orders, and written where they fit") {
  const auto check_type = [&]<class T>(T, const char* name, const char* descr, FileDtype dtype) {
    CAPTURE(name);
    constexpr bool whole = sizeof(T) == 8;
    constexpr T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    const T top = whole && low == 0 ? high / 2 : high;  // of u64, i64 holds a half
    const std::vector<T> numbers{low, 0, 1, 100, top};
    const Dtype natural = std::is_same_v<T, std::uint8_t> ? Dtype::u8 : Dtype::i64;
    const Tensor expected = to(Tensor::from(std::vector<std::int64_t>(numbers.begin(), numbers.end())), natural);
    for (const Tensor& x :
         {load_bytes(weights_of(name, 5, raw(numbers))), nn::parse_npy(npy_of("<"s + descr, 5, raw(numbers)), "file"),
          nn::parse_npy(npy_of(">"s + descr, 5, raw(numbers, true)), "file")}) {
      CHECK(x.dtype() == natural);
      CHECK(equal(x, expected));
    }
    CHECK(saved<T>(expected, {.integers = dtype}) == numbers);
    if constexpr (!whole) {
      const std::int64_t above = std::int64_t{high} + 1, below = std::int64_t{low} - 1;
      for (const std::int64_t outside : {above, below, INT64_MAX, INT64_MIN}) {
        const std::string error = error_of([&] {
          saved<T>(Tensor::from<std::int64_t>({1, outside}), {.integers = dtype});
        });
        CHECK(contains(error, join("w: w: element 1: ", outside, " is out of the range of ", name)));
        CHECK(error.starts_with("save_safetensors: "));
      }
    }
  };
  check_type(std::int8_t{}, "I8", "i1", FileDtype::i8);
  check_type(std::int16_t{}, "I16", "i2", FileDtype::i16);
  check_type(std::int32_t{}, "I32", "i4", FileDtype::i32);
  check_type(std::int64_t{}, "I64", "i8", FileDtype::i64);
  check_type(std::uint8_t{}, "U8", "u1", FileDtype::u8);
  check_type(std::uint16_t{}, "U16", "u2", FileDtype::u16);
  check_type(std::uint32_t{}, "U32", "u4", FileDtype::u32);
  check_type(std::uint64_t{}, "U64", "u8", FileDtype::u64);
  const Tensor minus = Tensor::from<std::int64_t>({3, -1});
  CHECK(contains(error_of([&] { saved<std::uint64_t>(minus, {.integers = FileDtype::u64}); }),
                 "element 1: -1 is out of the range of U64"));
  CHECK(contains(error_of([&] { load_bytes(weights_of("U64", 1, std::string(8, '\xff'))); }),
                 "w: element 0: 18446744073709551615 is out of the range of i64"));
}

TEST_CASE("bools are 0 and 1, also where a file has other bytes") {
  const Tensor expected = Tensor::from<std::uint8_t>({0, 1, 1});
  for (const Tensor& x :
       {load_bytes(weights_of("BOOL", 3, "\0\1\2"s)), nn::parse_npy(npy_of("|b1", 3, "\0\1\2"s), "file")}) {
    CHECK(x.dtype() == Dtype::u8);
    CHECK(equal(x, expected));
  }
  CHECK(saved<std::uint8_t>(to(expected, Dtype::i64), {.integers = FileDtype::boolean}) ==
        std::vector<std::uint8_t>{0, 1, 1});
  CHECK(contains(error_of([&] { saved<std::uint8_t>(arange(3), {.integers = FileDtype::boolean}); }),
                 "element 2: 2 is out of the range of BOOL"));
}

TEST_CASE("elements become what the caller wishes, and a wish for the other kind is an error") {
  const std::string bytes = npy_of("<i4", 3, raw(std::vector<std::int32_t>{0, 255, 7}));
  const Tensor small = nn::parse_npy(bytes, "file", {.floats = Dtype::f64, .integers = Dtype::u8});
  CHECK(small.dtype() == Dtype::u8);
  CHECK(equal(small, Tensor::from<std::uint8_t>({0, 255, 7})));
  for (const int outside : {256, -1})
    CHECK(
        error_of([&] {
          nn::parse_npy(npy_of("<i4", 2, raw(std::vector<std::int32_t>{0, outside})), "file", {.integers = Dtype::u8});
        }) == join("file: element 1: ", outside, " is out of the range of u8"));
  const Tensor rounded = load_bytes(weights_of("F64", 1, raw(std::vector<double>{0.1})), {.floats = Dtype::f32});
  CHECK(equal(rounded, Tensor::from<float>({0.1f})));
  CHECK(equal(load_bytes(weights_of("BOOL", 1, "\1"), {.integers = Dtype::i64}), ones({1}, Dtype::i64)));

  CHECK(error_of([&] { nn::parse_npy(bytes, "file", {.floats = Dtype::i64}); }) ==
        "file: floats: can become f32 or f64, not i64");
  CHECK(error_of([&] { nn::parse_npy(bytes, "file", {.integers = Dtype::f32}); }) ==
        "file: integers: can become i64 or u8, not f32");
  const TemporaryFolder folder;
  const StateDict state{{"x", ones({2})}, {"n", arange(2)}};
  CHECK(error_of([&] { nn::save_safetensors(folder / "x", state, {}, {.floats = FileDtype::i32}); }) ==
        "save_safetensors: floats cannot become I32");
  CHECK(error_of([&] { nn::save_safetensors(folder / "x", state, {}, {.integers = FileDtype::bf16}); }) ==
        "save_safetensors: integers cannot become BF16");
  const std::string path = (folder / "x.npy").string();
  CHECK(error_of([&] { nn::save_npy(path, ones({2}), {.floats = FileDtype::bf16}); }) ==
        path + ": the format has no type BF16");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("floats and integers of one state dict are written in types of their own, in both formats") {
  const TemporaryFolder folder;
  const StateDict state{{"bytes", Tensor::from<std::uint8_t>({1, 2, 3})},
                        {"weight", transpose(Tensor::from<float>({1, -2, 0.1f, 4, 1e6f, 0}, {2, 3}), 0, 1)},
                        {"wide", Tensor::from<double>({1 + std::ldexp(1, -11) + std::ldexp(1, -40)})},  // one rounding
                        {"none", zeros({0, 4})},
                        {"zero", scalar(-0.0, Dtype::f64)},
                        {"many", to(arange(100000), Dtype::f32)},  // more than one part
                        {"step", scalar(-5, Dtype::i64)}};
  const nn::SaveDtypes dtypes{.floats = FileDtype::f16, .integers = FileDtype::i16};
  nn::save_safetensors(folder / "x", state, {}, dtypes);
  nn::save_npz(folder / "x.npz", state, {.compressed = true, .dtypes = dtypes});
  const std::string text = nn::read_file(folder / "x");
  CHECK(contains(text, R"("weight":{"dtype":"F16","shape":[3,2],"data_offsets":[)"));
  CHECK(contains(text, R"("step":{"dtype":"I16","shape":[],"data_offsets":[)"));
  const StateDict weights = nn::load_safetensors(folder / "x").tensors;
  const StateDict arrays = nn::load_npz(folder / "x.npz");
  for (const StateDict* back : {&weights, &arrays}) {
    REQUIRE(back->size() == state.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      CAPTURE(state[i].first);
      const Tensor &x = state[i].second, &y = (*back)[i].second;
      CHECK((*back)[i].first == state[i].first);
      CHECK(y.dtype() == (is_floating(x.dtype()) ? Dtype::f32 : Dtype::i64));
      CHECK(y.shape() == x.shape());
      if (!is_floating(x.dtype())) CHECK(equal(to(x, Dtype::i64), y));
    }
    const auto at = [&](std::size_t i) { return (*back)[i].second.to_vector<float>(); };
    CHECK(at(1) == std::vector<float>{1, 4, -2, std::numeric_limits<float>::infinity(), 0.0999755859375f, 0});
    CHECK(at(2) == std::vector<float>{1 + 0x1p-10f});
    CHECK(std::signbit(at(4)[0]));
    CHECK(at(5)[2049] == 2048);  // even
    CHECK(at(5)[65519] == 65504);
    CHECK(at(5)[65520] == std::numeric_limits<float>::infinity());
  }
}

TEST_CASE("the size in memory, after conversion, is what a packed file may not exceed") {
  const TemporaryFolder folder;
  const std::uint64_t usual = nn::unpack_limit();
  nn::save_npz(folder / "x.npz", {{"x", zeros({300000})}},
               {.compressed = true, .dtypes = {.floats = FileDtype::f16}});  // 600,000 bytes
  nn::set_unpack_limit(1'000'000);
  CHECK(contains(error_of([&] { nn::load_npz(folder / "x.npz"); }), "unpack to 1200000 or more"));
  nn::set_unpack_limit(1'500'000);
  CHECK(nn::load_npz(folder / "x.npz").size() == 1);
  CHECK(
      contains(error_of([&] { nn::load_npz(folder / "x.npz", {.floats = Dtype::f64}); }), "unpack to 2400000 or more"));
  nn::set_unpack_limit(usual);
}

TEST_CASE("a module loads weights that another program saved in half precision") {
  Rng rng(1);
  nn::Linear there(4, 3, rng), here(4, 3, rng);
  const TemporaryFolder folder;
  for (const FileDtype dtype : {FileDtype::f16, FileDtype::bf16}) {
    nn::save_safetensors(folder / "w", there.state_dict(), {}, {.floats = dtype});
    here.load_state_dict(nn::load_safetensors(folder / "w").tensors);
    CHECK(here.state_dict()[0].second.dtype() == Dtype::f32);
    const double step =
        dtype == FileDtype::f16 ? 0x1p-11 : 0x1p-8;  // half of the distance between neighbours, relative
    CHECK(allclose(here.state_dict()[0].second, there.state_dict()[0].second, step, 0));
  }
}
