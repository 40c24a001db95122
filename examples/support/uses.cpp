// SPDX-License-Identifier: MIT
#include "examples/support/uses.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "autograd/grad.h"
#include "examples/support/files.h"
#include "examples/support/png.h"
#include "examples/support/text.h"
#include "examples/support/text_table.h"
#include "nn/limits.h"
#include "nn/npy.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

constexpr std::array<std::string_view, 6> kKinds{"codes", "reconstructions", "scores", "samples", "inputs", "labels"};
constexpr std::array<std::string_view, 3> kFormats{"npy", "csv", "png"};

bool is_like_rows(const std::string& what) {
  return what == "reconstructions" || what == "samples" || what == "inputs";
}

Tensor make(const Output& output, const Uses& uses, const OutputRows& rows, std::int64_t samples, Rng& rng) {
  if (output.what == "codes") return of_rows(uses.codes, rows.values);
  if (output.what == "scores") return rows.scores.numel() > 0 ? rows.scores : scores_of(uses, rows.values);
  if (output.what == "labels") return rows.labels;
  if (output.what == "inputs") return rows.values;
  if (output.what == "reconstructions") return of_rows(uses.reconstructions, rows.values);
  const NoGrad no_grad;
  return uses.samples(samples, rng);
}

// A line for each row: its name, and its numbers.
std::string csv_of(const Output& output, const Tensor& x, const OutputRows& rows) {
  const Tensor flat = x.dim() == 1 ? unsqueeze(x, 1) : flatten(x, 1);
  const std::vector<double> numbers = to(flat, Dtype::f64).to_vector<double>();
  const auto width = static_cast<std::size_t>(flat.size(1));
  Rows lines{{"row"}};
  for (std::size_t k = 0; k < width; ++k) {
    if (is_like_rows(output.what) && rows.columns.size() == width) lines[0].push_back(rows.columns[k]);
    else if (width == 1) lines[0].push_back(output.what.substr(0, output.what.size() - 1));
    else lines[0].push_back(join(output.what == "codes" ? "z" : "x", k + 1));
  }
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    lines.push_back({output.what == "samples" ? std::to_string(i + 1) : name_of(rows, i)});
    for (std::size_t k = 0; k < width; ++k)
      lines.back().push_back(number(numbers[static_cast<std::size_t>(i) * width + k], 9));
  }
  return to_csv(lines);
}

void write_pictures(const Tensor& x, const Shape& image, const std::filesystem::path& folder) {
  const auto digits = std::to_string(x.size(0)).size();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const Tensor one = reshape(slice(x, 0, i, i + 1), {1, image[0], image[1], image[2]});
    std::string number = std::to_string(i + 1);
    number.insert(0, digits - number.size(), '0');
    write_file(folder / (number + ".png"), encode_png(image_grid(one, {.columns = 1, .scale = 1, .gap = 0})));
  }
}

}  // namespace

Output output_of(const std::string& file_name, const Uses& uses, bool has_labels) {
  const std::size_t dot = file_name.find('.');
  const Output output{file_name.substr(0, dot), dot == std::string::npos ? "" : file_name.substr(dot + 1)};
  const bool known = std::find(kKinds.begin(), kKinds.end(), output.what) != kKinds.end() &&
                     std::find(kFormats.begin(), kFormats.end(), output.format) != kFormats.end();
  check(known, "--save",
        "expects codes, reconstructions, scores, samples, inputs or labels, with the ending .npy, .csv "
        "or .png, got '",
        nn::one_line(file_name), "'");
  check(output.format != "png" || is_like_rows(output.what), "--save", output.what, " are no pictures");
  const auto able = [&](std::string_view what, bool can) {
    check(output.what != what || can, "--save", "this model has no ", what);
  };
  able("codes", uses.codes != nullptr);
  able("reconstructions", uses.reconstructions != nullptr);
  able("scores", uses.scores != nullptr || uses.reconstructions != nullptr);
  able("samples", uses.samples != nullptr);
  check(output.what != "labels" || has_labels, "--save", "these data have no labels");
  return output;
}

std::vector<std::string> usual_outputs(const Uses& uses) {
  std::vector<std::string> files;
  if (uses.codes) files.emplace_back("codes.npy");
  if (uses.reconstructions) files.emplace_back("reconstructions.npy");
  if (uses.scores || uses.reconstructions) files.emplace_back("scores.csv");
  return files;
}

std::string name_of(const OutputRows& rows, std::int64_t row) {
  return row < std::ssize(rows.names) ? rows.names[static_cast<std::size_t>(row)] : std::to_string(row + 1);
}

Tensor of_rows(const Uses::OfRows& f, const Tensor& rows) {
  const NoGrad no_grad;
  std::vector<Tensor> parts;
  for (const Tensor& some : split(rows, 1000, 0)) parts.push_back(contiguous(f(some)));
  return concat(parts, 0);
}

Tensor scores_of(const Uses& uses, const Tensor& rows) {
  if (uses.scores) return of_rows(uses.scores, rows);
  return of_rows([&](const Tensor& x) { return mean(flatten(square(uses.reconstructions(x) - x), 1), {1}); }, rows);
}

std::string write_output(const Output& output, const Uses& uses, const OutputRows& rows, std::int64_t samples, Rng rng,
                         const std::filesystem::path& folder) {
  Tensor x = make(output, uses, rows, samples, rng);
  const bool is_image = is_like_rows(output.what) && x.dim() == 2 && x.size(1) == numel(rows.image);
  if (output.format == "png") {
    check(is_image, "--save", output.what, " of this program are no pictures");
    write_pictures(x, rows.image, folder / output.what);
    return join(output.what, "/*.png, ", x.size(0), " pictures");
  }
  if (is_like_rows(output.what) && rows.scaling) x = rows.scaling->invert(x);
  const std::string name = output.what + "." + output.format;
  if (output.format == "npy" && is_image && rows.image[1] > 1)
    x = reshape(x, {x.size(0), rows.image[0], rows.image[1], rows.image[2]});
  if (output.format == "csv") write_file(folder / name, csv_of(output, x, rows));
  else nn::save_npy(folder / name, x);
  return join(name, ' ', describe(x));
}

}  // namespace hourglass::examples
