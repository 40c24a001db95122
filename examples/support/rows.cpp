// SPDX-License-Identifier: MIT
#include "examples/support/rows.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "examples/support/fields.h"
#include "examples/support/idx.h"
#include "examples/support/series.h"
#include "examples/support/split.h"
#include "examples/support/table.h"
#include "examples/support/text.h"
#include "nn/npy.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

// As [n, channels, height, width]. Bytes become numbers from 0 to 1.
Tensor as_pictures(const Tensor& x, const std::string& name, const Shape& row) {
  const auto is_colour = [&](int axis) { return x.size(axis) == 1 || x.size(axis) == 3; };
  check(x.dim() >= 2 && x.dim() <= 4 && (x.dim() < 4 || is_colour(1) || is_colour(3)), name,
        "expected [n, d], [n, h, w], [n, h, w, channels] or [n, channels, h, w] with 1 or 3 channels, got ",
        describe(x));
  Tensor y = x;
  if (x.dim() == 4 && !is_colour(1)) y = contiguous(permute(x, {0, 3, 1, 2}));
  else if (x.dim() == 3) y = unsqueeze(x, 1);
  else if (x.dim() == 2 && row.size() == 3 && numel(row) == x.size(1))
    y = reshape(x, {x.size(0), row[0], row[1], row[2]});
  else if (x.dim() == 2) y = reshape(x, {x.size(0), 1, 1, x.size(1)});
  const Tensor numbers = to(y, Dtype::f32);
  return x.dtype() == Dtype::u8 ? numbers / 255 : numbers;
}

// Classes from texts: sorted, as numbers if all are numbers.
void set_labels(FileRows& rows, const std::vector<std::string>& texts) {
  std::map<std::string, std::int64_t> places;
  for (const std::string& text : texts) places.emplace(text, 0);
  rows.classes.clear();
  for (const auto& [text, place] : places) rows.classes.push_back(text);
  if (std::all_of(rows.classes.begin(), rows.classes.end(), number_in))
    std::stable_sort(rows.classes.begin(), rows.classes.end(),
                     [](const std::string& a, const std::string& b) { return *number_in(a) < *number_in(b); });
  for (std::size_t i = 0; i < rows.classes.size(); ++i) places[rows.classes[i]] = static_cast<std::int64_t>(i);
  std::vector<std::int64_t> labels;
  for (const std::string& text : texts) labels.push_back(places[text]);
  rows.labels = Tensor::from(labels);
}

// The shape of a row, for messages.
Shape row_shape(const FileRows& rows) { return {rows.values.size(1), rows.values.size(2), rows.values.size(3)}; }

FileRows read_folder(const fs::path& path, const RowOptions& options) {
  PictureFolder folder = read_picture_folder(path, options.channels, options.resize);
  FileRows rows{.values = folder.images, .labels = folder.labels, .classes = folder.classes};
  for (const std::string& file : folder.files) rows.names.push_back((path / file).string());
  return rows;
}

FileRows read_series_rows(const fs::path& path, const Shape& row) {
  SeriesData data = read_series(path);
  check(all(isfinite(data.values)).item() != 0, path.string(), "needs series of equal length, without gaps");
  return {.values = as_pictures(data.values, path.string(), row),
          .labels = data.labels,
          .classes = std::move(data.classes)};
}

FileRows rows_of_npz(const fs::path& path, const StateDict& arrays, const RowOptions& options) {
  check(arrays.size() == 1, path.string(), "expected a single array, got ", arrays.size());
  return {.values = as_pictures(arrays[0].second, path.string(), options.row)};
}

FileRows read_one(const fs::path& path, const RowOptions& options) {
  if (fs::is_directory(path)) return read_folder(path, options);
  const std::string name = path.string(), ending = lower(path.extension().string());
  if (ending == ".npy") return {.values = as_pictures(nn::load_npy(path), name, options.row)};
  if (ending == ".npz") return rows_of_npz(path, nn::load_npz(path), options);
  if (name.ends_with("-ubyte") || name.ends_with("-ubyte.gz"))
    return {.values = as_pictures(read_idx(path), name, options.row)};
  const bool is_table = ending == ".csv" || ending == ".tsv" || ending == ".txt";
  if (options.series && (is_table || ending == ".arff")) return read_series_rows(path, options.row);
  check(is_table, name,
        "is none of the files that are known: .png, .jpg, .jpeg, .npy, .npz, .csv, .tsv, .txt, -ubyte, a folder");
  // A file to which a model is applied need not have the classes.
  Table table = read_table(path, {.label = options.label, .label_optional = options.label_optional});
  FileRows rows{.values = as_pictures(table.values, name, options.row), .columns = std::move(table.columns)};
  if (!table.labels.empty()) set_labels(rows, table.labels);
  return rows;
}

void check_rows(const FileRows& rows, const std::string& name) {
  check(rows.values.numel() > 0, name, "holds no rows, got ", describe(rows.values));
  check(all(isfinite(rows.values)).item() != 0, name, "has values that are missing or not finite");
}

// Rows below rows. Classes by name, so that files may have them in any order.
void append(FileRows& all, FileRows more, const std::string& name) {
  check(row_shape(all) == row_shape(more), name, "each row is ", row_shape(more), ", but in the files before ",
        row_shape(all));
  check(all.classes.empty() == more.classes.empty(), name, "some files have classes and others not");
  all.values = concat({all.values, more.values}, 0);
  if (more.classes.empty()) return;
  std::vector<std::string> texts;
  for (const FileRows* rows : {&std::as_const(all), &std::as_const(more)})
    for (const std::int64_t label : rows->labels.to_vector<std::int64_t>())
      texts.push_back(rows->classes[static_cast<std::size_t>(label)]);
  set_labels(all, texts);
}

FileRows taken(const FileRows& rows, const Tensor& which) {
  FileRows part = rows;
  part.values = index_select(rows.values, 0, which);
  if (!rows.classes.empty()) part.labels = index_select(rows.labels, 0, which);
  part.names.clear();
  if (!rows.names.empty())
    for (const std::int64_t row : which.to_vector<std::int64_t>())
      part.names.push_back(rows.names[static_cast<std::size_t>(row)]);
  return part;
}

FileSet read_keras(const fs::path& path, const StateDict& arrays) {
  const auto part = [&](const std::string& which) {
    FileRows rows;
    for (const auto& [name, array] : arrays) {
      if (name == "x_" + which) rows.values = as_pictures(array, path.string() + ": " + name, {});
      if (name == "y_" + which) rows.labels = to(flatten(array), Dtype::i64);
    }
    check(rows.values.dim() == 4, path.string(), "there is no array x_", which);
    if (rows.labels.numel() == 0) return rows;
    check(rows.labels.numel() == rows.values.size(0), path.string(), "x_", which, " has ", rows.values.size(0),
          " rows, y_", which, " ", rows.labels.numel());
    std::vector<std::string> texts;
    for (const std::int64_t label : rows.labels.to_vector<std::int64_t>()) texts.push_back(std::to_string(label));
    set_labels(rows, texts);
    return rows;
  };
  return {part("train"), part("test")};
}

}  // namespace

FileRows read_rows(const std::vector<fs::path>& paths, const RowOptions& options) {
  check(!paths.empty(), "files", "needs at least one");
  // Single pictures are read together, so that all get colour if one has it.
  std::vector<fs::path> pictures;
  std::vector<FileRows> parts;
  std::vector<std::string> part_names;
  for (const fs::path& path : paths) {
    check(fs::exists(path), path.string(), "there is no such file");
    if (!fs::is_directory(path) && is_picture(path)) {
      pictures.push_back(path);
      continue;
    }
    parts.push_back(read_one(path, options));
    part_names.push_back(path.string());
  }
  if (!pictures.empty()) {
    FileRows rows{.values = read_pictures(pictures, options.channels, options.resize)};
    for (const fs::path& picture : pictures) rows.names.push_back(picture.string());
    parts.insert(parts.begin(), std::move(rows));
    part_names.insert(part_names.begin(), pictures.front().string());
  }
  FileRows all = std::move(parts[0]);
  check_rows(all, part_names[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    check_rows(parts[i], part_names[i]);
    if (all.names.empty() != parts[i].names.empty()) all.names.clear();
    else all.names.insert(all.names.end(), parts[i].names.begin(), parts[i].names.end());
    append(all, std::move(parts[i]), part_names[i]);
  }
  return all;
}

namespace {

// As its maker divided it, or else by chance.
FileSet divided(const fs::path& path, const RowOptions& options, std::uint64_t seed) {
  if (fs::is_directory(path / "train") && fs::is_directory(path / "test")) {
    FileRows train = read_folder(path / "train", options);
    RowOptions alike = options;
    alike.channels = static_cast<int>(train.values.size(1));
    return {std::move(train), read_folder(path / "test", alike)};
  }
  const bool is_npz = lower(path.extension().string()) == ".npz";
  const StateDict arrays = is_npz ? nn::load_npz(path) : StateDict();
  if (arrays.size() > 1) return read_keras(path, arrays);
  FileRows rows = is_npz ? rows_of_npz(path, arrays, options) : read_rows({path}, options);
  check_rows(rows, path.string());
  const Split split = split_rows(rows.values.size(0), {.validation = 0, .test = 0.2, .seed = seed});
  return {taken(rows, split.train), taken(rows, split.test)};
}

}  // namespace

FileSet read_set(const fs::path& path, const RowOptions& options, std::uint64_t seed) {
  const std::string name = path.string();
  FileSet set = divided(path, options, seed);
  check(set.train.values.numel() > 0 && set.test.values.numel() > 0, name,
        "has too few rows or pictures to learn from and to test on");
  check_rows(set.train, name);
  check_rows(set.test, name);
  check(set.train.classes == set.test.classes && row_shape(set.train) == row_shape(set.test), name,
        "training and test set must have the same classes, and rows or pictures of one size");
  return set;
}

}  // namespace hourglass::examples
