// SPDX-License-Identifier: MIT
// Rows of numbers from files of every kind.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/datasets.h"
#include "examples/support/png.h"
#include "examples/support/rows.h"
#include "examples/support/table.h"
#include "nn/npy.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Tensor bytes(const Shape& shape) { return to(Rng(2).randint(shape, 0, 256), Dtype::u8); }

}  // namespace

TEST_CASE("arrays of every layout become [n, channels, height, width]") {
  const TemporaryFolder folder;
  struct Case {
    Shape saved, read;
  };
  for (const auto& [saved, read] :
       {Case{{5, 6}, {5, 1, 1, 6}}, Case{{5, 4, 6}, {5, 1, 4, 6}}, Case{{5, 3, 4, 6}, {5, 3, 4, 6}},
        Case{{5, 4, 6, 3}, {5, 3, 4, 6}}, Case{{5, 4, 6, 1}, {5, 1, 4, 6}}}) {
    const Tensor x = bytes(saved);
    nn::save_npy(folder / "x.npy", x);
    const FileRows rows = read_rows({folder / "x.npy"});
    CHECK(rows.values.shape() == read);
    CHECK(max(rows.values).item() <= 1);
    const Tensor last = saved.size() == 4 && saved[3] != 6 ? permute(x, {0, 3, 1, 2}) : x;
    CHECK(equal(flatten(rows.values), flatten(to(last, Dtype::f32)) / 255));
  }
  nn::save_npy(folder / "flat.npy", Rng(1).uniform({2, 12}));
  CHECK(read_rows({folder / "flat.npy"}, {.row = {1, 3, 4}}).values.shape() == Shape{2, 1, 3, 4});
  CHECK(read_rows({folder / "flat.npy"}, {.row = {1, 3, 5}}).values.shape() == Shape{2, 1, 1, 12});
  for (const Shape& wrong : {Shape{5}, Shape{5, 4, 6, 2}, Shape{1, 1, 1, 1, 1}}) {
    nn::save_npy(folder / "wrong.npy", zeros(wrong));
    CHECK(contains(error_of([&] { read_rows({folder / "wrong.npy"}); }), "wrong.npy: expected [n, d]"));
  }
}

TEST_CASE("files are put together if they agree") {
  const TemporaryFolder folder;
  const Image picture{.width = 6, .height = 4, .channels = 1, .pixels = std::vector<std::uint8_t>(24, 51)};
  write_png(folder / "p.png", picture);
  nn::save_npy(folder / "x.npy", full({2, 4, 6}, 0.5));
  const FileRows both = read_rows({folder / "x.npy", folder / "p.png"});
  CHECK(both.values.shape() == Shape{3, 1, 4, 6});  // single pictures come first
  CHECK(both.values.to_vector<float>().front() == doctest::Approx(0.2));
  CHECK(both.names.empty());
  CHECK(read_rows({folder / "p.png"}).names == std::vector<std::string>{folder / "p.png"});

  nn::save_npy(folder / "y.npy", full({2, 4, 5}, 0.5));
  CHECK(contains(error_of([&] {
                   read_rows({folder / "x.npy", folder / "y.npy"});
                 }),
                 "each row is [1, 4, 5], but in the files before [1, 4, 6]"));
  CHECK(contains(error_of([&] { read_rows({folder / "nothing.npy"}); }), "there is no such file"));
  CHECK(contains(error_of([&] { read_rows({write(folder / "a.doc", "x")}); }), "none of the files that are known"));
  nn::save_npy(folder / "empty.npy", zeros({0, 4}));
  CHECK(contains(error_of([&] { read_rows({folder / "empty.npy"}); }), "holds no rows"));
  nn::save_npy(folder / "nan.npy", full({2, 3}, std::numeric_limits<double>::quiet_NaN()));
  CHECK(contains(error_of([&] { read_rows({folder / "nan.npy"}); }), "missing or not finite"));
}

TEST_CASE("the label of a table is found by name or number, and classes are sorted") {
  const auto labels = [](std::string_view text, const std::string& label) {
    return parse_table(text, "t.csv", {.label = label}).labels;
  };
  CHECK(labels("a,kind,b\n1,x,2\n3,y,4\n", "kind") == std::vector<std::string>{"x", "y"});
  CHECK(labels("1,x,2\n3,y,4\n", "2") == std::vector<std::string>{"x", "y"});  // no heading
  CHECK(labels("2,1\n3,4\n", "1") == std::vector<std::string>{"2", "3"});      // by number, though a field is 1
  const Table named = parse_table("a,kind,b\n1,x,2\n", "t.csv", {.label = "kind"});
  CHECK(named.columns == std::vector<std::string>{"a", "b"});
  CHECK(named.values.to_vector<double>() == std::vector<double>{1, 2});
  for (const char* wrong : {"none", "0", "4", "1.5"})
    CHECK(contains(error_of([&] { labels("a,kind,b\n1,x,2\n", wrong); }), "for the label"));
  CHECK(contains(error_of([&] { labels("kind\nx\n", "kind"); }), "the only column"));
  CHECK(parse_table("a,b\n1,2\n", "t.csv", {.label = "kind", .label_optional = true}).labels.empty());

  const TemporaryFolder folder;
  const FileRows rows = read_rows({write(folder / "t.csv", "10,1\n9,2\n10,3\n")}, {.label = "1"});
  CHECK(rows.classes == std::vector<std::string>{"9", "10"});  // as numbers
  CHECK(rows.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0, 1});
  // The second file has the classes in another order, and one more.
  const FileRows more = read_rows({folder / "t.csv", write(folder / "u.csv", "11,1\n10,2\n")}, {.label = "1"});
  CHECK(more.classes == std::vector<std::string>{"9", "10", "11"});
  CHECK(more.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0, 1, 2, 1});
}

TEST_CASE("an .npz with training and test arrays stays divided") {
  const TemporaryFolder folder;
  nn::save_npz(
      folder / "k.npz",
      {{"x_train", bytes({20, 4, 4})}, {"y_train", arange(20)}, {"x_test", bytes({5, 4, 4})}, {"y_test", arange(5)}});
  CHECK(contains(error_of([&] { load_images({.name = folder / "k.npz"}); }), "the same classes"));
  nn::save_npz(folder / "k.npz", {{"x_train", bytes({20, 4, 4})},
                                  {"y_train", remainder(arange(20), 5)},
                                  {"x_test", bytes({5, 4, 4})},
                                  {"y_test", arange(5)}});
  const ImageData data = load_images({.name = folder / "k.npz"});
  CHECK(data.train_images.shape() == Shape{18, 16});
  CHECK(data.test_images.shape() == Shape{5, 16});
  CHECK(data.classes == std::vector<std::string>{"0", "1", "2", "3", "4"});
  nn::save_npz(folder / "one.npz", {{"a", zeros({2, 2})}, {"b", zeros({2, 2})}});
  CHECK(contains(error_of([&] { load_images({.name = folder / "one.npz"}); }), "there is no array x_train"));
}

TEST_CASE("numbers beyond [0, 1] are scaled by the training rows, tables by column and series as a whole") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 50; ++i) text += std::to_string(i) + "," + std::to_string(1000 + 2 * i) + "\n";
  const ImageData data = load_images({.name = write(folder / "t.csv", text)});
  CHECK(data.height == 1);
  CHECK(data.width == 2);
  REQUIRE(data.scaling.has_value());
  for (const Tensor* part : {&data.train_images, &data.validation_images, &data.test_images}) {
    CHECK(min(*part).item() >= 0);
    CHECK(max(*part).item() <= 1);
    const Tensor columns = data.scaling->invert(*part);
    const Tensor first = select(columns, 1, 0), second = select(columns, 1, 1);
    if (part != &data.test_images) CHECK(allclose(second, first * 2 + 1000, 0, 1e-3));  // both columns span [0, 1]
  }
  text.clear();
  for (int i = 0; i < 50; ++i)
    text += (i % 2 == 0 ? "low" : "high") + std::string("\t") + std::to_string(i % 2 * 10 + 1) + "\t-3\t5\n";
  const ImageData series = load_images({.series = write(folder / "s.tsv", text)});
  CHECK(series.width == 3);
  REQUIRE(series.scaling.has_value());
  CHECK(series.scaling->scale().to_vector<float>() == std::vector<float>{14});  // -3 to 11
  CHECK(series.classes == std::vector<std::string>{"low", "high"});
  CHECK(contains(error_of([&] { load_images({.series = write(folder / "r.tsv", "1\t2\t3\n2\t5\tNaN\n1\t6\t7\n")}); }),
                 "needs series of equal length"));
  CHECK(contains(error_of([&] { load_images({.name = "nowhere"}); }), "there is no set and no file 'nowhere'"));
}
