// SPDX-License-Identifier: MIT
#include "examples/support/found.h"

#include <algorithm>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {

Tensor framed(const Tensor& pictures, const Shape& image, const Tensor& marked) {
  check(image.size() == 3 && (image[0] == 1 || image[0] == 3), "framed", "expects pictures of 1 or 3 channels, got ",
        image);
  const std::int64_t n = pictures.size(0), h = image[1], w = image[2];
  const Tensor frame = pad(zeros({1, 1, h, w}), {{2, 2}, {2, 2}}, 1);
  const Tensor red = reshape(Tensor::from<float>({1, 0.25F, 0.1F}), {1, 3, 1, 1});
  const Tensor inside = pad(reshape(pictures, {n, image[0], h, w}), {{2, 2}, {2, 2}});
  return inside + frame * red * reshape(to(marked, Dtype::f32), {n, 1, 1, 1});
}

void draw_found(Run& run, const std::string& name, const FoundPictures& pictures, const std::string& caption) {
  const std::int64_t q = pictures.queries.size(0);
  if (q == 0 || pictures.found.size(0) == 0) return;
  const std::int64_t k = pictures.found.size(0) / q;
  const Tensor rows = concat({reshape(pictures.queries, {q, 1, -1}), reshape(pictures.found, {q, k, -1})}, 1);
  std::vector<std::string> ranks{"query"};
  for (std::int64_t i = 1; i <= k; ++i) ranks.push_back(std::to_string(i));
  run.images(name, framed(flatten(rows, 0, 1), pictures.image, flatten(pad(pictures.wrong, {{0, 0}, {1, 0}}))),
             {.columns = static_cast<int>(k + 1), .scale = 2, .column_labels = ranks}, caption);
}

void draw_neighbours(Run& run, const ImageData& data, const Tensor& chosen, const Tensor& rows,
                     const std::string& caption) {
  const Tensor flat = flatten(rows), labels = reshape(index_select(data.train_labels, 0, flat), rows.shape());
  draw_found(run, "search",
             {index_select(data.test_images, 0, chosen), index_select(data.train_images, 0, flat),
              labels != unsqueeze(index_select(data.test_labels, 0, chosen), 1), data.image_shape()},
             caption + " A red frame marks a picture of another class.");
}

Tensor first_of_each_class(const Tensor& labels, std::int64_t classes, std::int64_t most) {
  std::vector<std::int64_t> firsts;
  for (std::int64_t c = 0; c < classes && std::ssize(firsts) < most; ++c) {
    const Tensor own = labels == c;
    if (any(own).item() != 0) firsts.push_back(static_cast<std::int64_t>(argmax(own, 0).item()));
  }
  return Tensor::from(firsts, {std::ssize(firsts)});
}

}  // namespace hourglass::examples
