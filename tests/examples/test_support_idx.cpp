// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include "examples/support/idx.h"
#include "nn/file.h"
#include "nn/io/zip.h"
#include "nn/limits.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;
using namespace std::string_literals;

namespace {

const std::string kSmall = "\0\0\x08\2\0\0\0\2\0\0\0\3\1\2\3\4\5\6"s;  // u8 [[1, 2, 3], [4, 5, 6]]
const std::string kSmallGzip =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\xe0\x60\x62\x60\x60\x00\x61\x66\x46\x26\x66\x16\x56\x36\x00\x48"
    "\x94\x3e\xe5\x12\x00\x00\x00"s;

std::string error_in(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path = write(folder / "file", bytes);
  const std::string error = error_of([&] { read_idx(path); });
  CHECK(contains(error, path.string()));
  return error;
}

Tensor read(const std::string& bytes) {
  const TemporaryFolder folder;
  return read_idx(write(folder / "file", bytes));
}

}  // namespace

TEST_CASE("an IDX file is read the same, packed and unpacked") {
  for (const std::string& bytes : {kSmall, kSmallGzip}) {
    const Tensor x = read(bytes);
    CHECK(x.shape() == Shape{2, 3});
    CHECK(x.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("IDX elements of every type keep sign and byte order") {
  CHECK(read("\0\0\x09\1\0\0\0\2\xff\x7f"s).to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 127});
  CHECK(read("\0\0\x0b\1\0\0\0\2\xff\xfe\1\2"s).to_vector<std::int64_t>() == std::vector<std::int64_t>{-2, 258});
  CHECK(read("\0\0\x0c\1\0\0\0\1\xff\xff\xff\xfd"s).to_vector<std::int64_t>() == std::vector<std::int64_t>{-3});
  CHECK(read("\0\0\x0d\1\0\0\0\1\xc0\x20\0\0"s).to_vector<float>() == std::vector<float>{-2.5f});
  CHECK(read("\0\0\x0e\1\0\0\0\1\x3f\xf8\0\0\0\0\0\0"s).to_vector<double>() == std::vector<double>{1.5});
  CHECK(read("\0\0\x08\2\0\0\0\0\0\0\0\x1c"s).shape() == Shape{0, 28});
}

TEST_CASE("an IDX file cut off anywhere is an error that says where it ends") {
  for (std::size_t length = 0; length < kSmall.size(); ++length) {
    CAPTURE(length);
    const std::string error = error_in(kSmall.substr(0, length));
    CHECK((contains(error, "byte " + std::to_string(length)) || contains(error, "extents [2, 3] ask for 6 bytes")));
  }
  for (std::size_t length = 0; length < kSmallGzip.size(); ++length) {
    CAPTURE(length);
    CHECK(error_in(kSmallGzip.substr(0, length)) != "no error");
  }
}

TEST_CASE("bytes after the end of an IDX file are an error, inside and behind the packing") {
  CHECK(contains(error_in(kSmall + "x"), "byte 18: expected the end of the file"));
  CHECK(contains(error_in(kSmallGzip + "x"), "other bytes behind it"));
  CHECK(contains(error_in(kSmallGzip + kSmallGzip), "byte 18 (unpacked): expected the end of the file"));
}

TEST_CASE("every flipped bit of a packed IDX file is an error, or does no harm") {
  for (std::size_t i = 0; i < kSmallGzip.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = kSmallGzip;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      const TemporaryFolder folder;
      const auto path = write(folder / "file", bytes);
      try {
        const Tensor x = read_idx(path);  // gzip's header holds a time and a system, which do not matter
        CAPTURE(i);
        CHECK(x.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
      } catch (const Error&) {
      }
    }
  }
}

TEST_CASE("the error for a header that is not IDX shows its bytes") {
  CHECK(contains(error_in("\0\0\x07\1\0\0\0\1x"s), "byte 0: expected IDX's magic number"));
  CHECK(contains(error_in("\0\0\x07\1\0\0\0\1x"s), "got 00 00 07 01"));
  CHECK(contains(error_in("\0\0\x08\0\0\0\0\1x"s), "got 00 00 08 00"));
  CHECK(contains(error_in("\0\0\x08\x09"s), "1 to 8 axes"));
  CHECK(contains(error_in("P5 28 28"s), "got 50 35 20 32"));
}

TEST_CASE("extents that no file could fill are refused before memory is allocated") {
  const std::string huge = "\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s;
  CHECK(contains(error_in(huge), "have more elements than can be counted"));
  const std::string empty = "\0\0\x08\4\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s;
  CHECK(contains(error_in(empty), "have more elements than can be counted"));
  CHECK(contains(error_in("\0\0\x0e\1\xff\xff\xff\xff"s), "ask for 34359738360 bytes"));
}

TEST_CASE("what a packed IDX file unpacks to has a limit that can be raised") {
  const TemporaryFolder folder;
  const std::string content = "\0\0\x09\1\0\x0f\x42\x40"s + std::string(1'000'000, '\0');
  // The gzip file is made of an archive's packed bytes.
  nn::ZipWriter writer(folder / "x.zip");
  writer.add("x", content, true);
  writer.commit();
  const std::string archive = nn::read_file(folder / "x.zip");
  const nn::ZipEntry entry = nn::ZipReader(archive, "x.zip").entries().at(0);
  const std::uint32_t size = static_cast<std::uint32_t>(content.size());
  const auto bytes_of = [](const std::uint32_t& number) {
    return std::string(reinterpret_cast<const char*>(&number), sizeof number);
  };
  constexpr std::size_t kHeader = 30 + 1 + 20;  // of the entry, with its name and its 64-bit sizes
  write(folder / "x.gz", "\x1f\x8b\x08\0\0\0\0\0\0\3"s + archive.substr(entry.local + kHeader, entry.packed) +
                             bytes_of(entry.crc) + bytes_of(size));
  const std::uint64_t usual = nn::unpack_limit();
  nn::set_unpack_limit(7'999'999);
  CHECK(contains(error_of([&] { read_idx(folder / "x.gz"); }), "x.gz: its "));
  CHECK(contains(error_of([&] { read_idx(folder / "x.gz"); }), "unpack to 8000000 or more, and 7999999 are allowed"));
  nn::set_unpack_limit(8'000'000);
  CHECK(read_idx(folder / "x.gz").shape() == Shape{1'000'000});
  nn::set_unpack_limit(usual);
}

TEST_CASE("a missing file and a folder are errors that say so") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { read_idx(folder / "none"); }), "cannot be opened: No such file"));
  CHECK(contains(error_of([&] { read_idx(folder.path()); }), "is a folder"));
}
