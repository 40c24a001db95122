// SPDX-License-Identifier: MIT
// The variants with convolutions, sequences or a distribution of codes: a few steps on generated
// data show the benefit of each idea, and that the benefit is missing without the idea.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/text.h"
#include "tests/examples/example_runs.h"

using namespace hourglass;
using namespace hourglass::examples;

TEST_CASE("convolutional: weights shared by all windows beat as many dense weights") {
  const auto run = summary_of("convolutional", {"--limit", "4000", "--epochs", "4", "--lr", "0.003"});
  CHECK(figure(run, "parameters") >= figure(run, "dense_parameters"));
  CHECK(figure(run, "test_mse") < figure(run, "reference_test_mse"));
}

TEST_CASE("beta_vae: a higher β gives codes with less information; a capacity sets its amount") {
  const auto kl_of = [](const std::vector<std::string>& flags, const std::string& epochs = "6") {
    std::vector<std::string> all{"--limit", "2000", "--epochs", epochs, "--lr", "0.003", "--seeds", "1"};
    all.insert(all.end(), flags.begin(), flags.end());
    return figure(summary_of("beta_vae", all), "kl");
  };
  const double plain = kl_of({"--objective", "beta", "--beta", "1"});
  CHECK(kl_of({"--objective", "beta", "--beta", "8"}) < 0.7 * plain);
  CHECK(kl_of({"--objective", "tc", "--beta", "1"}) == plain);  // no extra cost of the total correlation
  CHECK(kl_of({"--objective", "capacity", "--capacity", "3"}, "12") == doctest::Approx(3).epsilon(0.2));
}

TEST_CASE("iwae: more codes per image give a tighter bound for every model") {
  const auto run = summary_of("iwae", {"--limit", "1000", "--epochs", "3", "--k", "5"});
  CHECK(figure(run, "smallest_tightening") > 0);
  // Another gradient estimate with the same expectation.
  const auto other = summary_of("iwae", {"--limit", "1000", "--epochs", "3", "--k", "5", "--doubly"});
  CHECK(figure(other, "neg_bound_500") != figure(run, "neg_bound_500"));
  CHECK(figure(other, "neg_bound_500") == doctest::Approx(figure(run, "neg_bound_500")).epsilon(0.05));
}

TEST_CASE("conditional_vae: a wrong label is worse, and the right label improves the bound") {
  const auto run = summary_of("conditional_vae", {"--limit", "6000", "--epochs", "9"});
  CHECK(figure(run, "neg_elbo_wrong_labels") > figure(run, "test_neg_elbo") + 1);
  CHECK(figure(run, "test_neg_elbo") < figure(run, "reference_test_neg_elbo"));
}

TEST_CASE("gumbel_vae: relaxed samples learn more than the score function in as many steps") {
  const auto run = summary_of("gumbel_vae", {"--limit", "4000", "--epochs", "5"});
  CHECK(figure(run, "test_kl_nats") > 1);  // the codes have information
  CHECK(figure(run, "test_neg_elbo") < figure(run, "reference_test_neg_elbo"));
}

TEST_CASE("vq_vae: the encoder learns through the choice; restarting words keeps many in use") {
  // With beta = 0, the encoder learns only from the straight-through gradient. Without this
  // gradient, grad() would report that the encoder's weights are not used.
  const std::vector<std::string> flags{"--limit", "2000", "--epochs", "3", "--words", "32", "--beta", "0"};
  const auto run = summary_of("vq_vae", flags);
  CHECK(figure(run, "bits_per_image") == 7 * 7 * 5);
  CHECK(figure(run, "perplexity") > 8);
  std::vector<std::string> kept = flags;
  kept.push_back("--keep-lost");
  CHECK(figure(summary_of("vq_vae", kept), "perplexity") < figure(run, "perplexity") / 2);
}

TEST_CASE("recurrent: codes reconstruct series, better in reverse order, and anomalies worse") {
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
  const std::vector<std::string> file{"--series", folder / "sines.tsv", "--frame", "5",         "--steps",
                                      "800",      "--batch-size",       "16",      "--healthy", "0"};
  const TemporaryFolder out;
  const auto run = summary_of("recurrent", file, out);
  CHECK(figure(run, "anomaly_auroc") > 0.9);
  CHECK(figure(run, "found") > 0.5);
  CHECK(figure(run, "false_alarms") < 0.1);
  CHECK(column_in(out, "scores", "error").size() == 330);
  const Process typo("recurrent", {"--series", folder / "sines.tsv", "--healthy", "well", "--out", out / "x"},
                     out / "log");
  CHECK(typo.wait() == 2);
  CHECK(contains(nn::read_file(out / "log"), "--healthy: there is no class 'well'"));

  const std::vector<std::string> flags{"--count", "1000",     "--epochs", "12",      "--batch-size",
                                       "16",      "--length", "24",       "--frame", "16"};
  const auto backwards = summary_of("recurrent", flags);
  CHECK(figure(backwards, "gru_error") < 0.2);
  CHECK(figure(backwards, "lstm_error") < 0.5);
  std::vector<std::string> forwards = flags;
  forwards.push_back("--in-order");
  CHECK(figure(summary_of("recurrent", forwards), "gru_error") > 2 * figure(backwards, "gru_error"));
}

TEST_CASE("unet: skip connections make borders exact") {
  const auto run = summary_of(
      "unet", {"--images", "200", "--side", "32", "--epochs", "6", "--batch-size", "8", "--channels", "4,8,16"});
  CHECK(figure(run, "test_iou") > 0.8);
  CHECK(figure(run, "gain_by_skips") > 0.05);
}

TEST_CASE("wae: all codes together come near N(0, 1), and without the penalty they do not") {
  const std::vector<std::string> flags{"--limit", "4000", "--epochs", "5"};
  const auto run = summary_of("wae", flags);
  CHECK(figure(run, "test_mmd_squared") < figure(run, "reference_test_mmd_squared"));
  std::vector<std::string> free = flags;
  free.insert(free.end(), {"--lambda", "0"});
  const auto without = summary_of("wae", free);
  CHECK(figure(without, "test_mmd_squared") == 10 * figure(without, "reference_test_mmd_squared"));
}

TEST_CASE("adversarial: one discriminator makes codes like the prior, another makes images sharp") {
  const std::vector<std::string> flags{"--limit", "4000", "--epochs", "6", "--hidden", "128", "--fresh-steps", "200"};
  const auto run = summary_of("adversarial", flags);
  CHECK(figure(run, "twin_auroc") > 0.95);
  CHECK(figure(run, "auroc_fresh_discriminator") < 0.8);
  CHECK(figure(run, "sharpness") > figure(run, "reference_sharpness"));
  std::vector<std::string> free = flags;
  free.insert(free.end(), {"--weight", "0", "--sharp-weight", "0"});
  const auto without = summary_of("adversarial", free);
  CHECK(figure(without, "auroc_fresh_discriminator") > 0.95);
  CHECK(figure(without, "sharpness") < figure(without, "reference_sharpness"));
}

TEST_CASE("average_over gives the average of all rows from a thousand at a time") {
  const Tensor rows = Rng(1).normal({2345, 2}, 0, 1, Dtype::f64);
  const Metrics averages = average_over(rows, [](const Tensor& x) {
    return Metrics{{"mean", mean(x).item()}, {"square", mean(square(x)).item()}};
  });
  CHECK(averages.begin()->first == "mean");
  CHECK(averages["mean"] == doctest::Approx(mean(rows).item()));
  CHECK(averages["square"] == doctest::Approx(mean(square(rows)).item()));
  const double alone = average_over(rows, [](const Tensor& x) { return mean(x).item(); });
  CHECK(alone == averages["mean"]);
}

TEST_CASE("codes: the plane, paths and traversals") {
  const Tensor middles = normal_plane(1), wide = normal_plane(500);  // the quantiles of 0.5, and from 0.001 to 0.999
  CHECK(max(abs(middles)).item() < 1e-8);
  CHECK(min(wide).item() == doctest::Approx(-3.090232306));
  CHECK(max(wide).item() == doctest::Approx(3.090232306));
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
