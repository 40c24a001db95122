// SPDX-License-Identifier: MIT
// NumPy's files, read and written.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "nn/file.h"
#include "nn/io/zip.h"
#include "nn/limits.h"
#include "nn/npy.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"
#include "tests/paths.h"

using namespace hourglass;
using namespace std::string_literals;
using examples::contains;
using examples::TemporaryFolder;

namespace {

const std::filesystem::path kData = test::source_path("tests/reference/data");

// A .npy file of this header and these bytes.
std::string npy(const std::string& header, const std::string& data) {
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + data;
}
const std::string kSmall = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n", "\1\2\3\4\5\6");

std::string error_in(const std::string& bytes) {
  return error_of([&] { nn::parse_npy(bytes, "file"); });
}
std::string header_error(const std::string& header) { return error_in(npy(header, "\1\2\3\4\5\6")); }

bool same(const Tensor& a, const Tensor& b) { return a.dtype() == b.dtype() && equal(a, b); }

}  // namespace

TEST_CASE("arrays that NumPy wrote are read, of every type, order and packing") {
  for (const char* file : {"numpy.npz", "numpy_packed.npz"}) {
    CAPTURE(file);
    const StateDict arrays = nn::load_npz(kData / file);
    CHECK(arrays.size() == 28);
    const Tensor ramp = reshape(arange(6), {2, 3});
    for (const auto& entry : arrays) {
      const auto& [name, x] = entry;
      CAPTURE(entry.first);
      if (name == "bool") {
        CHECK(same(x, Tensor::from<std::uint8_t>({0, 0, 0, 1, 1, 1}, {2, 3})));
      } else if (name == "columns") {
        CHECK(same(x, to(ramp, Dtype::f32)));
      } else if (name == "scalar") {
        CHECK(same(x, scalar(1.5, Dtype::f64)));
      } else if (name == "empty") {
        CHECK(x.shape() == Shape{0, 4});
      } else if (name == "half") {
        const std::vector<float> half = x.to_vector<float>();
        CHECK(half[0] == 0.5f);
        CHECK(half[1] == 65504.0f);
        CHECK(half[2] == std::ldexp(1.0f, -24));
        CHECK((half[3] == 0 && std::signbit(half[3])));
        CHECK(half[4] == std::numeric_limits<float>::infinity());
      } else if (name == "deep") {
        CHECK(same(x, reshape(arange(24), {1, 2, 3, 4})));
      } else {
        const std::string kind = name.substr(1);
        const Dtype dtype = kind == "f8"     ? Dtype::f64
                            : kind[0] == 'f' ? Dtype::f32
                            : kind == "u1"   ? Dtype::u8
                                             : Dtype::i64;
        CHECK(same(x, to(kind[0] == 'u' ? ramp : ramp - 2, dtype)));
      }
    }
  }
}

TEST_CASE("written arrays are read back: one or several, packed or not") {
  const TemporaryFolder folder;
  const std::vector<Tensor> all{reshape(arange(24), {2, 3, 4}),
                                transpose(reshape(to(arange(6), Dtype::f32), {2, 3}), 0, 1),
                                full({3}, std::numeric_limits<double>::quiet_NaN(), Dtype::f64),
                                zeros({0, 5}),
                                scalar(7, Dtype::u8),
                                ones({1})};
  StateDict named;
  for (const Tensor& x : all) {
    nn::save_npy(folder / "x.npy", x);
    const Tensor back = nn::load_npy(folder / "x.npy");
    CHECK(back.dtype() == x.dtype());
    CHECK(allclose(back, x, 0, 0) == (x.dtype() != Dtype::f64));  // NaN is not itself
    CHECK(back.shape() == x.shape());
    CHECK(nn::read_file(folder / "x.npy").find('\n') % 64 == 63);  // arrays begin at a multiple of 64
    named.emplace_back("array " + std::to_string(named.size()) + " ü", x);
  }
  for (const bool compressed : {false, true}) {
    nn::save_npz(folder / "x.npz", named, {.compressed = compressed});
    const StateDict back = nn::load_npz(folder / "x.npz");
    REQUIRE(back.size() == named.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      CHECK(back[i].first == named[i].first);
      CHECK(back[i].second.shape() == named[i].second.shape());
      CHECK((i == 2 || same(back[i].second, named[i].second)));
    }
  }
  nn::save_npz(folder / "none.npz", {});
  CHECK(nn::load_npz(folder / "none.npz").empty());
  CHECK(contains(error_of([&] {
                   nn::save_npz(folder / "x.npz", {{"x", all[0]}, {"x", all[1]}});
                 }),
                 "'x.npy' is taken"));
}

TEST_CASE("headers of Python 2 and archives with a comment are read") {
  const Tensor wanted = Tensor::from<std::uint8_t>({1, 2, 3, 4, 5, 6}, {2, 3});
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }";
  CHECK(same(nn::parse_npy(npy(header, "\1\2\3\4\5\6"), "file"), wanted));
  const TemporaryFolder folder;
  nn::save_npz(folder / "x.npz", {{"x", wanted}});
  const std::string bytes = nn::read_file(folder / "x.npz");
  for (const std::size_t length : {1, 300, 65535}) {
    std::string commented = bytes;  // the length of the comment is the last field
    commented[bytes.size() - 2] = static_cast<char>(length & 255);
    commented[bytes.size() - 1] = static_cast<char>(length >> 8);
    CHECK(same(nn::parse_npz(commented + std::string(length, '!'), "file")[0].second, wanted));
  }
}

TEST_CASE("a .npy file that is cut off anywhere or has bytes after its end is an error") {
  CHECK(equal(nn::parse_npy(kSmall, "file"), Tensor::from<std::uint8_t>({1, 2, 3, 4, 5, 6}, {2, 3})));
  for (std::size_t length = 0; length < kSmall.size(); ++length) {
    CAPTURE(length);
    CHECK(contains(error_in(kSmall.substr(0, length)), "file: byte "));
  }
  CHECK(error_in(kSmall + "x") == "file: byte 70: shape [2, 3] takes 6 bytes, but 7 follow");
}

TEST_CASE("a header that is not NumPy's is an error that says where it is wrong") {
  const std::string rest = "'fortran_order': False, 'shape': (2, 3)}";
  CHECK(error_in("\x93NUMPX\1\0"s) == "file: byte 0: expected NumPy's magic, \\x93NUMPY");
  CHECK(error_in("\x93NUMPY\4\0\0\0"s) == "file: byte 6: version 4 is not known; 1 to 3 are");
  CHECK(contains(header_error("{'descr': '|O', " + rest), "elements of type '|O' are not supported"));
  CHECK(contains(header_error("{'descr': '<c8', " + rest), "elements of type '<c8' are not supported"));
  CHECK(contains(header_error("{'descr': [('a', '<f4')], " + rest), "expected a quoted word"));
  CHECK(contains(header_error("{" + rest), "expected the keys descr, fortran_order and shape, got 2 of them"));
  CHECK(contains(header_error("{'descr': '|u1', 'descr': '|u1', " + rest), "the key 'descr' comes twice"));
  CHECK(contains(header_error("{'descr': '|u1', 'x': 1, " + rest), "got 'x'"));
  CHECK(contains(header_error("{'descr': '|u1', " + rest + " x"), "something follows the header's dict"));
  CHECK(contains(header_error("{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 3)}"), "expected True or False"));
  for (const char* shape : {"(-2, 3)", "(2 3)", "(2, 3", "2", "(2.5,)", "(99999999999999999999,)"})
    CHECK(contains(header_error("{'descr': '|u1', 'fortran_order': False, 'shape': "s + shape + "}"), "file: byte "));
  CHECK(contains(header_error("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 3)}"),
                 "has more elements than can be counted"));
  CHECK(contains(header_error("{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000000, )}"),
                 "takes 32000000000000 bytes, but 6 follow"));
  CHECK(contains(error_in(npy("{'descr': '<u8', 'fortran_order': False, 'shape': ()}", std::string(8, '\xff'))),
                 "file: element 0: 18446744073709551615 is out of the range of i64"));
}

namespace {

// A zip archive of entries that are stored as they are. Each has a name in its own header and one in the directory.
std::string archive_of(const std::vector<std::array<std::string, 2>>& names, const std::string& content,
                       bool all_at_0 = false) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (; bytes > 0; --bytes, value >>= 8) text += static_cast<char>(value & 255);
    return text;
  };
  std::uint32_t sum = ~std::uint32_t{0};  // CRC-32, bit by bit
  for (const char c : content) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1) * 0xEDB88320u;
  }
  const std::string size = number(content.size(), 4), crc = number(~sum, 4);
  std::string file, directory;
  for (const auto& [local, central] : names) {
    const std::size_t at = all_at_0 ? 0 : file.size();
    const auto common = [&](const std::string& name) {
      return number(20, 2) + number(0, 8) + crc + size + size + number(name.size(), 2) + number(0, 2);
    };
    directory += "PK\1\2" + number(20, 2) + common(central) + number(0, 10) + number(at, 4) + central;
    file += "PK\3\4" + common(local) + local + content;
  }
  return file + directory + "PK\5\6" + number(0, 4) + number(names.size(), 2) + number(names.size(), 2) +
         number(directory.size(), 4) + number(file.size(), 4) + number(0, 2);
}
std::string npz_error(const std::string& bytes) {
  return error_of([&] { nn::parse_npz(bytes, "file"); });
}

}  // namespace

TEST_CASE("names in an archive come once, agree, and stay in the archive's folder, when it is read and when written") {
  CHECK(nn::parse_npz(archive_of({{"a/b.npy", "a/b.npy"}, {"..c.npy", "..c.npy"}}, kSmall), "file").size() == 2);
  const TemporaryFolder folder;
  for (const std::string& name : {"../../evil"s, "/evil"s, "a/../evil"s, "a\\evil"s, "evil\0"s}) {
    CAPTURE(name);
    const std::string entry = name + ".npy";
    CHECK(contains(npz_error(archive_of({{entry, entry}}, kSmall)), "leads out of the archive's folder"));
    CHECK(contains(error_of([&] {
                     nn::save_npz(folder / "x.npz", {{"a", ones({1})}, {name, ones({1})}});
                   }),
                   "x.npz: the name '"));
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(contains(npz_error(archive_of({{"a.npy", "a.npy"}, {"a.npy", "a.npy"}}, kSmall)), "a.npy comes twice"));
  CHECK(contains(npz_error(archive_of({{"a.npy", "b.npy"}}, kSmall)), "the entry has another name here"));
  CHECK(contains(npz_error(archive_of({{"a.npy", "a.npy"}, {"a.npy", "b.npy"}}, kSmall, true)),
                 "b.npy overlaps the entry before it"));
}

TEST_CASE("what an archive unpacks to has a limit that can be raised") {
  const TemporaryFolder folder;
  nn::save_npz(folder / "bomb.npz", {{"a", zeros({1000, 1000}, Dtype::u8)}, {"b", zeros({1000, 1000}, Dtype::u8)}},
               {.compressed = true});
  CHECK(std::filesystem::file_size(folder / "bomb.npz") < 5000);
  const std::uint64_t usual = nn::unpack_limit();
  CHECK(usual == std::uint64_t{256} << 20);
  nn::set_unpack_limit(1'500'000);
  const std::string error = error_of([&] { nn::load_npz(folder / "bomb.npz"); });
  CHECK(contains(error, "bomb.npz: its "));
  CHECK(contains(error, "1500000 are allowed; HOURGLASS_UNPACK_LIMIT or set_unpack_limit() allows more"));
  nn::set_unpack_limit(2'100'000);
  CHECK(nn::load_npz(folder / "bomb.npz").size() == 2);
  // Bytes with a sign become numbers of 8 bytes.
  const std::string header = "{'descr': '|i1', 'fortran_order': False, 'shape': (1000000, )}";
  const std::string wide = npy(header, std::string(1'000'000, '\0'));
  nn::ZipWriter zip(folder / "wide.npz");
  zip.add("a.npy", wide, true);
  zip.commit();
  CHECK(contains(error_of([&] { nn::load_npz(folder / "wide.npz"); }), "unpack to 8000000 or more"));
  nn::set_unpack_limit(usual);
}

TEST_CASE("a header's own text is shown on one line, and only its beginning") {
  const std::string rest = ", 'fortran_order': False, 'shape': (2, 3)}", long_word(60000, 'x');
  for (const std::string& header :
       {"{'descr': '" + long_word + "'" + rest, "{'" + long_word + "': 1" + rest, "{'descr': '\n\x1b[31m'" + rest}) {
    const std::string error = header_error(header);
    CHECK(error.size() < 300);
    CHECK(std::none_of(error.begin(), error.end(), [](char c) { return c >= 0 && c < 32; }));
  }
}

TEST_CASE("a .npz file with one damaged byte is an error, or still has its arrays") {
  const TemporaryFolder folder;
  for (const bool compressed : {false, true}) {
    const StateDict arrays{{"a", arange(5)}, {"b", ones({2, 2})}};
    nn::save_npz(folder / "x.npz", arrays, {.compressed = compressed});
    const std::string bytes = nn::read_file(folder / "x.npz");
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK(error_of([&] { nn::parse_npz(bytes.substr(0, length), "file"); }) != "no error");
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
      try {  // times, versions and local names may have any value
        for (const auto& [name, x] : nn::parse_npz(damaged, "file")) CHECK((x.numel() == 5 || x.numel() == 4));
      } catch (const Error& error) {
        CHECK(contains(error.what(), "file: "));
      }
    }
  }
}
