// SPDX-License-Identifier: MIT
// The metrics of the examples: against scikit-learn, SciPy, scikit-image and NumPy
// (metrics_reference.py), by their definitions, and at their limits.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/ops.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/clusters.h"
#include "examples/support/metrics/disentanglement.h"
#include "examples/support/metrics/frechet.h"
#include "examples/support/metrics/images.h"
#include "examples/support/metrics/neighbours.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/segmentation.h"
#include "nn/linear.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/examples/support_common.h"
#include "tests/numbers.h"
#include "tests/reference_data.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::kInfinity;
using test::kNan;

namespace {

Tensor vector_of(const std::vector<double>& values) { return Tensor::from(values); }
Tensor matrix(const std::vector<double>& values, std::int64_t columns) {
  return reshape(Tensor::from(values), {-1, columns});
}
Tensor labels(const std::vector<std::int64_t>& values) { return Tensor::from(values); }

// [shape, numbers]; whole numbers are i64.
Tensor tensor_in(const test::Json& json) {
  const bool whole = json[1].size() > 0 && json[1][0].is_integer();
  return test::tensor_of(json[1], test::shape_of(json[0]), whole ? Dtype::i64 : Dtype::f64);
}

Tensor number_of(double x) { return scalar(x, Dtype::f64); }

using Inputs = std::vector<Tensor>;
using Metric = std::function<Tensor(const Inputs&, double option)>;
std::map<std::string, Metric> metrics() {
  const auto whole = [](double option) { return static_cast<std::int64_t>(option); };
  return {
      {"auroc", [](const Inputs& x, double) { return number_of(auroc(x[0], x[1])); }},
      {"average_precision", [](const Inputs& x, double) { return number_of(average_precision(x[0], x[1])); }},
      {"normalized_mutual_information",
       [](const Inputs& x, double) { return number_of(normalized_mutual_information(x[0], x[1])); }},
      {"trustworthiness", [=](const Inputs& x, double k) { return number_of(trustworthiness(x[0], x[1], whole(k))); }},
      {"ridge_probe",
       [](const Inputs& x, double alpha) {
         return number_of(ridge_probe({x[0], x[1]}, {x[2], x[3]}, alpha));
       }},
      {"knn_probe",
       [=](const Inputs& x, double k) {
         return number_of(knn_probe({x[0], x[1]}, {x[2], x[3]}, whole(k)));
       }},
      {"pca_variances", [=](const Inputs& x, double k) { return fit_pca(x[0], whole(k)).variances; }},
      {"pca_error",
       [=](const Inputs& x, double k) {
         const Pca pca = fit_pca(x[0], whole(k));
         return mean(square(pca.decode(pca.encode(x[0])) - x[0]));
       }},
      {"pca_projection",
       [=](const Inputs& x, double k) {
         const Tensor components = fit_pca(x[0], whole(k)).components;
         return matmul(transpose(components), components);
       }},
      {"eigenvalues", [](const Inputs& x, double) { return eigenvectors(x[0]).values; }},
      {"principal_cosines", [](const Inputs& x, double) { return principal_cosines(x[0], x[1]); }},
      {"frechet_distance", [](const Inputs& x, double) { return number_of(frechet_distance(x[0], x[1])); }},
      {"psnr", [](const Inputs& x, double range) { return psnr(x[0], x[1], range); }},
      {"structural_similarity", [](const Inputs& x, double range) { return structural_similarity(x[0], x[1], range); }},
      {"information",
       [=](const Inputs& x, double bins) { return disentanglement(x[0], x[1], whole(bins)).information; }},
      {"mig", [=](const Inputs& x, double bins) { return number_of(disentanglement(x[0], x[1], whole(bins)).mig); }},
      {"intersection_over_union",
       [=](const Inputs& x, double classes) { return intersection_over_union(x[0], x[1], whole(classes)); }},
  };
}

}  // namespace

TEST_CASE("metrics agree with scikit-learn, SciPy, scikit-image and NumPy") {
  const std::map<std::string, Metric> known = metrics();
  std::set<std::string> seen;
  for (const test::Json& entry : test::reference_data("metrics.json").items()) {
    Inputs inputs;
    for (const test::Json& input : entry["inputs"].items()) inputs.push_back(tensor_in(input));
    for (const test::Json& result : entry["results"].items()) {
      const std::string name = result[0].text();
      const double option = result.size() == 3 ? std::stod(result[1].text()) : 0;
      CAPTURE(name);
      CAPTURE(option);
      seen.insert(name);
      const Tensor expected = tensor_in(result[result.size() - 1]), got = known.at(name)(inputs, option);
      REQUIRE(got.shape() == expected.shape());
      CHECK(max(abs(got - expected)).item() <= 1e-12 * (1 + max(abs(expected)).item()));
    }
  }
  CHECK(seen.size() == known.size());
}

TEST_CASE("metrics are the same on any number of threads") {
  Rng rng(1);
  const Tensor a = rng.normal({700, 40}), b = rng.normal({700, 40});
  const Tensor classes = rng.randint({700}, 0, 5);
  const auto figures = [&] {
    return std::vector<double>{auroc(a, b),
                               average_precision(a, b),
                               trustworthiness(a, slice(a, 1, 0, 3)),
                               ridge_probe({a, classes}, {b, classes}),
                               knn_probe({a, classes}, {b, classes}),
                               sum(fit_pca(a, 5).variances).item(),
                               frechet_distance(slice(a, 1, 0, 8), slice(b, 1, 0, 8)),
                               sum(psnr(a, b, 8)).item(),
                               sum(structural_similarity(reshape(a, {7, 100, 40}), reshape(b, {7, 100, 40}), 8)).item(),
                               disentanglement(a, slice(b, 1, 0, 4)).mig};
  };
  const int before = num_threads();
  set_num_threads(1);
  const std::vector<double> one = figures();
  set_num_threads(4);
  CHECK(figures() == one);
  set_num_threads(before);
}

TEST_CASE("auroc: the share of pairs in the right order, ties counting half") {
  CHECK(auroc(Tensor::from<float>({0.8f, 0.4f}), Tensor::from<float>({0.1f, 0.4f, 0.5f})) == doctest::Approx(4.5 / 6));
  CHECK(auroc(Tensor::from<float>({1, 2}), Tensor::from<float>({0})) == 1);
  CHECK(auroc(Tensor::from<float>({1, 1}), Tensor::from<float>({1, 1})) == 0.5);
  CHECK(std::isnan(auroc(Tensor::from<float>({NAN}), Tensor::from<float>({1}))));
  CHECK(contains(error_of([] { (void)auroc(Tensor({0}), Tensor::from<float>({1})); }), "auroc: needs scores of both"));
}

TEST_CASE("average_precision: precision at each step of recall; equal scores are one step") {
  // Two of two, then three of four.
  CHECK(average_precision(vector_of({4, 3, 1}), vector_of({2})) == doctest::Approx((1 + 1 + 0.75) / 3));
  CHECK(average_precision(vector_of({1, 1}), vector_of({1, 1, 1, 1, 1, 1})) == 0.25);  // all equal: their share
  CHECK(average_precision(vector_of({5}), vector_of({1, 2})) == 1);
  CHECK(average_precision(vector_of({kInfinity}), vector_of({-kInfinity})) == 1);
  CHECK(std::isnan(average_precision(vector_of({1}), vector_of({kNan}))));
  CHECK(error_of([] { (void)average_precision(vector_of({1}), zeros({0})); }) ==
        "average_precision: needs scores of both classes, got 1 and 0");
}

TEST_CASE("normalized_mutual_information: names do not matter, and one group has no information") {
  const Tensor halves = labels({0, 0, 1, 1});
  CHECK(normalized_mutual_information(halves, labels({9, 9, -4, -4})) == doctest::Approx(1));
  CHECK(normalized_mutual_information(halves, labels({0, 1, 0, 1})) == 0);
  CHECK(normalized_mutual_information(halves, labels({7, 7, 7, 7})) == 0);
  CHECK(normalized_mutual_information(labels({7, 7}), labels({1, 1})) == 1);
  // One bit of mutual information, over (1 + 2) / 2 bits.
  CHECK(normalized_mutual_information(halves, labels({0, 1, 2, 3})) == doctest::Approx(2.0 / 3));
  CHECK(error_of([&] {
          (void)normalized_mutual_information(halves, labels({0, 1}));
        }) == "normalized_mutual_information: needs two labels i64 for each of some things, got i64[4] and i64[2]");
  CHECK(contains(error_of([] { (void)normalized_mutual_information(labels({}), labels({})); }), "got i64[0]"));
  CHECK(contains(error_of([&] { (void)normalized_mutual_information(halves, vector_of({0, 1, 2, 3})); }), "f64[4]"));
}

TEST_CASE("trustworthiness: 1 if neighbours stay neighbours, less if distant rows become such") {
  const Tensor line = reshape(to(arange(10), Dtype::f64), {10, 1});
  CHECK(trustworthiness(line, line * -3 + 1, 2) == 1);
  // Folded in the middle, 0 lies on 9, 1 on 8 and so on: one of two neighbours was far away before.
  CHECK(trustworthiness(line, abs(line - 4.5), 2) < 0.7);
  CHECK(trustworthiness(concat({line, abs(line - 4.5) * 1e-3}, 1), line, 2) == 1);
  // If all codes are equal, the first rows count as the nearest. Their ranks are counted here.
  std::int64_t strangers = 0;
  for (std::int64_t i = 0; i < 7; ++i)
    for (std::int64_t j = 0, found = 0; found < 2; ++j) {
      if (j == i) continue;
      ++found;
      std::int64_t rank = 1;
      for (std::int64_t l = 0; l < 7; ++l)
        rank += l != i && (std::abs(l - i) < std::abs(j - i) || (std::abs(l - i) == std::abs(j - i) && l < j));
      strangers += std::max<std::int64_t>(rank - 2, 0);
    }
  const Tensor seven = slice(line, 0, 0, 7);
  CHECK(trustworthiness(seven, zeros({7, 3}), 2) ==
        doctest::Approx(1 - 2.0 * static_cast<double>(strangers) / (7 * 2 * (14 - 6 - 1))));
  CHECK(error_of([&] { (void)trustworthiness(line, line, 5); }) ==
        "trustworthiness: needs k above 0 and below half of the 10 rows, got 5");
  CHECK(error_of([&] {
          (void)trustworthiness(line, zeros({9, 1}));
        }) == "trustworthiness: needs rows [n, columns] and codes [n, d], got f64[10, 1] and f32[9, 1]");
  CHECK(error_of([&] { (void)trustworthiness(line, line / 0.0, 2); }) ==
        "trustworthiness: NaN or infinities in f64[10, 1]");
  CHECK(contains(error_of([] { (void)trustworthiness(zeros({0, 2}), zeros({0, 2})); }), "of the 0 rows"));
}

TEST_CASE("probes: a single class is right, ties go to the lowest class and the first code") {
  const LabelledCodes train{matrix({0, 1, 2, 3, 10, 11}, 1), labels({1, 1, 0, 0, 2, 2})};
  const auto share = [&](double code, std::int64_t label, std::int64_t k) {
    return knn_probe(train, {matrix({code}, 1), labels({label})}, k);
  };
  CHECK(share(1.5, 0, 4) == 1);  // two votes each
  CHECK(share(1.5, 1, 1) == 1);  // equally near
  CHECK(share(9, 2, 2) == 1);
  const LabelledCodes alike{matrix({1, 2, 3}, 1), labels({0, 0, 0})};
  CHECK(knn_probe(alike, alike, 3) == 1);
  CHECK(ridge_probe(alike, alike) == 1);
  CHECK(ridge_probe({zeros({3, 2}), labels({0, 0, 1})}, {zeros({1, 2}), labels({0})}) == 1);  // constant codes
  CHECK(knn_probe(train, {matrix({10.4}, 1), labels({5})}, 1) == 0);  // a class without training codes
  // Far from the origin, where f32 would lose the differences.
  const Tensor far = to(train.codes + 1e6, Dtype::f32);
  CHECK(knn_probe({far, train.labels}, {far, train.labels}, 2) == 1);

  CHECK(error_of([&] { (void)knn_probe(train, train, 7); }) == "knn_probe: k is 7 of 6 training codes");
  CHECK(error_of([&] { (void)ridge_probe(train, train, 0); }) == "ridge_probe: needs alpha above 0, got 0");
  for (const auto& [name, probe] :
       std::map<std::string, std::function<double(const LabelledCodes&, const LabelledCodes&)>>{
           {"knn_probe", [](const auto&a, const auto&b) { return knn_probe(a, b, 1); }},
           {"ridge_probe", [](const auto&a, const auto&b) { return ridge_probe(a, b); }}}) {
    const auto error = [&, &probe = probe](const LabelledCodes& test) { return error_of([&] { probe(train, test); }); };
    CHECK(error({matrix({1, 2}, 1), labels({0})}) ==
          name + ": expects codes [n, d] and as many i64 labels, got f64[2, 1] and i64[1]");
    CHECK(error({matrix({1, 2}, 2), labels({0})}) == name + ": trained on codes f64[6, 1], tested on f64[1, 2]");
    CHECK(error({matrix({kNan}, 1), labels({0})}) == name + ": NaN or infinities in f64[1, 1]");
    CHECK(error({matrix({1}, 1), labels({-1})}) == name + ": labels are numbered from 0, got -1");
    CHECK(contains(error({zeros({0, 1}), labels({})}), "as many i64 labels, got f32[0, 1]"));
  }
}

TEST_CASE("psnr: 20 decibels for a tenth of the range, and infinity where nothing differs") {
  const Tensor black = zeros({2, 3, 4});
  CHECK(psnr(black, black + 0.1).to_vector<double>()[1] == doctest::Approx(20));
  CHECK(psnr(black, black + 25.5, 255).to_vector<double>()[0] == doctest::Approx(20));
  CHECK(psnr(black, black).to_vector<double>() == std::vector<double>{kInfinity, kInfinity});
  CHECK(std::isnan(psnr(black, black * kNan).to_vector<double>()[0]));
  CHECK(psnr(zeros({0, 9}), zeros({0, 9})).shape() == Shape{0});
  CHECK(error_of([&] {
          (void)psnr(black, zeros({2, 12}));
        }) == "psnr: needs two sets of images of the same shape, got f32[2, 3, 4] and f32[2, 12]");
  CHECK(contains(error_of([] { (void)psnr(zeros({2, 0}), zeros({2, 0})); }), "psnr: needs two sets of images"));
  CHECK(error_of([&] { (void)psnr(black, black, 0); }) == "psnr: needs a range above 0, got 0");
}

TEST_CASE("structural_similarity: 1 for the same image, near -1 for its negative, in any layout") {
  const Tensor x = Rng(2).uniform({2, 16, 12});
  CHECK(min(structural_similarity(x, x)).item() == doctest::Approx(1));
  CHECK(max(structural_similarity(x, 1 - x)).item() < -0.5);
  const Tensor gray = full({1, 16, 12}, 0.5);
  CHECK(structural_similarity(gray, gray).item() == doctest::Approx(1));  // constant images
  CHECK(structural_similarity(unsqueeze(x, 1), unsqueeze(1 - x, 1)).to_vector<double>() ==
        structural_similarity(x, 1 - x).to_vector<double>());
  CHECK(std::isnan(structural_similarity(gray, gray * kNan).item()));
  CHECK(structural_similarity(zeros({0, 16, 12}), zeros({0, 16, 12})).shape() == Shape{0});
  CHECK(error_of([&] {
          (void)structural_similarity(zeros({2, 784}), zeros({2, 784}));
        }) == "structural_similarity: expects images [n, h, w] or [n, c, h, w], got f32[2, 784]");
}

TEST_CASE("disentanglement: 1 for one number per cause, 0 for two numbers with equal information") {
  const Tensor causes = Rng(3).uniform({20000, 2});
  const Tensor noise = Rng(4).uniform({20000, 1});
  CHECK(disentanglement(concat({noise, causes}, 1), causes).mig == doctest::Approx(1).epsilon(0.02));
  const Tensor first = slice(causes, 1, 0, 1);
  CHECK(disentanglement(concat({first, first, noise}, 1), first).mig == doctest::Approx(0));
  // A fair coin and a number that equals it three times in four: 1 - H(1/4) of 1 bit.
  Rng rng(5);
  const Tensor coin = rng.bernoulli({200000, 1}, 0.5), wrong = rng.bernoulli({200000, 1}, 0.25);
  const double known = 1 + 0.25 * std::log2(0.25) + 0.75 * std::log2(0.75);
  CHECK(disentanglement(concat({abs(coin - wrong), rng.bernoulli({200000, 1}, 0.5)}, 1), coin).mig ==
        doctest::Approx(known).epsilon(0.02));
  CHECK(error_of([&] { (void)disentanglement(first, first); }) ==
        "disentanglement: a gap needs two numbers in the code, got f32[20000, 1]");
  CHECK(error_of([&] {
          (void)disentanglement(causes, zeros({20000, 1}));
        }) == "disentanglement: a factor never changes");
  CHECK(error_of([&] { (void)disentanglement(causes * kNan, first); }) ==
        "disentanglement: NaN or infinities in f32[20000, 2]");
  CHECK(contains(error_of([] { (void)disentanglement(zeros({0, 2}), zeros({0, 1})); }), "got f32[0, 2]"));
  CHECK(disentanglement(concat({first, zeros({20000, 1})}, 1), first).mig == doctest::Approx(1));  // a constant number
}

TEST_CASE("pca: keeps the directions that vary most, and loses exactly the rest") {
  Rng rng(6);
  const Tensor scales = Tensor::from<float>({3, 2, 1, 0.5f});
  const Tensor rows = rng.normal({5000, 4}) * scales + 7;
  const Tensor v = var(rows, {0}, false, 0);
  const auto error_with = [&](std::int64_t k) {
    const Pca pca = fit_pca(rows, k);
    return mean(square(pca.decode(pca.encode(rows)) - rows)).item();
  };
  CHECK(error_with(2) == doctest::Approx((1 + 0.25) / 4).epsilon(0.05));
  CHECK(error_with(4) < 1e-10);
  CHECK(error_with(0) == doctest::Approx(mean(v).item()));  // the mean alone
  CHECK(error_with(2) <= sum(slice(v, 0, 2, 4)).item() / 4 + 1e-6);
  CHECK(max(abs(fit_pca(full({4, 3}, 2.5), 2).variances)).item() == 0);  // constant rows
  CHECK(error_of([&] { (void)fit_pca(rows, 5); }) == "top_eigenvectors: there are 4 eigenvectors, not 5");
  CHECK(error_of([&] { (void)fit_pca(rows * kNan, 1); }) == "moments_of: NaN or infinities in f32[5000, 4]");
  CHECK(contains(error_of([] { (void)fit_pca(zeros({0, 3}), 1); }), "moments_of: expects [n, columns], got f32[0, 3]"));
}

TEST_CASE("eigenvalues: equal to those of eigenvectors(), also if some are equal or 0") {
  Rng rng(5);
  const Tensor x = rng.normal({30, 21}, 0, 1, Dtype::f64);
  for (const Tensor& symmetric :
       {matmul(x, transpose(x)), eye(7, -1, Dtype::f64) * -3, zeros({4, 4}, Dtype::f64), eye(1, -1, Dtype::f64)}) {
    CAPTURE(symmetric.size(0));
    const Tensor found = eigenvalues(symmetric), expected = eigenvectors(symmetric).values;
    REQUIRE(found.shape() == expected.shape());
    CHECK(max(abs(found - expected)).item() < 1e-12 * std::max(1.0, norm(symmetric).item()));
  }
  const Tensor y = rng.normal({9, 9}, 0, 1, Dtype::f64), indefinite = y + transpose(y);
  CHECK(max(abs(eigenvalues(indefinite) - eigenvectors(indefinite).values)).item() < 1e-12);
  CHECK(eigenvalues(zeros({0, 0}, Dtype::f64)).shape() == Shape{0});
  CHECK(error_of([&] { eigenvalues(x); }) == "eigenvalues: expects a square f64 matrix, got f64[30, 21]");
}

TEST_CASE("mean_singular_values: of wide and of tall matrices, averaged") {
  // The singular values of a diagonal matrix are its elements. An orthogonal factor does not change
  // them.
  Rng rng(6);
  const Tensor mixed = rng.normal({3, 3}, 0, 1, Dtype::f64);
  const Tensor turn = eigenvectors(mixed + transpose(mixed)).vectors;
  const Tensor wide = Tensor::from(std::vector<double>{0, 4, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1}, {1, 3, 4});
  const Tensor other = Tensor::from(std::vector<double>{6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0.5, 0}, {1, 3, 4});
  const Tensor expected = Tensor::from(std::vector<double>{5, 2, 0.75});
  const Tensor both = concat({wide, other}, 0);
  CHECK(max(abs(mean_singular_values(both) - expected)).item() < 1e-12);
  CHECK(max(abs(mean_singular_values(transpose(both, 1, 2)) - expected)).item() < 1e-12);
  CHECK(max(abs(mean_singular_values(matmul(turn, both)) - expected)).item() < 1e-12);
  CHECK(error_of([&] { mean_singular_values(turn); }) ==
        "mean_singular_values: expects [n, rows, columns], got f64[3, 3]");
}

TEST_CASE("frechet_distance: different means, and different variances in different directions") {
  Rng rng(3);
  const Tensor x = rng.normal({50, 2}, 0, 1, Dtype::f64),
               y = matmul(x, reshape(Tensor::from(std::vector<double>{2, 0.5, -1, 1}), {2, 2}));
  CHECK(frechet_distance(x, x) == doctest::Approx(0).epsilon(1e-12));
  CHECK(frechet_distance(x, x + 3) == doctest::Approx(18));
  CHECK(frechet_distance(x, x * 3) == doctest::Approx(frechet_distance(x * 3, x)));
  // Two by two: the trace of M's root is √(tr M + 2 √det M).
  const Moments a = moments_of(x), b = moments_of(y);
  const auto at = [](const Tensor& m, int i, int j) { return select(select(m, 0, i), 0, j).item(); };
  const Tensor m = matmul(a.covariance, b.covariance);
  const double trace = at(m, 0, 0) + at(m, 1, 1), det = at(m, 0, 0) * at(m, 1, 1) - at(m, 0, 1) * at(m, 1, 0);
  const double spread =
      at(a.covariance, 0, 0) + at(a.covariance, 1, 1) + at(b.covariance, 0, 0) + at(b.covariance, 1, 1);
  const double expected = sum(square(a.mean - b.mean)).item() + spread - 2 * std::sqrt(trace + 2 * std::sqrt(det));
  CHECK(frechet_distance(x, y) == doctest::Approx(expected));
  CHECK(error_of([&] { frechet_distance(x, slice(y, 1, 0, 1)); }) ==
        "frechet_distance: needs two matrices with the same number of columns, got f64[50, 2] and f64[50, 1]");
  CHECK(error_of([&] { frechet_distance(slice(x, 0, 0, 1), y); }) ==
        "frechet_distance: needs at least 2 rows of each, got f64[1, 2] and f64[50, 2]");
  CHECK(frechet_distance(ones({3, 2}), zeros({4, 2})) == doctest::Approx(2));  // two points
  CHECK(error_of([&] { frechet_distance(x, y * kNan); }) == "moments_of: NaN or infinities in f64[50, 2]");
}

TEST_CASE("intersection over union: pixels right, over pixels right or wrong") {
  const Tensor truth = Tensor::from<std::int64_t>({0, 0, 1, 1, 1, 2}, {2, 3});
  const Tensor said = Tensor::from<std::int64_t>({0, 1, 1, 1, 2, 2}, {2, 3});
  CHECK(intersection_over_union(said, truth, 3).to_vector<double>() == std::vector<double>{0.5, 0.5, 0.5});
  CHECK(intersection_over_union(truth, truth, 3).to_vector<double>() == std::vector<double>{1, 1, 1});
  CHECK(std::isnan(intersection_over_union(said, truth, 4).to_vector<double>()[3]));  // a class without pixels
  CHECK(contains(error_of([&] { (void)intersection_over_union(said, reshape(truth, {6}), 3); }), "needs a class"));
}

TEST_CASE("reconstruction_error: over all rows, for any number of rows") {
  Rng rng(7);
  const nn::Linear model(3, 3, rng);
  const Tensor x = rng.normal({2345, 3});
  const Tensor outputs = outputs_of(model, x);
  CHECK(outputs.shape() == x.shape());
  CHECK(max(abs(outputs - model(constant(x)).value())).item() == 0);
  CHECK(reconstruction_error(model, x) == doctest::Approx(mean(square(outputs - x)).item()));
  CHECK(reconstruction_error(model, x, outputs) == 0);
}

TEST_CASE("principal components of long rows are those of their covariance, for few rows and for many") {
  Rng rng(3);
  const Tensor codes = rng.normal({2100, 6}, 0, 1, Dtype::f64) * Tensor::from<double>({9, 7, 5, 3, 2, 1});
  const Tensor many =
      matmul(codes, rng.normal({6, 2050}, 0, 1, Dtype::f64)) + rng.normal({2100, 2050}, 0, 0.1, Dtype::f64);
  for (const std::int64_t n : {3, 2100}) {
    const Tensor rows = slice(many, 0, 0, n);
    const std::int64_t k = 4;
    const Pca pca = fit_pca(rows, k), plain = fit_pca(moments_of(rows), k);
    CAPTURE(n);
    CHECK(equal(abs(matmul(pca.components, transpose(pca.components)) - eye(k, -1, Dtype::f64)) < 1e-9,
                ones({k, k}, Dtype::u8)));
    CHECK(max(abs(pca.variances - plain.variances)).item() < 1e-3 * max(plain.variances).item());
    const auto error = [&](const Pca& p) { return mean(square(p.decode(p.encode(rows)) - rows)).item(); };
    CHECK(error(pca) == doctest::Approx(error(plain)).epsilon(1e-3).scale(0.1));
  }
}
