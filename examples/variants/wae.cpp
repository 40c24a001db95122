// SPDX-License-Identifier: MIT
// The Wasserstein autoencoder with an MMD penalty (also called InfoVAE): all codes together follow N(0, 1).
//
// In a VAE the cloud of codes of every single image shall be close to N(0, 1). Such clouds overlap, and where they do
// the decoder must compromise: pictures blur. But to sample from the model it is enough that the codes of all images
// together follow N(0, 1). So here each image has one point as its code, as in a plain autoencoder, and the penalty is
// a distance between two samples, a batch of codes and as many draws from N(0, 1):
//
//     loss  =  mean over images of ‖decode(encode(x)) - x‖²  +  λ MMD²( codes, draws )
//     MMD²  =  mean_{i≠j} k(z_i, z_j) + mean_{i≠j} k(n_i, n_j) - 2 mean_{ij} k(z_i, n_j)
//     k(a, b)  =  Σ_s  s C / (s C + ‖a - b‖²),    C = 2 · code,   s = 0.1, 0.2, 0.5, 1, 2, 5, 10
//
// On average the maximum mean discrepancy is 0 for two samples of the same distribution (a single value can be below
// 0). It is positive for any two different distributions, because k detects every difference. (Tolstikhin et al. 2018,
// "Wasserstein auto-encoders"; Zhao, Song & Ermon 2017, "InfoVAE"; Gretton et al. 2012, "A kernel two-sample test".)
//
// The twin is the same autoencoder with λ = 0. The penalty must reduce MMD² to a tenth of the twin's, and may increase
// the reconstruction error by at most 10 %. Compare the two pictures of samples to see the effect.
//
// To try next: --lambda 1 and 1000; --code 2.
#include <algorithm>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// k(a_i, b_j) at [i, j].
Var kernel(const Var& a, const Var& b) {
  const Var apart = sum(square(a), {1}, true) + transpose(sum(square(b), {1}, true)) - 2.0 * matmul(a, transpose(b));
  const double c = 2.0 * static_cast<double>(a.size(1));
  Var k = constant(zeros(apart.shape()));
  for (const double s : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0}) k = k + s * c / (s * c + maximum(apart, 0.0));
  return k;
}
// The mean of k over all pairs of different rows; 0 for a single row.
Var kernel_within(const Var& a) {
  const std::int64_t n = a.size(0), pairs = std::max<std::int64_t>(1, n * (n - 1));
  return sum(kernel(a, a) * constant(1 - eye(n))) / static_cast<double>(pairs);
}
Var mmd_squared(const Var& a, const Var& b) { return kernel_within(a) + kernel_within(b) - 2.0 * mean(kernel(a, b)); }

Metrics train_step(Trained<MlpAutoencoder>& net, const Tensor& images, double lambda, const Tensor& draws) {
  const Var x = constant(images), z = net.model.encode(x);
  const Var error = nn::mse_loss(net.model.decode(z), x, nn::Reduction::batchmean);
  const Var mmd = mmd_squared(z, constant(draws));
  net.step(error + lambda * mmd);
  return {{"error", error.item()}, {"mmd", mmd.item()}};
}

double mmd_of(const MlpAutoencoder& model, const Tensor& images, Rng noise) {
  return average_over(images, [&](const Tensor& x) {
    const Var z = model.encode(constant(x));
    return mmd_squared(z, constant(noise.normal(z.shape()))).item();
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 8;
  double lambda = 10;
  Program program({.name = "wae",
                   .title = "Wasserstein autoencoder (MMD)",
                   .summary = "Codes are points, and a penalty keeps their distribution as a whole near N(0, 1).",
                   .objective = "‖decode(encode(x)) - x‖² + λ MMD²(codes, N(0, 1))",
                   .steps = 2350});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--lambda", lambda, "weight of the penalty", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), twin_init = init, noise = rng.split("noise");
    Trained<MlpAutoencoder> net(run, "model", args.lr, data.train_images.size(1), hidden, code, init);
    Trained<MlpAutoencoder> twin(run, "twin", args.lr, data.train_images.size(1), hidden, code, twin_init);
    run.keep("noise", noise);
    run.use(data.test_images, uses_of(net.model, code));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Tensor draws = noise.normal({batch.size(), code});
        train_step(twin, batch.images, 0, draws);
        run.step(train_step(net, batch.images, lambda, draws), batch.size());
      }
      const Tensor& images = data.validation_images;
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, images)},
                     {"validation_mmd", mmd_of(net.model, images, rng.split("validation"))},
                     {"validation_mse[twin]", reconstruction_error(twin.model, images)},
                     {"validation_mmd[twin]", mmd_of(twin.model, images, rng.split("validation"))}});
    }

    const NoGrad no_grad;
    const auto decoder = [](const MlpAutoencoder& model) -> Decoder {
      return [&model](const Tensor& z) { return model.decode(constant(z)).value(); };
    };
    const Tensor originals = slice(data.test_images, 0, 0, 10), draws = rng.split("pictures").normal({100, code});
    const Tensor codes = net.model.encode(constant(originals)).value();
    draw_reconstructions(run, originals, decoder(net.model)(codes), "Test images and their reconstructions.");
    draw_samples(run, decoder(net.model), draws, "Decoded draws from N(0, 1).");
    run.images("samples_of_twin", decoder(twin.model)(draws), {},
               "The same draws decoded by the twin. Its codes lie anywhere, so few of the draws are near a code.");
    draw_paths(run, decoder(net.model), slice(codes, 0, 0, 9));
    draw_codes(run, net.model.encode(constant(data.test_images)).value(), data);
    run.result("test_mmd_squared", mmd_of(net.model, data.test_images, rng.split("test")),
               {.reference = mmd_of(twin.model, data.test_images, rng.split("test")) / 10,
                .reference_name = "a tenth of the twin's"});
    run.result("test_mse", reconstruction_error(net.model, data.test_images),
               {.reference = reconstruction_error(twin.model, data.test_images),
                .reference_name = "the twin without a penalty",
                .within = 0.1});
    run.finish();
  });
}
