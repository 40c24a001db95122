// SPDX-License-Identifier: MIT
// A linear denoising autoencoder is a regularised singular value decomposition.
//
// Add Gaussian noise to an image, and train a linear autoencoder to remove it:
//
//     loss  =  E ‖ x - m - D E (x - m + σ ε) ‖²  =  tr( (1 - D E) C (1 - D E)ᵀ ) + σ² ‖D E‖²,   ε from N(0, 1)
//
// In expectation the noise is a penalty on the size of the map, as weight decay is. With C = V diag(s²) Vᵀ the best map
// with a code of k numbers is (Bishop 1995, "Training with noise is equivalent to Tikhonov regularization"; Pretorius
// et al. 2018, "Learning dynamics of linear denoising autoencoders")
//
//     D E  =  Σ_{j ≤ k}  v_j  s_j² / (s_j² + σ²)  v_jᵀ
//
// the k principal directions, each multiplied by the share of signal in it: Wiener's filter. So a linear denoising
// autoencoder is PCA with gains below 1, and what `variants/denoising` does better comes from its nonlinearity.
//
// Here the autoencoder is trained like any other, on images with fresh noise in each batch. Then its error on the test
// images and its singular values are compared with the formula.
//
// To try next: --sigmas 1, where little but the mean image is left; --code 4, and the plot of gains.
#include <algorithm>
#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/linear.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class LinearAutoencoder : public nn::Module {
 public:
  LinearAutoencoder(std::int64_t pixels, std::int64_t code, Rng& rng)
      : encoder_(child<nn::Linear>("encoder", pixels, code, rng, nn::LinearOptions{.bias = false})),
        decoder_(child<nn::Linear>("decoder", code, pixels, rng, nn::LinearOptions{.bias = false})) {}
  Var operator()(const Var& x) const { return decoder_(encoder_(x)); }
  /// D E, f64[pixels, pixels].
  Tensor map() const { return hourglass::to(matmul(decoder_.weight().value(), encoder_.weight().value()), Dtype::f64); }

 private:
  nn::Linear &encoder_, &decoder_;
};

// The loss above per pixel, in expectation over ε, of the map D E on images x - m.
double expected_error(const Tensor& map, const Tensor& x, double sigma) {
  const double clean = mean(square(linear(x, map) - x)).item();
  return clean + sigma * sigma * sum(square(map)).item() / static_cast<double>(x.size(1));
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 32;
  std::vector<double> sigmas{0.1, 0.3, 0.5};
  Program program({.name = "linear_denoiser",
                   .title = "A linear denoiser is a regularised SVD",
                   .summary = "Trains linear autoencoders to remove noise, and finds PCA with gains below 1.",
                   .objective = "E ‖x - m - D E (x - m + σ ε)‖²,  ε ~ N(0, 1)",
                   .steps = 9400,
                   .lr = 3e-3});
  program.flag("--code", code, "numbers in the code");
  program.flag("--sigmas", sigmas, "standard deviations of the noise, one model for each", {.min = 1e-3});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    const std::int64_t pixels = data.train_images.size(1);
    check(code < pixels, "--code", code, " numbers are no fewer than ", pixels, " pixels");
    Run run(args, data);
    const Moments moments = moments_of(data.train_images);
    const Tensor center = to(moments.mean, Dtype::f32), test = to(data.test_images, Dtype::f64) - moments.mean;
    const Loader loader(data.train_images - center, data.train_labels,
                        {.batch_size = args.batch_size, .seed = args.seed});
    const Rng rng(args.seed);

    Rng init = rng.split("init"), noise = rng.split("noise");
    run.keep("noise", noise);
    std::deque<Trained<LinearAutoencoder>> nets;  // one for each σ
    for (std::size_t i = 0; i < sigmas.size(); ++i)
      nets.emplace_back(run, join("model_", i), args.lr, pixels, code, init);
    const optim::CosineAnnealingLR rate{args.lr, args.epochs_of(loader.batches())};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (auto& net : nets) net.adam.set_lr(rate(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const Tensor unit = noise.normal(x.shape());
        Metrics metrics;
        for (std::size_t i = 0; i < nets.size(); ++i) {
          const Var output = nets[i].model(x + constant(unit * sigmas[i]));
          metrics.add("mse_" + number(sigmas[i]), nets[i].step(mean(square(output - x))));
        }
        run.step(metrics, batch.size());
      }
      run.log_epoch();
    }

    const Pca pca = fit_pca(moments, code);
    std::vector<std::vector<std::string>> table{
        {"σ", "test MSE", "formula", "ratio", "largest gain", "formula", "smallest gain", "formula"}};
    std::vector<Series> gains;
    double worst_error = 1, worst_gain = 0;
    for (std::size_t i = 0; i < nets.size(); ++i) {
      const double sigma = sigmas[i];
      const Tensor expected = pca.variances / (pca.variances + sigma * sigma);
      const Tensor wiener = matmul(transpose(pca.components), pca.components * reshape(expected, {code, 1}));
      const Tensor map = nets[i].model.map();
      // Its singular values: roots of the eigenvalues of (D E)ᵀ D E.
      const Tensor found = sqrt(top_eigenvectors(matmul(transpose(map), map), code).values);
      const double error = expected_error(map, test, sigma), best = expected_error(wiener, test, sigma);
      if (std::abs(error / best - 1) > std::abs(worst_error - 1)) worst_error = error / best;
      worst_gain = std::max(worst_gain, max(abs(found / expected - 1)).item());
      table.push_back({number(sigma), number(error, 5), number(best, 5), number(error / best, 4),
                       number(max(found).item()), number(max(expected).item()), number(min(found).item()),
                       number(min(expected).item())});
      gains.push_back(curve("learnt, σ = " + number(sigma), found));
      gains.push_back(curve("formula, σ = " + number(sigma), expected));
    }
    run.table("denoisers", table, "Each linear denoiser and the formula: the expected error per pixel, and the gains.");
    run.plot("gains",
             line_plot(gains, {.title = "what is left of each principal direction",
                               .x_label = "principal direction",
                               .y_label = "singular value of D E"}),
             "Singular values of the learnt maps and of the formula: strong directions pass, weak ones are taken for "
             "noise.");
    const std::int64_t shown = 10;
    const Tensor clean = slice(test, 0, 0, shown);
    std::vector<Tensor> rows{slice(data.test_images, 0, 0, shown)};
    std::vector<std::string> labels{"input"};
    Rng draws = rng.split("pictures");
    for (std::size_t i = 0; i < nets.size(); ++i) {
      const Tensor damaged = clean + draws.normal(clean.shape(), 0, sigmas[i], Dtype::f64);
      for (const Tensor& x : {damaged, linear(damaged, nets[i].model.map())})
        rows.push_back(clamp(to(x + moments.mean, Dtype::f32), 0, 1));
      labels.push_back("σ = " + number(sigmas[i]));
      labels.push_back("denoised");
    }
    run.images("denoised", concat(rows, 0), {.row_labels = labels},
               "Test images with more and more noise, and what a linear map recovers.");
    run.result("worst_gain_error", worst_gain,
               {.reference = 0.02, .reference_name = "2 % from s² / (s² + σ²), in the worst direction"});
    run.result("worst_error_ratio", worst_error,
               {.reference = 1,
                .reference_name = "the regularised SVD's test error, for the worst σ",
                .better = Better::near,
                .within = 0.01});
    run.finish();
  });
}
