// SPDX-License-Identifier: MIT
// Whole photographs: reading sets of them, training crops, and the programs that learn from them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/metrics/images.h"
#include "examples/support/photos.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/examples/example_runs.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// Pixel (c, y, x) is 100 c + 10 y + x, so that each tells where it comes from.
Photo numbered(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Tensor pixels({channels, height, width}, Dtype::u8);
  std::uint8_t* to = pixels.mutable_data<std::uint8_t>();
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) *to++ = static_cast<std::uint8_t>(100 * c + 10 * y + x);
  return {"numbered", pixels};
}
std::int64_t at(const Tensor& crops, std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
  return std::lround(255 * select(select(select(select(crops, 0, n), 0, c), 0, y), 0, x).item());
}

// Pictures of several sizes and kinds, and what is no picture: folder/a.png (grey), folder/b/c.png (colour), ...
void write_pictures(const TemporaryFolder& folder, int count) {
  for (int i = 0; i < count; ++i) {
    const Photo photo = generate_photos(1, i % 2 == 0 ? 3 : 1, static_cast<std::uint64_t>(i)).front();
    const std::string name = (i % 3 == 0 ? "deep/er/" : "") + std::string(1, static_cast<char>('a' + i)) + ".png";
    write(folder / name, encode_png(to_image(values_of(photo))));
  }
  write(folder / "notes.txt", "no picture");
  write(folder / ".hidden.png", "nor this");
}

struct Finished {
  int code;
  std::string said;
};
Finished denoise(const std::vector<std::string>& flags) {
  const TemporaryFolder folder;
  const int code = Process("denoise_photos", flags + std::vector<std::string>{"--threads", "1"}, folder / "log").wait();
  return {code, nn::read_file(folder / "log")};
}
const std::vector<std::string> kFewSteps{"--data", "generated", "--limit",      "3", "--width", "8", "--levels", "2",
                                         "--crop", "32",        "--batch-size", "4", "--quiet"};

}  // namespace

TEST_CASE("a crop is a part of its picture, in one of eight positions") {
  const std::vector<Photo> photos{numbered(2, 9, 7)};
  Rng rng(1);
  const Tensor crops = random_crops(photos, 200, 3, rng);
  CHECK(crops.shape() == Shape{200, 2, 3, 3});
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;
  std::vector<std::int64_t> corners;
  for (std::int64_t n = 0; n < 200; ++n) {
    CAPTURE(n);
    const std::int64_t first = at(crops, n, 0, 0, 0), down = at(crops, n, 0, 1, 0) - first,
                       right = at(crops, n, 0, 0, 1) - first;
    // The other pixels follow, and so does the other channel.
    for (std::int64_t y = 0; y < 3; ++y)
      for (std::int64_t x = 0; x < 3; ++x) {
        const std::int64_t pixel = at(crops, n, 0, y, x);
        CHECK(pixel == first + y * down + x * right);
        CHECK(at(crops, n, 1, y, x) == pixel + 100);
        CHECK(pixel / 10 < 9);
        CHECK(pixel % 10 < 7);
      }
    const std::int64_t one_row = std::abs(down) == 10 ? std::abs(right) : std::abs(down);
    CHECK(one_row == 1);
    steps.emplace_back(down, right);
    corners.push_back(std::min({first, first + 2 * down, first + 2 * right, first + 2 * down + 2 * right}));
  }
  const auto different = [](auto list) {
    std::sort(list.begin(), list.end());
    return std::unique(list.begin(), list.end()) - list.begin();
  };
  CHECK(different(steps) == 8);
  CHECK(different(corners) == 7 * 5);  // every place is met
  Rng upright(1);
  const Tensor plain = random_crops(photos, 20, 3, upright, false);
  for (std::int64_t n = 0; n < 20; ++n) CHECK(at(plain, n, 0, 1, 2) - at(plain, n, 0, 0, 0) == 12);
}

TEST_CASE("pictures are chosen by their size, and small ones are reflected") {
  std::vector<Photo> photos{{"black", zeros({1, 10, 10}, Dtype::u8)}, {"white", full({1, 30, 10}, 255.0, Dtype::u8)}};
  Rng rng(2);
  CHECK(mean(random_crops(photos, 4000, 4, rng)).item() == doctest::Approx(0.75).epsilon(0.03));
  const Tensor crop = random_crops({numbered(1, 2, 3)}, 1, 7, rng, false);
  std::vector<std::int64_t> row, column;
  for (std::int64_t i = 0; i < 7; ++i) {
    row.push_back(at(crop, 0, 0, 0, i));
    column.push_back(at(crop, 0, 0, i, 0));
  }
  CHECK(row == std::vector<std::int64_t>{0, 1, 2, 2, 1, 0, 0});
  CHECK(column == std::vector<std::int64_t>{0, 10, 10, 0, 0, 10, 10});
  CHECK(random_crops(photos, 0, 4, rng).shape() == Shape{0, 1, 4, 4});
  CHECK(error_of([&] { random_crops({}, 1, 4, rng); }).find("there are no pictures") != std::string::npos);
  photos.push_back(numbered(3, 9, 9));
  CHECK(error_of([&] { random_crops(photos, 1, 4, rng); }).find("numbered: is u8[3, 9, 9]") != std::string::npos);
}

TEST_CASE("crops depend on the seed, the epoch and the number of the batch alone") {
  const std::vector<Photo> photos = generate_photos(3, 3);
  const CropOptions options{.size = 16, .per_epoch = 20, .batch_size = 8, .seed = 5};
  const auto batches = [&](const CropOptions& of, std::int64_t epoch, std::int64_t first) {
    std::vector<Tensor> all;
    const Loader loader = crops_of(photos, of);
    for (const Batch& batch : loader.epoch(epoch, first)) all.push_back(batch.images);
    return all;
  };
  const std::vector<Tensor> once = batches(options, 4, 0), rest = batches(options, 4, 1);
  REQUIRE(once.size() == 3);
  CHECK(once[0].shape() == Shape{8, 3, 16, 16});
  CHECK(once[2].shape() == Shape{4, 3, 16, 16});
  REQUIRE(rest.size() == 2);
  CHECK(equal(rest[0], once[1]));
  CHECK(equal(rest[1], once[2]));
  CHECK_FALSE(equal(batches(options, 5, 0)[0], once[0]));
  CropOptions other = options;
  other.seed = 6;
  CHECK_FALSE(equal(batches(other, 4, 0)[0], once[0]));
}

TEST_CASE("reduced pictures are averages of squares") {
  const Photo photo = numbered(1, 5, 9);
  const Photo half = reduced(photo, 5);
  CHECK(half.pixels.shape() == Shape{1, 2, 4});
  CHECK(half.pixels.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{6, 8, 10, 12, 26, 28, 30, 32});  // 5.5 up
  CHECK(equal(reduced(photo, 9).pixels, photo.pixels));
  CHECK(equal(reduced(photo, 0).pixels, photo.pixels));
  CHECK(reduced(numbered(1, 1, 9), 3).pixels.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 4, 7});
}

TEST_CASE("a picture becomes bytes and is the same again") {
  const Photo photo = generate_photos(1, 3).front();
  const Image image = to_image(values_of(photo));
  CHECK(image.channels == 3);
  const TemporaryFolder folder;
  write(folder / "p.png", encode_png(image));
  CHECK(equal(read_photo({folder / "p.png", "p"}, {}).pixels, photo.pixels));
  CHECK(to_image(Tensor::from<float>({-1, 2, NAN, 0.5f}, {1, 2, 2})).pixels ==
        std::vector<std::uint8_t>{0, 255, 0, 128});
  CHECK(error_of([] { to_image(zeros({2, 3, 3})); }).find("to_image") != std::string::npos);
  CHECK(equal(middle_of(reshape(arange(12), {1, 2, 6}), 2), Tensor::from<std::int64_t>({2, 3, 8, 9}, {1, 2, 2})));
}

TEST_CASE("folders are walked to the bottom, and what is no picture is named or skipped") {
  const TemporaryFolder folder;
  write_pictures(folder, 6);
  std::filesystem::create_symlink(folder / "b.png", folder / "again.png");
  const std::vector<PhotoFile> files = find_photos({folder.path()});
  std::vector<std::string> names;
  for (const PhotoFile& file : files) names.push_back(file.name);
  CHECK(names == std::vector<std::string>{"again.png", "c.png", "deep/er/a.png", "deep/er/d.png", "e.png", "f.png"});
  const std::vector<Photo> photos = read_photos(files, {});
  for (const Photo& photo : photos) CHECK(photo.pixels.size(0) == 3);  // grey ones became coloured
  CHECK(read_photos(files, {.channels = 1})[1].pixels.size(0) == 1);

  write(folder / "z.jpg", "no picture at all");
  const std::vector<PhotoFile> more = find_photos({folder.path()});
  CHECK(error_of([&] { read_photos(more, {}); }).find("z.jpg: is no PNG and no JPEG picture") != std::string::npos);
  const Captured errors(std::cerr);
  CHECK(read_photos(more, {.skip_unreadable = true}).size() == 6);
  CHECK(contains(errors.text(), "skipped: "));
  CHECK(contains(errors.text(), "z.jpg"));
  CHECK(error_of([&] { find_photos({folder / "absent"}); }).find("no such file") != std::string::npos);
  const TemporaryFolder empty;
  CHECK(error_of([&] { find_photos({empty.path()}); }).find("has no .png") != std::string::npos);
}

TEST_CASE("whole pictures are held out, always the same ones") {
  const TemporaryFolder folder;
  write_pictures(folder, 10);
  const PhotoSet set = load_photos({.name = folder.path().string()}),
                 again = load_photos({.name = folder.path().string()});
  CHECK(set.train.size() == 7);
  CHECK(set.validation.size() == 1);
  CHECK(set.test.size() == 2);
  std::vector<std::string> names;
  for (const auto* part : {&set.train, &set.validation, &set.test})
    for (const Photo& photo : *part) names.push_back(photo.name);
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
  CHECK(again.test[0].name == set.test[0].name);
  CHECK(again.validation[0].name == set.validation[0].name);
  CHECK(load_photos({.name = folder.path().string(), .grey = true}).train[0].pixels.size(0) == 1);
  const PhotoSet small = load_photos({.name = folder.path().string()}, 64);
  CHECK(std::max(small.train[0].height(), small.train[0].width()) <= 64);

  const TemporaryFolder two;
  write_pictures(two, 2);
  CHECK(error_of([&] { load_photos({.name = two.path().string()}); }).find("at least three") != std::string::npos);
  const TemporaryFolder divided;
  for (const char* part : {"train", "test"})
    for (const char* name : {"1.png", "2.png"})
      write(divided / (std::string(part) + "/" + name),
            encode_png(to_image(values_of(generate_photos(1, 1, name[0]).front()))));
  const PhotoSet given = load_photos({.name = divided.path().string()});
  CHECK(given.train.size() == 1);
  CHECK(given.test.size() == 2);
  CHECK(given.channels == 1);
}

TEST_CASE("generated pictures look like photographs at every scale") {
  const std::vector<Photo> photos = generate_photos(4, 3), fewer = generate_photos(2, 3);
  CHECK(equal(photos[1].pixels, fewer[1].pixels));
  set_num_threads(2);
  CHECK(equal(generate_photos(4, 3)[3].pixels, photos[3].pixels));
  set_num_threads(1);
  // Flat regions and sharp edges: the differences of neighbours have heavy tails (a normal distribution has 3).
  for (const Photo& photo : photos) {
    const Tensor x = mean(to(values_of(photo), Dtype::f64), {0}),
                 d = slice(x, 1, 1, x.size(1)) - slice(x, 1, 0, x.size(1) - 1);
    CHECK(mean(square(square(d))).item() / std::pow(mean(square(d)).item(), 2) > 6);
    CHECK(stddev(x).item() > 0.08);
  }
}

TEST_CASE("denoise_photos: what was learnt from crops removes noise from whole pictures") {
  const TemporaryFolder out;
  const test::Json summary =
      summary_of("denoise_photos", kFewSteps + std::vector<std::string>{"--epochs", "3", "--lr", "0.003"}, out);
  CHECK(figure(summary, "noisy_psnr") == doctest::Approx(20.3).epsilon(0.02));  // 20 log10(255 / 25) = 20.17, clamped
  CHECK(figure(summary, "test_psnr") > figure(summary, "noisy_psnr") + 2);
  const std::vector<double> psnrs = column_in(out, "methods", "PSNR");
  CHECK(psnrs.size() == 8);
  for (std::size_t i = 1; i < psnrs.size(); ++i) CHECK(psnrs[i] > psnrs[0]);  // each opponent does something
}

TEST_CASE("denoise_photos --apply leaves a picture of the same size, without its noise") {
  const TemporaryFolder folder;
  REQUIRE(denoise(kFewSteps + std::vector<std::string>{"--epochs", "3", "--lr", "0.003", "--out", folder / "trained"})
              .code == 0);
  const Photo photo = generate_photos(1, 3, 99).front();
  const Tensor clean = slice(values_of(photo), 2, 0, 101);
  Rng rng(1);
  const Tensor noisy = clean + rng.normal(clean.shape(), 0, 25.0 / 255);
  write(folder / "in/a.png", encode_png(to_image(noisy)));
  write(folder / "in/more/a.png", encode_png(to_image(slice(noisy, 0, 0, 1))));
  write(folder / "a.jpg", "no picture");
  const std::vector<std::string> flags{"--apply",        folder / "in",     folder / "in/a.png",
                                       folder / "a.jpg", "--model",         folder / "trained",
                                       "--out",          folder / "applied"};
  const Finished refused = denoise(flags);
  CHECK(refused.code == 2);
  CHECK(contains(refused.said, "a.jpg: is no PNG and no JPEG picture"));
  const Finished finished = denoise(flags + std::vector<std::string>{"--skip-unreadable", "--overwrite"});
  REQUIRE_MESSAGE(finished.code == 0, finished.said);
  const Photo result = read_photo({folder / "applied/a.png", "a"}, {});
  CHECK(result.pixels.shape() == clean.shape());
  CHECK(psnr(unsqueeze(values_of(result), 0), unsqueeze(clean, 0)).item() >
        psnr(unsqueeze(clamp(noisy, 0, 1), 0), unsqueeze(clean, 0)).item() + 2);
  CHECK(std::filesystem::exists(folder / "applied/more/a.png"));
  CHECK(contains(denoise({"--apply", folder / "in", "--model", folder / "trained", "--noise", "50"}).said,
                 "trained with 25"));
}

TEST_CASE("super_resolve: pictures become twice as large, and better than by interpolation") {
  const TemporaryFolder out;
  const std::vector<std::string> flags{"--data", "generated",    "--limit", "3",    "--width", "8",        "--levels",
                                       "1",      "--batch-size", "4",       "--lr", "0.003",   "--epochs", "2"};
  const test::Json summary = summary_of("super_resolve", flags, out);
  CHECK(figure(summary, "gain_over_bicubic") > 0.3);
  const std::vector<double> psnrs = column_in(out, "methods", "PSNR");
  REQUIRE(psnrs.size() == 4);  // repeated, bicubic, linear, network
  CHECK(psnrs[1] > psnrs[0] + 1);
  CHECK(psnrs[2] > psnrs[1]);

  const Photo photo = generate_photos(1, 3, 98).front();
  write(out / "small.png", encode_png(to_image(slice(values_of(photo), 1, 0, 51))));
  const int code =
      Process("super_resolve",
              {"--apply", out / "small.png", "--model", out / "out", "--out", out / "large", "--quiet"}, out / "log")
          .wait();
  REQUIRE_MESSAGE(code == 0, nn::read_file(out / "log"));
  CHECK(read_photo({out / "large/small.png", "small"}, {}).pixels.shape() == Shape{3, 102, 2 * photo.width()});
}
