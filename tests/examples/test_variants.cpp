// SPDX-License-Identifier: MIT
// The classic variants and their studies: a few steps on generated data show the benefit of each
// idea, and that the benefit is missing without the idea.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/datasets.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/png.h"
#include "nn/safetensors.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/examples/example_runs.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

using Flags = std::vector<std::string>;

// The error of principal components on the test images, computed like the variants' errors.
double pca_error(std::int64_t limit, std::int64_t k) {
  const ImageData data = load_images({.name = "generated", .limit = limit});
  const Pca pca = fit_pca(data.train_images, k);
  return mean(square(pca.decode(pca.encode(data.test_images)) - data.test_images)).item();
}

// A folder of training pictures, 8 x 8 pixels, made from a few patterns and a little noise.
Flags small_pictures(const TemporaryFolder& folder) {
  Rng rng(1);
  const Tensor patterns = rng.normal({3, 64}), images = matmul(rng.normal({2000, 3}), patterns) * 0.1 + 0.5;
  const std::vector<float> pixels = clamp(images + rng.normal({2000, 64}) * 0.1, 0, 1).to_vector<float>();
  for (int i = 0; i < 2000; ++i) {
    Image image{.width = 8, .height = 8, .channels = 1, .pixels = {}};
    for (int j = 0; j < 64; ++j)
      image.pixels.push_back(static_cast<std::uint8_t>(std::lround(pixels[i * 64 + j] * 255)));
    write(folder / (std::to_string(i) + ".png"), encode_png(image));
  }
  return {"--data", "folder", "--data-dir", folder.path()};
}

}  // namespace

TEST_CASE("undercomplete: a smaller code loses more") {
  const Flags flags{"--limit", "2000", "--epochs", "12", "--lr", "0.005", "--batch-size", "32"};
  const double wide = figure(summary_of("undercomplete", flags + Flags{"--code", "16"}), "test_mse");
  const double narrow = figure(summary_of("undercomplete", flags + Flags{"--code", "2"}), "test_mse");
  CHECK(wide < 0.7 * pca_error(2000, 0));    // better than the mean image
  CHECK(narrow > 0.9 * pca_error(2000, 2));  // two numbers are not much better than two components
  CHECK(wide < 0.7 * narrow);
}

TEST_CASE("deep: nonlinear layers keep more than PCA, tied layers with half the weights") {
  const Flags flags{"--limit",      "6000", "--epochs", "8",      "--lr",   "0.003",
                    "--batch-size", "64",   "--widths", "128,64", "--code", "4"};
  const auto run = summary_of("deep", flags), tied = summary_of("deep", flags + Flags{"--tied"});
  const double flat = pca_error(6000, 4);
  CHECK(figure(run, "test_mse") < 0.85 * flat);
  CHECK(figure(tied, "test_mse") < 0.85 * flat);
  CHECK(figure(run, "parameters") - figure(tied, "parameters") == 784 * 128 + 128 * 64 + 64 * 4);
}

TEST_CASE("overcomplete: it also copies scrambled images, which training with noise prevents") {
  const TemporaryFolder folder;
  const Flags flags =
      small_pictures(folder) + Flags{"--hidden", "80", "--epochs", "6", "--batch-size", "4", "--lr", "0.01"};
  const auto run = summary_of("overcomplete", flags);
  CHECK(figure(run, "test_mse") < 1e-3);
  CHECK(figure(run, "scrambled_mse") < 3e-3);
  CHECK(figure(run, "scrambled_twin_mse") > 10 * figure(run, "scrambled_mse"));
  const auto without = summary_of("overcomplete", flags + Flags{"--noise", "0"});
  CHECK(figure(without, "test_twin_mse") == figure(without, "test_mse"));
}

TEST_CASE("sparse_l1: a higher λ gives fewer active units and smaller activations") {
  const TemporaryFolder out;
  summary_of("sparse_l1", {"--limit", "1000", "--epochs", "4", "--lambdas", "0,3e-4,1e-3,3e-3"}, out);
  const std::vector<double> said = column_in(out, "sweep", "mean activation");
  const std::vector<double> speaking = column_in(out, "sweep", "active units");
  REQUIRE(said.size() == 4);
  for (std::size_t i = 1; i < 4; ++i) {
    CAPTURE(i);
    CHECK(said[i] < 0.9 * said[i - 1]);
    CHECK(speaking[i] < 0.9 * speaking[i - 1]);
  }
}

TEST_CASE("sparse_kl: units have the mean activation that the penalty asks for") {
  const Flags flags{"--limit", "2000", "--epochs", "6", "--hidden", "64", "--batch-size", "32"};
  CHECK(figure(summary_of("sparse_kl", flags), "activation_off_by") < 0.05);
  CHECK(figure(summary_of("sparse_kl", flags + Flags{"--beta", "0"}), "activation_off_by") > 0.5);
}

TEST_CASE("top_k: k units are active, the others do not learn, and dead ones are revived") {
  const Flags flags{"--limit", "12000",   "--epochs", "3",        "--k", "2,16",         "--hidden",
                    "64",      "--atoms", "128",      "--active", "3",   "--batch-size", "64"};
  const TemporaryFolder out, dead_out;
  const auto run = summary_of("top_k", flags, out), dead = summary_of("top_k", flags + Flags{"--alpha", "0"}, dead_out);
  const std::vector<double> active = column_in(out, "sweep", "non-zeros of a code");
  CHECK(active[0] == 2);
  CHECK(active[1] == doctest::Approx(16).epsilon(0.01));  // a unit below 0 is not active
  CHECK(figure(run, "at_most_k_active") == 1);
  CHECK(figure(run, "mean_max_cosine") > 0.8);  // atoms that were found; 0.35 by chance
  CHECK(column_in(out, "sweep", "dead units")[0] < 0.6 * column_in(dead_out, "sweep", "dead units")[0]);

  // Its op: exactly k of each row, of equal numbers the first, and a gradient only through these.
  const Var x = variable(Tensor::from<double>({3, 1, 3, 3, 0, 5, -1, -2, -3, -4}, {2, 5}));
  const Var kept = keep_top_k(x, 2);
  CHECK(kept.value().to_vector<double>() == std::vector<double>{3, 0, 3, 0, 0, 5, -1, 0, 0, 0});
  CHECK(grad(sum(square(kept)), x).value().to_vector<double>() == std::vector<double>{6, 0, 6, 0, 0, 10, -2, 0, 0, 0});
}

TEST_CASE("denoising: noise is removed, and each model is best at the noise of its training") {
  const TemporaryFolder out;
  const auto run = summary_of(
      "denoising", {"--limit", "2000", "--epochs", "4", "--channels", "4", "--lr", "0.01", "--batch-size", "32"}, out);
  CHECK(figure(run, "test_damage") == doctest::Approx(0.25).epsilon(0.02));  // σ²
  CHECK(figure(run, "test_mse") < 0.1 * figure(run, "test_damage"));
  const Flags kinds{"gaussian", "masking", "salt-pepper"};  // rows: training; columns: test
  for (std::size_t test = 0; test < 3; ++test) {
    const std::vector<double> errors = column_in(out, "noise_matrix", kinds[test]);
    for (std::size_t trained = 0; trained < 3; ++trained) {
      CAPTURE(kinds[test]);
      CAPTURE(kinds[trained]);
      if (trained != test) CHECK(errors[test] < 0.8 * errors[trained]);
    }
  }
  const std::string lines = nn::read_file(out / "out" / "metrics.jsonl");
  CHECK(test::Json::parse(lines.substr(0, lines.find('\n')))["train_damage"].number() ==
        doctest::Approx(0.25).epsilon(0.02));  // in training, too
}

TEST_CASE("contractive: the penalty makes codes move less, at little cost, by every route") {
  const Flags flags{"--limit", "2000", "--epochs", "8", "--widths", "32", "--batch-size", "32", "--lr", "0.03"};
  const Flags strong = flags + Flags{"--lambda", "1"};
  const auto run = summary_of("contractive", strong);
  CHECK(figure(run, "contraction") > 3);
  CHECK(figure(run, "test_mse") < 1.25 * figure(run, "plain_mse"));
  CHECK(figure(summary_of("contractive", strong + Flags{"--route", "exact"}), "mean_jacobian") ==
        doctest::Approx(figure(run, "mean_jacobian")).epsilon(0.01));
  CHECK(figure(summary_of("contractive", flags + Flags{"--lambda", "0"}), "contraction") == 1);
}

TEST_CASE("stacked: layer by layer gets further than joint training in as many epochs, and helps a classifier") {
  const auto run = summary_of(
      "stacked", {"--limit", "4000", "--epochs", "9", "--pretrain", "0.667", "--lr", "0.01", "--batch-size", "20",
                  "--widths", "128,64,32", "--repeats", "1", "--labels", "500", "--label-epochs", "10"});
  // Joint training leaves the plateau at the mean image late, and how late is chance.
  CHECK(figure(run, "test_mse") < 0.6 * figure(run, "joint_mse"));
  CHECK(figure(run, "test_mse") < 0.6 * figure(run, "mean_image_mse"));
  CHECK(figure(run, "accuracy_pretrained") > figure(run, "accuracy_from_random") + 0.1);
}

TEST_CASE("linear: the autoencoder is PCA, and the linear VAE's bound is pPCA's likelihood") {
  const auto run = summary_of("linear", {"--limit", "4000", "--codes", "2,8", "--vae-code", "4", "--epochs", "3"});
  CHECK(figure(run, "ratio_to_pca") == doctest::Approx(1).epsilon(0.001));
  CHECK(figure(run, "smallest_cosine") > 0.999);
  CHECK(figure(run, "elbo_gap") > -1e-6);  // a bound
  CHECK(figure(run, "elbo_gap") < 0.05);
}

TEST_CASE("variational: codes have information, and all codes together are near N(0, 1)") {
  const TemporaryFolder out;
  const Flags flags{"--limit", "4000", "--epochs", "5", "--lr", "0.003", "--batch-size", "64", "--hidden", "64"};
  const auto run = summary_of("variational", flags, out);
  CHECK(figure(run, "test_neg_elbo") ==
        doctest::Approx(figure(run, "test_reconstruction_nats") + figure(run, "test_kl_nats")));
  CHECK(figure(run, "test_kl_nats") > 4);
  CHECK(figure(run, "test_kl_nats") < 25);  // without the KL term it would be above 100
  // A number of the code that is in use has a small variance, because the decoder gets the noise.
  // If the decoder did not get it, the KL term alone would decide, and every variance would be 1.
  const StateDict saved = nn::load_safetensors(out / "out" / "last.safetensors").tensors;
  const std::map<std::string, Tensor> weights(saved.begin(), saved.end());
  const auto layer = [&](const std::string& name, const Tensor& x) {
    return linear(x, weights.at("vae." + name + ".weight")) + weights.at("vae." + name + ".bias");
  };
  const Tensor images = load_images({.name = "generated", .limit = 4000}).test_images;
  const Tensor h = relu(layer("hidden", images)), variance = mean(exp(layer("log_var", h)), {0});
  const Tensor spread = var(layer("mean", h), {0}, false, 0) + variance;
  CHECK(min(variance).item() < 0.25);
  CHECK(mean(spread).item() == doctest::Approx(1).epsilon(0.3));
}

TEST_CASE("linear_denoiser: noise makes a linear map shrink each direction by its share of noise") {
  const auto run = summary_of("linear_denoiser", {"--limit", "4000", "--epochs", "10", "--code", "4", "--sigmas", "0.5",
                                                  "--lr", "0.01", "--batch-size", "64"});
  CHECK(figure(run, "worst_gain_error") < 0.05);
  CHECK(figure(run, "worst_error_ratio") == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("without_kl: codes have more information, and draws from N(0, 1) give worse images") {
  const TemporaryFolder out;
  const auto run =
      summary_of("without_kl", {"--limit", "4000", "--epochs", "6", "--hidden", "100", "--batch-size", "64"}, out);
  CHECK(figure(run, "kl_beta_0") > 5 * figure(run, "kl_beta_1"));
  CHECK(figure(run, "drawn") < 0.85 * 2 * figure(run, "reference_drawn"));  // the reference is half of β = 0's
  const std::vector<double> reconstruction = column_in(out, "spaces", "reconstruction");
  CHECK(reconstruction[0] < 0.95 * reconstruction[1]);
}

TEST_CASE("contractive_or_denoising: each resists what it was trained to resist") {
  const TemporaryFolder out;
  const auto run = summary_of("contractive_or_denoising",
                              {"--limit", "2000", "--epochs", "8", "--code", "64", "--batch-size", "32", "--lr", "0.01",
                               "--lambda", "1", "--spectra", "20"},
                              out);
  const auto column = [&](const std::string& heading) { return column_in(out, "resistance", heading); };
  const std::size_t plain = 0, decay = 1, denoising = 2, contractive = 3;  // the rows
  const std::vector<double> size = column("‖∂h/∂x‖"), change = column("change");
  CHECK(size[contractive] < 0.5 * std::min({size[plain], size[decay], size[denoising]}));
  CHECK(size[decay] < 0.9 * size[plain]);
  CHECK(change[denoising] < 0.7 * change[plain]);
  CHECK(column("error")[denoising] < column("error")[plain]);
  CHECK(column("error without noise")[denoising] > column("error without noise")[plain]);  // the cost of it
  CHECK(figure(run, "large_singular_values_contractive") < 0.9 * figure(run, "large_singular_values_plain"));
}

TEST_CASE("published_results: nonlinear nets beat linear ones; each figure has the paper's value") {
  const TemporaryFolder out;
  const auto run =
      summary_of("published_results",
                 {"--limit", "1000", "--epochs", "8", "--seeds", "2", "--batch-size", "32", "--lr", "0.0005"}, out);
  CHECK(figure(run, "curves_ae6") < 0.95 * figure(run, "curves_logistic_pca6"));
  CHECK(figure(run, "images_ae30") < figure(run, "images_logistic_pca30"));
  CHECK(figure(run, "snippet_deep") < figure(run, "snippet"));
  CHECK(figure(run, "vae_after_7") < figure(run, "vae_after_5"));
  const std::vector<double> published = column_in(out, "beside", "paper");
  REQUIRE(published.size() == 13);
  for (const double figure : published) CHECK(figure > 0);
}
