// SPDX-License-Identifier: MIT
// Readers of untrusted files: tables, series, pictures. Also splits, scaling, transforms, windows.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/datasets.h"
#include "examples/support/fields.h"
#include "examples/support/folder.h"
#include "examples/support/loader.h"
#include "examples/support/png.h"
#include "examples/support/series.h"
#include "examples/support/split.h"
#include "examples/support/table.h"
#include "examples/support/text_table.h"
#include "examples/support/transforms.h"
#include "nn/limits.h"
#include "nn/npy.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"
#include "tests/paths.h"

using namespace hourglass;
using namespace hourglass::examples;
using namespace std::string_literals;

namespace {

std::string table_error(const std::string& text, const TableOptions& options = {}) {
  return error_of([&] { parse_table(text, "file", options); });
}
std::string tsv_error(const std::string& text) {
  return error_of([&] { parse_series_tsv(text, "file"); });
}
std::string arff_error(const std::string& text) {
  return error_of([&] { parse_series_arff(text, "file"); });
}

const std::string kArff =
    "% ECG\n@relation beats\n@attribute att1 numeric\n@ATTRIBUTE 'second one' REAL\n"
    "@attribute target {normal, odd}\n\n@data\n1, 2.5, odd\r\n-1e-3,?,normal\n";

Image small_picture(int channels, int width = 3, int height = 2) {
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i) image.pixels.push_back(static_cast<std::uint8_t>(40 * i));
  return image;
}

}  // namespace

TEST_CASE("tables are read with and without names, with commas and tabs, quotes and either line end") {
  for (const std::string& text :
       {"a,b\n1,2\n3,4\n"s, "a\tb\r\n1\t2\r\n3\t4"s, "\xef\xbb\xbf a , \"b\"\n+1, \"2\" \n 3,4.0e0\n"s}) {
    CAPTURE(text);
    const Table table = parse_table(text, "file");
    CHECK(table.columns == std::vector<std::string>{"a", "b"});
    CHECK(equal(table.values, Tensor::from<double>({1, 2, 3, 4}, {2, 2})));
    CHECK(equal(table.column("b"), Tensor::from<double>({2, 4})));
  }
  const Table plain = parse_table("1;2\n3;4", "file", {.separator = ';'});
  CHECK(plain.columns.empty());
  CHECK(plain.values.shape() == Shape{2, 2});
  CHECK(parse_table("\"say \"\"x\"\"\",b\n1,2\n", "file").columns[0] == "say \"x\"");
  const Table gaps = parse_table("a,b\n,NA\n?,nan\n", "file", {.missing_allowed = true});
  for (const double x : gaps.values.to_vector<double>()) CHECK(std::isnan(x));
}

TEST_CASE("an invalid table is an error with line and column") {
  CHECK(table_error("") == "file: the file is empty");
  CHECK(table_error("a,b\n1,2\n3\n") == "file: line 3: has 1 fields, but the first line has 2");
  CHECK(table_error("1,2\n3,4,5\n") == "file: line 2: has 3 fields, but the first line has 2");
  CHECK(table_error("1,2\n3,x\n") == "file: line 2, column 2: expected a number, got 'x'");
  for (const std::string end : {"\n", "\r\n", "\r"})
    CHECK(table_error("1,2" + end + end + "3,x" + end) == "file: line 3, column 2: expected a number, got 'x'");
  CHECK(table_error("a,b\n") == "file: there is no row of numbers");
  CHECK(table_error("1,2\n3,1e999\n") == "file: line 2, column 2: the number is too large: 1e999");
  CHECK(table_error("1e999,2\n3,4\n") == "file: line 1, column 1: the number is too large: 1e999");
  CHECK(table_error("inf,2\n3,4\n") == "file: line 1, column 1: expected a number, got 'inf'");
  CHECK(error_of([] { parse_table("a,a\n1,2\n", "file").column("a"); }) == "table: several columns are called 'a'");
  for (const char* odd : {"nan", "inf", "-nan", "infinity", "1.5.2", "0x10", "1 2", "", "--1", "+-1"})
    CHECK(contains(table_error("1,2\n3,"s + odd + "\n"), "file: line 2, column 2: expected a number, got '"));
  CHECK(table_error("1,\"2\n") == "file: line 1: a quote is not closed");
  CHECK(table_error("1,\"2\"x\n") == "file: line 1: there is text between a quote and the next separator");
  CHECK(error_of([] { parse_table("a,b\n1,2\n", "file").column("c"); }) ==
        "table: there is no column 'c'; there are a, b");
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { read_table(folder / "none.csv"); }), "none.csv: cannot be opened"));
  CHECK(read_table(write(folder / "x.csv", "1,2\n")).values.numel() == 2);
}

TEST_CASE("series of the UCR archive are read from both of its formats") {
  const SeriesData tsv = parse_series_tsv("2\t1\t2\tNaN\n-1\t4\tNaN\t6\n2\t7\t8\t9\n", "file");
  CHECK(tsv.values.shape() == Shape{3, 3});
  CHECK(equal(tsv.labels, Tensor::from<std::int64_t>({1, 0, 1})));
  CHECK(equal(tsv.lengths, Tensor::from<std::int64_t>({2, 3, 3})));
  CHECK(tsv.classes == std::vector<std::string>{"-1", "2"});
  CHECK(std::isnan(tsv.values.to_vector<float>()[2]));
  CHECK(std::isnan(tsv.values.to_vector<float>()[4]));

  const SeriesData arff = parse_series_arff(kArff, "file");
  CHECK(arff.values.shape() == Shape{2, 2});
  CHECK(arff.values.to_vector<float>()[1] == 2.5f);
  CHECK(equal(arff.labels, Tensor::from<std::int64_t>({1, 0})));
  CHECK(equal(arff.lengths, Tensor::from<std::int64_t>({2, 1})));
  CHECK(arff.classes == std::vector<std::string>{"normal", "odd"});

  const TemporaryFolder folder;
  CHECK(read_series(write(folder / "x.arff", kArff)).values.numel() == 4);
  CHECK(read_series(write(folder / "x.tsv", "1\t2\t3\n")).values.numel() == 2);
  CHECK(contains(error_of([&] { read_series(write(folder / "x.dat", "1")); }), "the ending tells the format"));
}

TEST_CASE("a damaged series file is an error with the line") {
  CHECK(tsv_error("") == "file: the file is empty");
  CHECK(tsv_error("1\n") == "file: line 1: expected a label and a series, got 1 field");
  CHECK(tsv_error("1\t2\n1\t2\t3\n") == "file: line 2: has 3 fields, but the first line has 2");
  CHECK(tsv_error("1\t2\n1\tx\n") == "file: line 2, column 2: expected a number, got 'x'");
  CHECK(tsv_error("1\t2\n?\t3\n") == "file: line 2, column 1: the label is missing");
  CHECK(tsv_error("label\tt0\n") == "file: there is no series with a value");
  CHECK(tsv_error("1\t2\n1\tinf\n") == "file: line 2, column 2: expected a number, got 'inf'");
  CHECK(tsv_error("1\t1e300\n") == "file: line 1, column 2: the number is too large: 1e300");
  CHECK(arff_error("") == "file: there is no @data");
  CHECK(arff_error("@data\n") == "file: line 1: @data before @relation");
  CHECK(arff_error("@relation x\n@data\n") ==
        "file: line 2: expected numeric attributes and a list of classes before @data");
  CHECK(arff_error("@relation x\n@attribute a string\n") ==
        "file: line 2: expected a numeric attribute, or a list of classes in braces");
  CHECK(arff_error("@relation x\n@attribute a {1,1}\n") == "file: line 2: the class 1 comes twice");
  CHECK(arff_error("@relation x\n@attribute a {1,2\n") == "file: line 2: the list of classes is not closed");
  CHECK(arff_error("hello\n") == "file: line 1: expected @relation, @attribute or @data");
  CHECK(arff_error(kArff + "1,2\n") == "file: line 10: has 2 fields for 3 attributes");
  CHECK(arff_error(kArff + "1,2,strange\n") == "file: line 10: 'strange' is not one of the classes");
  CHECK(arff_error(kArff + "inf,2,odd\n") == "file: line 10, column 1: expected a number, got 'inf'");
  CHECK(arff_error("@relation x\n@attribute {a}\n") == "file: line 2: an @attribute needs a name");
  CHECK(arff_error("@relation x\n@attribute 'a numeric\n") == "file: line 2: a quote is not closed");
}

namespace {

// A file with a reader of its own: its rows of numbers, and how the reader names a file.
struct TextReader {
  std::string name;
  std::string head;  // the text before the rows
  char separator;
  std::function<std::vector<double>(const std::string&)> values;  // of the two columns of each row
};

// Each row of these formats has two values; the series have a label, too.
std::vector<TextReader> text_readers() {
  const auto table = [](const std::string& text) {
    return parse_table(text, "file", {.missing_allowed = true}).values.to_vector<double>();
  };
  const auto series = [](SeriesData data) {
    return to(pad(data.values, {{0, 0}, {0, 2 - data.values.size(1)}}, std::nan("")), Dtype::f64).to_vector<double>();
  };
  return {{"csv", "a,b\n", ',', table},
          {"tsv", "a\tb\n", '\t', table},
          {"csv without names", "", ',', table},
          {"series", "", '\t', [=](const std::string& text) { return series(parse_series_tsv(text, "file")); }},
          {"arff", "@relation r\n@attribute a real\n@attribute b real\n@attribute c {0}\n@data\n", ',',
           [=](const std::string& text) { return series(parse_series_arff(text, "file")); }}};
}

std::string row_of(const TextReader& reader, const std::string& a, const std::string& b) {
  const std::string both = a + reader.separator + b;
  return reader.name == "series" ? std::string("0") + reader.separator + both
         : reader.name == "arff" ? both + reader.separator + "0"
                                 : both;
}

std::string with_line_ends(const std::string& text, const std::string& end) {
  std::string result;
  for (const char c : text) result += c == '\n' ? end : std::string(1, c);
  return result;
}

bool same_numbers(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("all readers of text agree: byte order marks, line ends, blank lines, quotes, missing values, exponents") {
  const double nan = std::nan("");
  struct Field {
    std::string text;
    double value;
  };
  const std::vector<Field> fields{{"2", 2},
                                  {"\"2\"", 2},
                                  {" 2 ", 2},
                                  {"+2", 2},
                                  {"2e0", 2},
                                  {"?", nan},
                                  {"NaN", nan},
                                  {"nan", nan},
                                  {"NA", nan},
                                  {"\"?\"", nan},
                                  {"", nan},
                                  {" ", nan},
                                  {"1e-999", 0},
                                  {"-1e-99999", 0},
                                  {"0e99999", 0},
                                  {"1e-400000000000000000000", 0},
                                  {"0." + std::string(400, '0') + "1", 0},
                                  {"1" + std::string(400, '0') + "e-400", 1}};
  for (const TextReader& reader : text_readers()) {
    CAPTURE(reader.name);
    const std::vector<double> plain{1, 2, 3, 4};
    const std::string text = reader.head + row_of(reader, "1", "2") + "\n" + row_of(reader, "3", "4") + "\n";
    for (const std::string end : {"\n", "\r\n", "\r"})
      for (const std::string mark : {"", "\xef\xbb\xbf"})
        for (const std::string blank : {"", "\n", "\n\n", "  \n"}) {
          CAPTURE(end);
          CHECK(reader.values(mark + with_line_ends(blank + text + blank, end)) == plain);
          CHECK(reader.values(mark + with_line_ends(text.substr(0, text.size() - 1), end)) == plain);
          const std::size_t middle = text.rfind('\n', text.size() - 2) + 1;
          CHECK(reader.values(mark + with_line_ends(text.substr(0, middle) + blank + text.substr(middle), end)) ==
                plain);
        }
    for (const Field& field : fields) {
      CAPTURE(field.text);
      const std::string with = reader.head + row_of(reader, "1", "1") + "\n" + row_of(reader, field.text, "4") + "\n" +
                               row_of(reader, "5", field.text) + "\n";
      CHECK(same_numbers(reader.values(with), {1, 1, field.value, 4, 5, field.value}));
    }
    for (const std::string& odd :
         std::vector<std::string>{"1e999", "-1e999", "1e400000000000000000000", "9" + std::string(400, '0'), "inf", "x",
                                  "1 2", "\"1", "1\"2\"", "\"1\"2", "0x10", "1d5", "1e", "."}) {
      CAPTURE(odd);
      const std::string error =
          error_of([&] { reader.values(reader.head + row_of(reader, "1", "2") + "\n" + row_of(reader, odd, "4")); });
      CHECK(contains(error, "file: line "));
    }
    for (const std::string nothing : {"", "\n", "\xef\xbb\xbf", "\r\n \r\n"})
      CHECK(contains(error_of([&] { reader.values(reader.head + nothing); }), "file: "));
    CHECK(contains(error_of([&] { reader.values("\xff\xfe" + text); }), "file: the text is UTF-16"));
    const std::string long_word(100000, '\x1b');
    const std::string error = error_of([&] { reader.values(text + row_of(reader, long_word, "4")); });
    CHECK(error.size() < 200);
    CHECK_FALSE(contains(error, "\x1b"));
  }
}

TEST_CASE("names and classes in quotes may have separators, braces and quotes") {
  const SeriesData data = parse_series_arff(
      "@relation 'a b'\n@attribute 'x {1}' numeric\n@attribute \"it's\" real\n@attribute c {'p,q', \"r}\", 'it\\'s', "
      "u}\n"
      "@data\n1,2,\"p,q\"\n3,4,'r}'\n5,6,'it\\'s'\n7,8,'u'\n",
      "file");
  CHECK(data.classes == std::vector<std::string>{"p,q", "r}", "it's", "u"});
  CHECK(equal(data.labels, arange(4)));
  CHECK(parse_table("\"a,b\",\"C:\\\"\n1,2\n", "file").columns == std::vector<std::string>{"a,b", "C:\\"});
  const Rows rows{{"a,b", "say \"x\"", " c ", "d"}, {"1", "2", "3", "4"}};
  CHECK(parse_table(to_csv(rows), "file").columns == std::vector<std::string>{"a,b", "say \"x\"", " c ", "d"});
}

TEST_CASE("labels that differ have names that differ") {
  CHECK(parse_series_tsv("1234567\t1\n1234568\t2\n", "file").classes == std::vector<std::string>{"1234567", "1234568"});
}

TEST_CASE("a series file without a value is an error") {
  CHECK(tsv_error("1\tNaN\n2\t?\n") == "file: there is no series with a value");
  CHECK(arff_error(kArff.substr(0, kArff.find("1, 2.5"))) == "file: there is no series with a value");
}

TEST_CASE("series have names of classes, a heading, and the label at either end") {
  for (const bool last : {false, true}) {
    const std::string text =
        last ? "t0,t1,class\n1,2,sick\n3,4,well\n5,6,sick\n" : "class,t0,t1\nsick,1,2\nwell,3,4\nsick,5,6\n";
    const SeriesData data = parse_series_tsv(text, "file", {.label_last = last});
    CHECK(data.classes == std::vector<std::string>{"sick", "well"});
    CHECK(equal(data.labels, Tensor::from<std::int64_t>({0, 1, 0})));
    CHECK(equal(data.values, Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2})));
  }
  CHECK(parse_series_tsv("1.0\t5\n1\t6\n-2\t7\n", "file").classes == std::vector<std::string>{"-2", "1"});
  CHECK(parse_series_tsv("7\t5\n1e999\t6\n", "file").classes == std::vector<std::string>{"7", "1e999"});
  CHECK(parse_series_tsv("1\t5\nb\t6\n-2\t7\n", "file").classes == std::vector<std::string>{"1", "b", "-2"});
}

TEST_CASE("100,000 classes are read in time that follows their number") {
  const auto seconds_of = [](int classes) {
    std::string list;
    for (int i = 0; i < classes; ++i) list += (i == 0 ? "" : ",") + std::to_string(i);
    std::string text = "@relation x\n@attribute a real\n@attribute c {" + list + "}\n@data\n";
    for (int i = 0; i < classes; ++i) text += "1," + std::to_string(i) + "\n";
    const auto start = std::chrono::steady_clock::now();
    CHECK(parse_series_arff(text, "file").classes.size() == static_cast<std::size_t>(classes));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double few = seconds_of(10000), many = seconds_of(100000);
  CHECK(many < 40 * few);  // quadratic time would be 100 times as much
}

TEST_CASE("a line of more fields than a table can have is an error") {
  CHECK(contains(table_error(std::string(kMostFields, ',')), "file: line 1: has more than the 1048576 fields"));
}

TEST_CASE("pictures are read as they were written, and as grey or colour") {
  for (const int channels : {1, 3}) {
    const Image image = small_picture(channels);
    const Image back = decode_png(encode_png(image), "file");
    CHECK(back.width == 3);
    CHECK(back.height == 2);
    CHECK(back.channels == channels);
    CHECK(back.pixels == image.pixels);
  }
  const Image grey = decode_png(encode_png(small_picture(1)), "file", 3);
  CHECK(grey.pixels[3] == 40);
  CHECK(grey.pixels[5] == 40);
  CHECK(decode_png(encode_png(small_picture(3)), "file", 1).pixels.size() == 6);
}

TEST_CASE("a picture cut off, with a flipped bit or with more bytes is an error, or unharmed") {
  const std::string bytes = encode_png(small_picture(3));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(contains(error_of([&] { decode_png(bytes.substr(0, length), "file"); }), "file: "));
  }
  CHECK(contains(error_of([&] { decode_png(bytes + "x", "file"); }), "or more follows"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    CAPTURE(i);
    try {
      const Image image = decode_png(damaged, "file");
      CHECK(image.pixels == small_picture(3).pixels);
    } catch (const Error& error) {
      CHECK(contains(error.what(), "file: "));
    }
  }
  std::string huge = bytes;  // 2^24 pixels wide, with a wrong checksum; either may be the error
  huge[17] = 1;
  CHECK(contains(error_of([&] { decode_png(huge, "file"); }), "file: "));
}

TEST_CASE("PNG files of every kind are read as Pillow reads them") {
  const StateDict pictures = nn::load_npz(test::source_path("tests/reference/data/png.npz"));
  REQUIRE(pictures.size() % 3 == 0);
  CHECK(pictures.size() > 3 * 60);
  for (std::size_t i = 0; i < pictures.size(); i += 3) {
    CAPTURE(pictures[i].first);
    const auto file = pictures[i].second.to_vector<std::uint8_t>();
    const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
    for (const int channels : {1, 3}) {
      const Tensor& expected = pictures[i + (channels == 1 ? 1 : 2)].second;
      const Image image = decode_png(bytes, "file", channels);
      CHECK(image.channels == channels);
      CHECK(image.height == expected.size(0));
      CHECK(image.width == expected.size(1));
      CHECK(image.pixels == expected.to_vector<std::uint8_t>());
    }
  }
}

TEST_CASE("what a picture unpacks to has a limit that can be raised") {
  const std::string bytes = encode_png({4000, 4000, 1, std::vector<std::uint8_t>(16'000'000)});
  CHECK(bytes.size() < 50'000);
  const std::uint64_t usual = nn::unpack_limit();
  nn::set_unpack_limit(15'999'999);
  CHECK(contains(error_of([&] { decode_png(bytes, "file"); }), "file: its "));
  CHECK(contains(error_of([&] { decode_png(bytes, "file"); }), "unpack to 16000000 or more, and 15999999 are allowed"));
  nn::set_unpack_limit(16'000'000);
  CHECK(decode_png(bytes, "file").width == 4000);
  nn::set_unpack_limit(usual);
}

TEST_CASE("a folder of pictures is a data set, in the order of names; other files are errors") {
  const TemporaryFolder folder;
  for (const char* name : {"dog/2.png", "dog/1.png", "cat/x.png"}) write(folder / name, encode_png(small_picture(1)));
  write(folder / ".hidden", "");
  const PictureFolder data = read_picture_folder(folder.path());
  CHECK(data.images.shape() == Shape{3, 1, 2, 3});
  CHECK(data.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(data.files == std::vector<std::string>{"cat/x.png", "dog/1.png", "dog/2.png"});
  CHECK(equal(data.labels, Tensor::from<std::int64_t>({0, 1, 1})));
  CHECK(data.images.to_vector<float>()[1] == 40.0f / 255);
  CHECK(read_picture_folder(folder / "dog", 3).images.shape() == Shape{2, 3, 2, 3});
  CHECK(read_picture_folder(folder / "dog").labels.numel() == 0);

  write(folder / "cat/y.png", encode_png(small_picture(1, 4, 4)));
  CHECK(contains(error_of([&] { read_picture_folder(folder.path()); }),
                 "cat/y.png: is 4 x 4 pixels, but those before it 3 x 2"));
  write(folder / "cat/y.png", "no");
  CHECK(contains(error_of([&] { read_picture_folder(folder.path()); }), "cat/y.png: byte 0: expected PNG's signature"));
  std::filesystem::remove(folder / "cat/y.png");
  write(folder / "cat/notes.txt", "");
  CHECK(
      contains(error_of([&] { read_picture_folder(folder.path()); }), "cat/notes.txt: is no .png, .jpg or .jpeg file"));
  std::filesystem::remove(folder / "cat/notes.txt");
  write(folder / "stray.png", "");
  CHECK(contains(error_of([&] { read_picture_folder(folder.path()); }), "stray.png: expected nothing but folders"));
  CHECK(contains(error_of([&] { read_picture_folder(folder / "none"); }), "cannot be read as a folder"));
}

TEST_CASE("--data folder uses the folders train and test, or splits one folder") {
  const TemporaryFolder folder;
  for (int i = 0; i < 10; ++i)
    for (const char* name : {"all/a/", "all/b/", "two/train/a/", "two/test/a/"})
      write(folder / (name + std::to_string(i) + ".png"), encode_png(small_picture(3)));
  const ImageData one = load_images({.name = "folder", .folder = folder / "all", .grey = true});
  CHECK(one.train_images.shape() == Shape{14, 6});
  CHECK(one.validation_images.shape() == Shape{2, 6});
  CHECK(one.image_shape() == Shape{1, 2, 3});
  CHECK(one.test_images.shape() == Shape{4, 6});
  CHECK(one.test_labels.shape() == Shape{4});
  CHECK(one.classes == std::vector<std::string>{"a", "b"});
  CHECK(one.width == 3);
  const ImageData two = load_images({.name = "folder", .folder = folder / "two", .limit = 4});
  CHECK(two.train_images.shape() == Shape{4, 18});
  CHECK(two.image_shape() == Shape{3, 2, 3});
  CHECK(contains(error_of([] { load_images({.name = "folder"}); }), "--data-dir must say where"));
}

TEST_CASE("pictures of different sizes are stretched to one on request") {
  const TemporaryFolder folder;
  const auto picture = [](int width, int height) {
    Image image{.width = width, .height = height, .channels = 1, .pixels = {}};
    for (int i = 0; i < width * height; ++i) image.pixels.push_back(i % width < width / 2 ? 0 : 255);  // dark left half
    return encode_png(image);
  };
  for (int i = 0; i < 6; ++i) write(folder / (std::to_string(i) + ".png"), picture(8 + 4 * i, 4 + 2 * i));
  CHECK(contains(error_of([&] { load_images({.name = "folder", .folder = folder.path()}); }),
                 "--resize makes all equal"));
  for (const auto& [height, width] : {std::pair{2, 4}, {8, 16}, {30, 40}}) {
    const ImageData data =
        load_images({.name = "folder", .folder = folder.path(), .resize = {.height = height, .width = width}});
    CHECK(data.image_shape() == Shape{1, height, width});
    const Tensor images = reshape(data.train_images, {-1, height, width});
    CHECK(max(abs(slice(images, 2, 0, width / 4))).item() == 0);
    CHECK(min(slice(images, 2, width - width / 4, width)).item() == doctest::Approx(1));
  }
  CHECK(contains(error_of([&] { load_images({.name = "generated", .resize = {.height = 2, .width = 2}}); }),
                 "is for pictures of your own"));
}

TEST_CASE("a split has every row once, by the seed; a validation set does not change the test set") {
  const Split split = split_rows(103, {.validation = 0.2, .test = 0.1, .seed = 4});
  CHECK(split.train.numel() == 72);
  CHECK(split.validation.numel() == 21);
  CHECK(split.test.numel() == 10);
  CHECK(equal(sort(concat({split.train, split.validation, split.test}, 0)).values, arange(103)));
  CHECK(equal(split_rows(103, {.validation = 0, .test = 0.1, .seed = 4}).test, split.test));
  CHECK_FALSE(equal(split_rows(103, {.validation = 0, .test = 0.1, .seed = 5}).test, split.test));
  CHECK(split_rows(0).train.numel() == 0);
  CHECK(error_of([] { split_rows(5, {.validation = 0.6, .test = 0.5}); }) ==
        "split: the parts must not be negative, nor more than 1 together, got 0.6 and 0.5");

  std::vector<std::int64_t> labels;
  for (int i = 0; i < 200; ++i) labels.push_back(i % 10 == 0 ? 7 : 2);
  const Split by_class = split_by_class(Tensor::from(labels), {.validation = 0.25, .test = 0.25});
  for (const Tensor& rows : {by_class.validation, by_class.test}) {
    int rare = 0;
    for (const std::int64_t row : rows.to_vector<std::int64_t>()) rare += row % 10 == 0 ? 1 : 0;
    CHECK(rare == 5);
    CHECK(rows.numel() == 50);
  }
  CHECK(equal(sort(concat({by_class.train, by_class.validation, by_class.test}, 0)).values, arange(200)));
}

TEST_CASE("scaling learns from the training set, and can be undone") {
  Rng rng(1);
  Tensor x = rng.normal({500, 3}, 4, 2);
  x = concat({x, full({500, 1}, 7)}, 1);  // a column that never changes
  for (const Scaling& scaling : {Scaling::to_unit_variance(x), Scaling::to_unit_interval(x)}) {
    CHECK(allclose(scaling.invert(scaling.apply(x)), x, 1e-5, 1e-5));
    CHECK(equal(slice(scaling.apply(x), 1, 3, 4), zeros({500, 1})));
  }
  CHECK(allclose(mean(Scaling::to_unit_variance(x).apply(x), {0}), zeros({4}), 0, 1e-5));
  CHECK(max(Scaling::to_unit_interval(x).apply(x)).item() == 1);
  CHECK(min(Scaling::to_unit_interval(x).apply(x)).item() == 0);
}

TEST_CASE("transforms move, mirror and cut each image separately") {
  const Tensor x = to(reshape(arange(2 * 3 * 4 * 5), {2, 3, 4, 5}), Dtype::f32) + 1;
  Rng rng(3);
  bool moved = false, mirrored = false, kept = false;
  for (int i = 0; i < 20; ++i) {
    const Tensor y = random_shift(1)(x, rng);
    CHECK(y.shape() == x.shape());
    moved |= !equal(y, x);
    const Tensor z = random_flip()(x, rng);
    for (std::int64_t k = 0; k < 2; ++k) {
      const Tensor one = select(z, 0, k), was = select(x, 0, k);
      mirrored |= equal(one, flip(was, {2}));
      kept |= equal(one, was);
      CHECK((equal(one, was) || equal(one, flip(was, {2}))));
    }
    const Tensor cut = random_crop(2, 3)(x, rng);
    CHECK(cut.shape() == Shape{2, 3, 2, 3});
    const double first = cut.to_vector<float>()[0];  // where the window began
    const auto at = static_cast<std::int64_t>(first) - 1;
    CHECK(equal(select(cut, 0, 0), slice(slice(select(x, 0, 0), 1, at / 5, at / 5 + 2), 2, at % 5, at % 5 + 3)));
  }
  CHECK(moved);
  CHECK(mirrored);
  CHECK(kept);
  const Tensor rows = reshape(x, {6, 20});
  CHECK(on_rows(4, 5, compose({random_shift(2), random_flip()}))(rows, rng).shape() == Shape{6, 20});
  CHECK(contains(error_of([&] { random_crop(9, 9)(x, rng); }), "random_crop: 9 x 9 does not fit into f32[2, 3, 4, 5]"));
  CHECK(contains(error_of([&] { random_flip()(rows, rng); }), "needs images [n, channels, height, width]"));
}

TEST_CASE("windows are views of a series") {
  const Tensor series = reshape(arange(20), {10, 2});
  const Tensor pieces = windows(series, 4, 3);
  CHECK(pieces.shape() == Shape{3, 4, 2});
  CHECK(equal(select(pieces, 0, 2), slice(series, 0, 6, 10)));
  CHECK(pieces.storage().same_as(series.storage()));
  CHECK(windows(series, 11).shape() == Shape{0, 11, 2});
}

TEST_CASE("a loader's transforms depend on seed, epoch and batch alone") {
  const Tensor rows = reshape(to(arange(600), Dtype::f32), {100, 6});
  const LoaderOptions options{
      .batch_size = 30, .seed = 5, .transform = [](const Tensor& x, Rng& rng) { return x + rng.normal(x.shape()); }};
  const Loader loader(rows, {}, options);
  std::vector<Tensor> all, rest;
  for (const Batch& batch : loader.epoch(2)) all.push_back(batch.images);
  for (const Batch& batch : loader.epoch(2, 2)) rest.push_back(batch.images);
  REQUIRE(all.size() == 4);
  REQUIRE(rest.size() == 2);
  CHECK(equal(rest[0], all[2]));
  CHECK(equal(rest[1], all[3]));
  for ([[maybe_unused]] const Batch& batch : loader.epoch(2, 9)) FAIL("there is no such batch");
}
