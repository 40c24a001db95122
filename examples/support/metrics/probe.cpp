// SPDX-License-Identifier: MIT
#include "examples/support/metrics/probe.h"

#include <algorithm>
#include <string_view>

#include "examples/support/metrics/finite.h"
#include "examples/support/metrics/neighbours.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

void check_codes(std::string_view op, const LabelledCodes& train, const LabelledCodes& test) {
  for (const auto& [codes, labels] : {train, test}) {
    check(codes.dim() == 2 && labels.dim() == 1 && labels.dtype() == Dtype::i64 && codes.size(0) == labels.size(0) &&
              codes.size(0) > 0,
          op, "expects codes [n, d] and as many i64 labels, got ", describe(codes), " and ", describe(labels));
    check(min(labels).item() >= 0, op, "labels are numbered from 0, got ", min(labels).item());
    check_finite(op, codes);
  }
  check(train.codes.size(1) == test.codes.size(1), op, "trained on codes ", describe(train.codes), ", tested on ",
        describe(test.codes));
}

std::int64_t classes_of(const LabelledCodes& train, const LabelledCodes& test) {
  return 1 + static_cast<std::int64_t>(std::max(max(train.labels).item(), max(test.labels).item()));
}

double share_right(const Tensor& guesses, const Tensor& labels) {
  return mean(to(guesses == labels, Dtype::f64)).item();
}

}  // namespace

double ridge_probe(const LabelledCodes& train, const LabelledCodes& test, double alpha) {
  check_codes("ridge_probe", train, test);
  check(alpha > 0, "ridge_probe", "needs alpha above 0, got ", alpha);
  const Tensor x = to(train.codes, Dtype::f64);
  const Tensor y = one_hot(train.labels, classes_of(train, test), Dtype::f64) * 2 - 1;
  const Tensor x_mean = mean(x, {0}), y_mean = mean(y, {0});
  const Tensor centred = x - x_mean;
  // (XᵀX + alpha) W = XᵀY, by Cholesky factors.
  const Tensor gram = matmul(transpose(centred), centred) + eye(x.size(1), -1, Dtype::f64) * alpha;
  const Tensor lower = cholesky(gram), right = matmul(transpose(centred), y - y_mean);
  const Tensor weights = solve_triangular(transpose(lower), solve_triangular(lower, right, false), true);
  const Tensor scores = matmul(to(test.codes, Dtype::f64) - x_mean, weights) + y_mean;
  return share_right(argmax(scores, 1), test.labels);
}

double knn_probe(const LabelledCodes& train, const LabelledCodes& test, std::int64_t k) {
  check_codes("knn_probe", train, test);
  check(k > 0 && k <= train.codes.size(0), "knn_probe", "k is ", k, " of ", train.codes.size(0), " training codes");
  const std::int64_t classes = classes_of(train, test);
  double right = 0;
  for (std::int64_t begin = 0; begin < test.codes.size(0); begin += 500) {
    const Tensor rows = slice(test.codes, 0, begin, begin + 500), labels = slice(test.labels, 0, begin, begin + 500);
    const Tensor nearest = top_k(squared_distances(rows, train.codes), k, 1, false).indices;
    const Tensor votes =
        sum(one_hot(reshape(index_select(train.labels, 0, flatten(nearest)), nearest.shape()), classes), {1});
    right += share_right(argmax(votes, 1), labels) * static_cast<double>(rows.size(0));
  }
  return right / static_cast<double>(test.codes.size(0));
}

}  // namespace hourglass::examples
