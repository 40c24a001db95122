// SPDX-License-Identifier: MIT
// The linear autoencoder, and the linear variational autoencoder: principal components by gradient descent.
//
// Without a nonlinearity the best code of k numbers is known: the projection on the k directions of largest variance
// (Baldi & Hornik 1989, "Neural networks and principal component analysis: learning from examples without local
// minima"). All other stationary points are saddles, so gradient descent must find it. It finds the space and not the
// axes in it, since any invertible matrix A between encoder and decoder, (D A)(A⁻¹ E), leaves the output unchanged.
//
//     loss  =  mean over images of  ‖ x - m - D E (x - m) ‖²
//
// The variational twin has noise where pPCA has it (Tipping & Bishop 1999, "Probabilistic principal component
// analysis"): x|z from N(D z + m, σ²), and q(z|x) = N(E (x - m), diag(s²)). Its bound is
//
//     ELBO  =  -d/2 log(2π σ²) - ( ‖x - m - D E (x - m)‖² + Σ_j s_j² ‖D_j‖² ) / 2σ²  -  KL( q(z|x) ‖ N(0, 1) )
//
// and the maximum of its mean is exactly the likelihood of pPCA. No gap is left, although q is diagonal, because D can
// rotate until the true posterior is diagonal, too (Lucas et al. 2019, "Don't blame the ELBO! A linear VAE perspective
// on posterior collapse"). That likelihood has a closed form in the eigenvalues λ of the covariance C, where σ² is the
// mean of the eigenvalues that are left out:
//
//     -½ ( d log 2π + Σ_{j≤k} log λ_j + (d - k) log σ² + d )
//
// Both losses depend on the images only through mean and covariance, since the mean of ‖A (x - m)‖² is tr(A C Aᵀ). So
// these are computed once, and every step of L-BFGS is a step on all images, without any noise.
//
// To try next: --epochs 2, and the smallest cosines in the table (which spaces are not found yet?);
// --codes 2 --vae-code 64.
#include <algorithm>
#include <cmath>
#include <deque>
#include <iostream>
#include <numbers>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/module.h"
#include "optim/lbfgs.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

/// The mean of ‖x - m - D E (x - m)‖² over images with covariance C: tr((1 - D E) C (1 - D E)ᵀ). Its only matrix of
/// pixels by pixels is C.
Var residual(const Var& c, const Var& encoder, const Var& decoder, double variance) {
  const Var ec = matmul(encoder, c);                 // [k, pixels]
  const Var codes = matmul(ec, transpose(encoder));  // the codes' covariance
  const Var gram = matmul(transpose(decoder), decoder);
  return variance - sum(ec * transpose(decoder)) * 2 + sum(codes * gram);
}

class LinearAutoencoder : public nn::Module {
 public:
  LinearAutoencoder(std::int64_t pixels, std::int64_t code, Rng& rng)
      : encoder_(parameter("encoder", rng.normal({code, pixels}, 0, 1 / std::sqrt(pixels), Dtype::f64))),
        decoder_(parameter("decoder", rng.normal({pixels, code}, 0, 1 / std::sqrt(pixels), Dtype::f64))),
        mean_(buffer("mean", zeros({pixels}, Dtype::f64))) {}
  Var loss(const Var& c, double variance) const { return residual(c, encoder_, decoder_, variance); }
  Tensor reconstruct(const Tensor& x) const { return linear(linear(x, encoder_.value()), decoder_.value()); }
  Tensor codes_of(const Tensor& images) const {
    return linear(hourglass::to(images, Dtype::f64) - mean_.value(), encoder_.value());
  }
  Tensor images_of(const Tensor& codes) const {
    return hourglass::to(linear(codes, decoder_.value()) + mean_.value(), Dtype::f32);
  }
  void set_mean(const Tensor& mean) const { mean_.set_value(mean); }
  const Tensor& decoder() const { return decoder_.value(); }
  std::int64_t code() const { return decoder().size(1); }

 protected:
  Parameter encoder_, decoder_;
  nn::Buffer mean_;  // of the training images
};

class LinearVae : public LinearAutoencoder {
 public:
  LinearVae(std::int64_t pixels, std::int64_t code, double variance, Rng& rng)
      : LinearAutoencoder(pixels, code, rng),
        log_var_(parameter("log_var", zeros({code}, Dtype::f64))),
        log_noise_(parameter("log_noise", full({1}, std::log(variance / static_cast<double>(pixels)), Dtype::f64))) {}
  /// -ELBO in nats, averaged over images.
  Var neg_elbo(const Var& c, double variance) const {
    const Var encoder = encoder_, decoder = decoder_, s2 = exp(log_var_);
    const double pixels = static_cast<double>(decoder.size(0));
    const Var error = residual(c, encoder, decoder, variance) + sum(s2 * square(decoder));
    const Var energy = sum(matmul(encoder, c) * encoder);  // the mean of ‖code‖²
    const Var kl = (sum(s2) + energy - sum(Var(log_var_)) - static_cast<double>(s2.numel())) / 2;
    return sum((log_noise_ + std::log(2 * std::numbers::pi)) * (pixels / 2) + error * exp(-Var(log_noise_)) / 2) + kl;
  }

 private:
  Parameter log_var_, log_noise_;
};

// The exact likelihood of pPCA with k components, in nats an image.
double ppca_log_likelihood(const Tensor& top, double variance, std::int64_t pixels) {
  const double d = static_cast<double>(pixels), k = static_cast<double>(top.numel());
  const double noise = (variance - sum(top).item()) / (d - k);
  return -0.5 * (d * std::log(2 * std::numbers::pi) + sum(log(top)).item() + (d - k) * std::log(noise) + d);
}

// A model, and the L-BFGS that minimises its loss.
template <class Model>
struct Fit {
  Model model;
  optim::LBFGS lbfgs;

  Fit(Run& run, const std::string& name, std::int64_t iterations, Model initial)
      : model(std::move(initial)),
        lbfgs(model.parameters(), {.max_iter = iterations, .tolerance_grad = 0, .tolerance_change = 0},
              {.history_size = 50}) {
    run.keep(name, model, name + "_lbfgs", lbfgs);
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> codes{2, 4, 8, 16, 32, 64};
  std::int64_t vae_code = 16, iterations = 50;
  Program program(
      {.name = "linear",
       .title = "Linear autoencoder and linear VAE",
       .summary = "Finds principal components by gradient descent, and the likelihood of probabilistic PCA.",
       .objective = "‖x - m - D E (x - m)‖², averaged over images",
       .steps = 60});
  program.flag("--codes", codes, "numbers in the code, one model for each");
  program.flag("--vae-code", vae_code, "numbers in the code of the linear VAE");
  program.flag("--iterations", iterations, "of L-BFGS in an epoch");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    const std::int64_t pixels = data.train_images.size(1);
    const auto left_out = std::erase_if(codes, [pixels](std::int64_t k) { return k >= pixels; });
    check(!codes.empty() && vae_code < pixels, "linear", "codes need fewer numbers than a row, which has ", pixels);
    if (left_out > 0 && !args.quiet)
      std::cout << "codes: only those that are smaller than a row, which has " << pixels << " numbers" << std::endl;
    Run run(args, data);
    Rng init = Rng(args.seed).split("init");
    std::deque<Fit<LinearAutoencoder>> all;
    for (const std::int64_t k : codes)
      all.emplace_back(run, join("ae", k), iterations, LinearAutoencoder(pixels, k, init));
    const LinearAutoencoder& last = all.back().model;
    run.use(data.test_images, {.codes = [&](const Tensor& x) { return last.codes_of(x); },
                               .reconstructions = [&](const Tensor& x) { return last.images_of(last.codes_of(x)); }});

    const Moments moments = moments_of(data.train_images);
    const Var c = constant(moments.covariance);
    const double variance = sum(moments.covariance * eye(pixels, -1, Dtype::f64)).item();
    check(variance > 0, "linear", "needs training images that differ, got ", data.train_images.size(0));
    for (const auto& fit : all) fit.model.set_mean(moments.mean);
    Fit<LinearVae> vae(run, "vae", iterations, LinearVae(pixels, vae_code, variance, init));
    for ([[maybe_unused]] const std::int64_t epoch : run.epochs(1)) {
      Metrics metrics;
      for (auto& [model, lbfgs] : all) {
        const optim::Progress end = lbfgs.step([&model = model, &c, variance] { return model.loss(c, variance); });
        metrics.add(join("mse[", model.code(), " numbers]"), end.loss / static_cast<double>(pixels));
      }
      metrics.add("neg_elbo", vae.lbfgs.step([&] { return vae.model.neg_elbo(c, variance); }).loss);
      run.step(metrics);
      run.log_epoch();
    }

    const std::int64_t largest = std::max(vae_code, *std::max_element(codes.begin(), codes.end()));
    const Pca pca = fit_pca(moments, largest);
    const Tensor test = to(data.test_images, Dtype::f64) - moments.mean, few = slice(test, 0, 0, 10);
    std::vector<std::vector<std::string>> table{{"code", "test MSE", "PCA", "ratio", "smallest cosine"}};
    std::vector<Tensor> pictures{slice(data.test_images, 0, 0, 10)};
    std::vector<std::string> labels{"input"};
    double worst_ratio = 0, worst_cosine = 1;
    for (const auto& [model, lbfgs] : all) {
      const Tensor axes = slice(pca.components, 0, 0, model.code());
      const double mse = mean(square(model.reconstruct(test) - test)).item();
      const double best = mean(square(linear(linear(test, axes), contiguous(transpose(axes))) - test)).item();
      const double cosine = min(principal_cosines(model.decoder(), transpose(axes))).item();
      worst_ratio = std::max(worst_ratio, mse / best);
      worst_cosine = std::min(worst_cosine, cosine);
      table.push_back(
          {std::to_string(model.code()), number(mse, 5), number(best, 5), number(mse / best), number(cosine)});
      pictures.push_back(to(model.reconstruct(few) + moments.mean, Dtype::f32));
      labels.push_back(join(model.code(), " numbers"));
    }
    run.images("reconstructions", concat(pictures, 0), {.row_labels = labels},
               "Test images, and the outputs of linear autoencoders with more and more numbers in the code.");
    const Tensor columns = to(contiguous(transpose(all.back().model.decoder())), Dtype::f32);
    run.images(
        "components",
        concat({slice(to(pca.components, Dtype::f32), 0, 0, 10), slice(columns, 0, 0, 10),
                to(contiguous(transpose(slice(vae.model.decoder(), 1, 0, 10))), Dtype::f32)},
               0),
        {.normalize = true, .row_labels = {"PCA", "decoder", "VAE"}},
        "The first principal components; columns of the decoder, which are mixtures of them; columns of the linear "
        "VAE's decoder, which noise has rotated to the principal axes, in some order.");
    run.table("codes", table,
              "Each linear autoencoder and PCA: the error per pixel on the test images, and the smallest cosine of the "
              "principal angles between the two spaces.");
    run.result("ratio_to_pca", worst_ratio,
               {.reference = 1, .reference_name = "PCA's test error, at the worst of the codes", .within = 0.01});
    run.result(
        "smallest_cosine", worst_cosine,
        {.reference = 0.99, .reference_name = "the same space, at the worst of the codes", .better = Better::higher});
    const double exact = ppca_log_likelihood(slice(pca.variances, 0, 0, vae_code), variance, pixels);
    const double neg_elbo = run.last("train_neg_elbo");
    run.result("elbo", -neg_elbo, {.unit = "nats / image"});
    run.result("ppca_log_likelihood", exact, {.unit = "nats / image"});
    run.result("elbo_gap", exact + neg_elbo,
               {.reference = 0.1, .reference_name = "to the exact likelihood of pPCA", .unit = "nats / image"});
    run.finish();
  });
}
