// The variants with windows, or a distribution in the middle: what each must show even after a few steps
// on generated data, and what it would not if its idea were missing.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/disentanglement.h"
#include "examples/support/metrics/frechet.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/segmentation.h"
#include "examples/support/text.h"
#include "nn/file.h"
#include "tests/error_of.h"
#include "tests/process.h"
#include "tests/test_support_common.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

nlohmann::json summary_of(const std::string& program, const std::vector<std::string>& flags) {
  const TemporaryFolder folder;
  std::vector<std::string> all{"--data", "generated", "--quiet", "--threads", "1", "--out", folder / "out"};
  all.insert(all.end(), flags.begin(), flags.end());
  const int code = Process(program, all, folder / "log").wait();
  INFO(program, " said: ", nn::read_file(folder / "log"));
  REQUIRE(code == 0);
  return nlohmann::json::parse(nn::read_file(folder / "out" / "summary.json"));
}
double figure(const nlohmann::json& summary, const std::string& name) { return summary.at(name).get<double>(); }

}  // namespace

TEST_CASE("convolutional: windows shared by all places beat as many weights that are not") {
  const auto run = summary_of("convolutional", {"--limit", "4000", "--epochs", "4", "--lr", "0.003"});
  CHECK(figure(run, "parameters") >= figure(run, "dense_parameters"));
  CHECK(figure(run, "test_mse") < figure(run, "reference_test_mse"));
}

TEST_CASE("beta_vae: a higher price leaves a code that says less, and each price is a price of its own") {
  const auto kl_of = [](const std::vector<std::string>& flags) {
    std::vector<std::string> all{"--limit", "2000", "--epochs", "6", "--lr", "0.003"};
    all.insert(all.end(), flags.begin(), flags.end());
    return figure(summary_of("beta_vae", all), "kl");
  };
  const double plain = kl_of({"--objective", "beta", "--beta", "1"});
  CHECK(kl_of({"--objective", "beta", "--beta", "8"}) < 0.7 * plain);
  CHECK(kl_of({"--objective", "tc", "--beta", "1"}) == plain);  // then the total correlation costs nothing
  CHECK(kl_of({"--objective", "capacity", "--capacity", "3"}) == doctest::Approx(3).epsilon(0.2));
}

TEST_CASE("iwae: with more codes an image the bound is tighter, whatever the model") {
  const auto run = summary_of("iwae", {"--limit", "1000", "--epochs", "3", "--k", "5"});
  CHECK(figure(run, "smallest_tightening") > 0);
  // Another gradient, of the same expectation.
  const auto other = summary_of("iwae", {"--limit", "1000", "--epochs", "3", "--k", "5", "--doubly"});
  CHECK(figure(other, "neg_bound_500") != figure(run, "neg_bound_500"));
  CHECK(figure(other, "neg_bound_500") == doctest::Approx(figure(run, "neg_bound_500")).epsilon(0.05));
}

TEST_CASE("conditional_vae: the label matters, and knowing it is worth something") {
  const auto run = summary_of("conditional_vae", {"--limit", "6000", "--epochs", "6"});
  CHECK(figure(run, "neg_elbo_wrong_labels") > figure(run, "test_neg_elbo") + 1);
  CHECK(figure(run, "test_neg_elbo") < figure(run, "reference_test_neg_elbo"));
}

TEST_CASE("gumbel_vae: the relaxed choice teaches more than the score function in as many steps") {
  const auto run = summary_of("gumbel_vae", {"--limit", "4000", "--epochs", "5"});
  CHECK(figure(run, "test_kl_nats") > 1);  // the choices say something
  CHECK(figure(run, "test_neg_elbo") < figure(run, "reference_test_neg_elbo"));
}

TEST_CASE("vq_vae: the encoder learns through the choice, and many words are in use because lost ones start again") {
  // Without a price on distance (beta = 0) only what comes straight through the choice teaches the encoder: were there
  // nothing, grad() would say that its weights are not used.
  const std::vector<std::string> flags{"--limit", "2000", "--epochs", "3", "--words", "32", "--beta", "0"};
  const auto run = summary_of("vq_vae", flags);
  CHECK(figure(run, "bits_per_image") == 7 * 7 * 5);
  CHECK(figure(run, "perplexity") > 8);
  std::vector<std::string> kept = flags;
  kept.push_back("--keep-lost");
  CHECK(figure(summary_of("vq_vae", kept), "perplexity") < figure(run, "perplexity") / 2);
}

TEST_CASE("recurrent: series are told again through their codes, sooner backwards, and odd ones are told worse") {
  // A file of 600 sines, and of 60 that are cut off below.
  const TemporaryFolder folder;
  const Tensor sines = generate_sines(660, 32).values;
  std::string text;
  for (std::int64_t i = 0; i < 660; ++i) {
    const bool odd = i % 11 == 0;
    text += odd ? "1" : "0";
    for (const float value : contiguous(select(sines, 0, i)).to_vector<float>())
      text += "\t" + number(odd ? std::max(value, 0.0f) : value);
    text += "\n";
  }
  write(folder / "sines.tsv", text);
  const std::vector<std::string> flags{"--count",  "1000", "--epochs", "8", "--batch-size", "16",
                                       "--length", "24",   "--frame",  "4", "--series",     folder / "sines.tsv"};
  const auto run = summary_of("recurrent", flags);
  CHECK(figure(run, "gru_error") < 0.2);
  CHECK(figure(run, "lstm_error") < 0.5);
  CHECK(figure(run, "anomaly_auroc") > 0.9);
  std::vector<std::string> forwards = flags;
  forwards.push_back("--in-order");
  CHECK(figure(summary_of("recurrent", forwards), "gru_error") > 2 * figure(run, "gru_error"));
}

TEST_CASE("unet: what is handed across makes borders exact") {
  const auto run = summary_of(
      "unet", {"--images", "200", "--side", "32", "--epochs", "6", "--batch-size", "8", "--channels", "4,8,16"});
  CHECK(figure(run, "test_iou") > 0.8);
  CHECK(figure(run, "gain_by_skips") > 0.05);
}

TEST_CASE("intersection over union: pixels right, over pixels right or wrong") {
  const Tensor truth = Tensor::from<std::int64_t>({0, 0, 1, 1, 1, 2}, {2, 3});
  const Tensor said = Tensor::from<std::int64_t>({0, 1, 1, 1, 2, 2}, {2, 3});
  CHECK(intersection_over_union(said, truth, 3).to_vector<double>() == std::vector<double>{0.5, 0.5, 0.5});
  CHECK(intersection_over_union(truth, truth, 3).to_vector<double>() == std::vector<double>{1, 1, 1});
  CHECK(std::isnan(intersection_over_union(said, truth, 4).to_vector<double>()[3]));  // a class that nobody has
  CHECK(contains(error_of([&] { (void)intersection_over_union(said, reshape(truth, {6}), 3); }), "needs a class"));
}

TEST_CASE("wae: codes come near N(0, 1) as a whole, and without the penalty they do not") {
  const std::vector<std::string> flags{"--limit", "4000", "--epochs", "5"};
  const auto run = summary_of("wae", flags);
  CHECK(figure(run, "test_mmd_squared") < figure(run, "reference_test_mmd_squared"));
  std::vector<std::string> free = flags;
  free.insert(free.end(), {"--lambda", "0"});
  const auto without = summary_of("wae", free);
  CHECK(figure(without, "test_mmd_squared") == 10 * figure(without, "reference_test_mmd_squared"));
}

TEST_CASE("adversarial: a judge of codes makes them hard to tell from the prior, one of images makes these sharp") {
  const std::vector<std::string> flags{"--limit", "4000", "--epochs", "6", "--hidden", "128", "--judge-steps", "200"};
  const auto run = summary_of("adversarial", flags);
  CHECK(figure(run, "twin_auroc") > 0.95);
  CHECK(figure(run, "auroc_fresh_judge") < 0.8);
  CHECK(figure(run, "sharpness") > figure(run, "reference_sharpness"));
  std::vector<std::string> free = flags;
  free.insert(free.end(), {"--weight", "0", "--sharp-weight", "0"});
  const auto without = summary_of("adversarial", free);
  CHECK(figure(without, "auroc_fresh_judge") > 0.95);
  CHECK(figure(without, "sharpness") < figure(without, "reference_sharpness"));
}

TEST_CASE("average_over: as if all rows had been seen at once") {
  const Tensor rows = Rng(1).normal({2345, 2}, 0, 1, Dtype::f64);
  const Metrics averages = average_over(rows, [](const Tensor& x) {
    return Metrics{{"mean", mean(x).item()}, {"square", mean(square(x)).item()}};
  });
  CHECK(averages[0].first == "mean");
  CHECK(averages[0].second == doctest::Approx(mean(rows).item()));
  CHECK(averages[1].second == doctest::Approx(mean(square(rows)).item()));
}

TEST_CASE("codes: quantiles, the plane, paths and traversals") {
  CHECK(normal_quantile(0.5) == doctest::Approx(0).epsilon(1e-8));
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963985));
  CHECK(normal_quantile(0.001) == doctest::Approx(-3.090232306));
  const std::vector<float> plane = normal_plane(2).to_vector<float>();  // x varies fastest
  const float q = 0.67448975f;
  CHECK(plane[0] == doctest::Approx(-q));
  CHECK(plane[2] == doctest::Approx(q));
  CHECK(plane[3] == doctest::Approx(-q));
  CHECK(plane[5] == doctest::Approx(q));
  CHECK(paths(Tensor::from<float>({0, 10, 4, 6}, {2, 2}), 3).to_vector<float>() ==
        std::vector<float>{0, 10, 2, 8, 4, 6});
  CHECK(traversals(Tensor::from<float>({5, 7}, {1, 2}), -1, 1, 2).to_vector<float>() ==
        std::vector<float>{-1, 7, 1, 7, 5, -1, 5, 1});
}

TEST_CASE("auroc: the share of pairs in the right order, ties counting half") {
  CHECK(auroc(Tensor::from<float>({0.8f, 0.4f}), Tensor::from<float>({0.1f, 0.4f, 0.5f})) == doctest::Approx(4.5 / 6));
  CHECK(auroc(Tensor::from<float>({1, 2}), Tensor::from<float>({0})) == 1);
  CHECK(auroc(Tensor::from<float>({1, 1}), Tensor::from<float>({1, 1})) == 0.5);
  CHECK(std::isnan(auroc(Tensor::from<float>({NAN}), Tensor::from<float>({1}))));
  CHECK(contains(error_of([] { (void)auroc(Tensor({0}), Tensor::from<float>({1})); }), "auroc: needs scores of both"));
}

TEST_CASE("disentanglement: 1 for a number a cause, 0 for two numbers that know the same") {
  const Tensor causes = Rng(3).uniform({20000, 2});
  const Tensor noise = Rng(4).uniform({20000, 1});
  CHECK(disentanglement(concat({noise, causes}, 1), causes).mig == doctest::Approx(1).epsilon(0.02));
  const Tensor first = slice(causes, 1, 0, 1);
  CHECK(disentanglement(concat({first, first, noise}, 1), first).mig == doctest::Approx(0));
  // A fair coin and a number that is right about it three times in four: 1 - H(1/4) bits of 1.
  Rng rng(5);
  const Tensor coin = rng.bernoulli({200000, 1}, 0.5), wrong = rng.bernoulli({200000, 1}, 0.25);
  const double known = 1 + 0.25 * std::log2(0.25) + 0.75 * std::log2(0.75);
  CHECK(disentanglement(concat({abs(coin - wrong), rng.bernoulli({200000, 1}, 0.5)}, 1), coin).mig ==
        doctest::Approx(known).epsilon(0.02));
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
  CHECK(error_with(2) <= sum(slice(v, 0, 2, 4)).item() / 4 + 1e-6);
}

TEST_CASE("eigenvalues: those that rotations find, also where some are equal or 0") {
  Rng rng(5);
  const Tensor x = rng.normal({30, 21}, 0, 1, Dtype::f64);
  for (const Tensor& symmetric : {matmul(x, transpose(x)), eye(7, -1, Dtype::f64) * -3, zeros({4, 4}, Dtype::f64),
                                  zeros({0, 0}, Dtype::f64), eye(1, -1, Dtype::f64)}) {
    CAPTURE(symmetric.size(0));
    const Tensor found = eigenvalues(symmetric), expected = eigenvectors(symmetric).values;
    REQUIRE(found.shape() == expected.shape());
    if (found.numel() > 0) CHECK(max(abs(found - expected)).item() < 1e-12 * std::max(1.0, norm(symmetric).item()));
  }
  const Tensor y = rng.normal({9, 9}, 0, 1, Dtype::f64), indefinite = y + transpose(y);
  CHECK(max(abs(eigenvalues(indefinite) - eigenvectors(indefinite).values)).item() < 1e-12);
  CHECK(error_of([&] { eigenvalues(x); }) == "eigenvalues: expects a square f64 matrix, got f64[30, 21]");
}

TEST_CASE("mean_singular_values: of wide and of tall matrices, averaged") {
  // A diagonal matrix says its own, whatever orthogonal matrices stand beside it.
  Rng rng(6);
  const Tensor mixed = rng.normal({3, 3}, 0, 1, Dtype::f64);
  const Tensor turn = eigenvectors(mixed + transpose(mixed)).vectors;
  const Tensor wide = Tensor::from(std::vector<double>{0, 4, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1}, {1, 3, 4});
  const Tensor other = Tensor::from(std::vector<double>{6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}, {1, 3, 4});
  const Tensor expected = Tensor::from(std::vector<double>{5, 2, 0.5});
  const Tensor both = concat({wide, other}, 0);
  CHECK(max(abs(mean_singular_values(both) - expected)).item() < 1e-12);
  CHECK(max(abs(mean_singular_values(transpose(both, 1, 2)) - expected)).item() < 1e-12);
  CHECK(max(abs(mean_singular_values(matmul(turn, both)) - expected)).item() < 1e-12);
  CHECK(error_of([&] { mean_singular_values(turn); }) ==
        "mean_singular_values: expects [n, rows, columns], got f64[3, 3]");
}

TEST_CASE("frechet_distance: means apart, and spreads apart in directions that differ") {
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
        "frechet_distance: needs two matrices with equally many columns, got f64[50, 2] and f64[50, 1]");
  CHECK(error_of([&] { frechet_distance(slice(x, 0, 0, 1), y); }) ==
        "frechet_distance: needs at least 2 rows of each, got f64[1, 2] and f64[50, 2]");
}
