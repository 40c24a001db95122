// The Wasserstein autoencoder with an MMD penalty (also called InfoVAE): all codes together follow N(0, 1), none alone.
//
// A VAE asks of every image's cloud of codes that it look like N(0, 1); clouds that do overlap, and where they overlap
// the decoder must compromise: pictures blur. But to sample from the model it is enough that the clouds of all images
// together look like N(0, 1). So here each image has one point for a code, as in a plain autoencoder, and the penalty
// is a distance between two samples, a batch of codes and as many draws from N(0, 1):
//
//     loss  =  mean over images of ‖decode(encode(x)) - x‖²  +  λ MMD²( codes, draws )
//     MMD²  =  mean_{i≠j} k(z_i, z_j) + mean_{i≠j} k(n_i, n_j) - 2 mean_{ij} k(z_i, n_j)
//     k(a, b)  =  Σ_s  s C / (s C + ‖a - b‖²),    C = 2 · code,   s = 0.1, 0.2, 0.5, 1, 2, 5, 10
//
// The maximum mean discrepancy is 0 for two samples of one distribution (on average: it can be below 0), and above for
// two others, because k has no function of z that it overlooks. (Tolstikhin et al. 2018, "Wasserstein auto-encoders";
// Zhao, Song & Ermon 2017, "InfoVAE"; Gretton et al. 2012, "A kernel two-sample test".)
//
// The twin is the same autoencoder with λ = 0. The penalty must bring MMD² down to a tenth of the twin's, and the
// reconstruction may cost no more than 10 %. Look at the two pictures of samples for what that buys.
//
// To try next: --lambda 1 and 1000; --code 2.
#include <algorithm>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "nn/losses.h"
#include "optim/adam.h"

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
// The mean of k over all pairs of different rows; 0 of a single row.
Var kernel_within(const Var& a) {
  const std::int64_t n = a.size(0), pairs = std::max<std::int64_t>(1, n * (n - 1));
  return sum(kernel(a, a) * constant(1 - eye(n))) / static_cast<double>(pairs);
}
Var mmd_squared(const Var& a, const Var& b) { return kernel_within(a) + kernel_within(b) - 2.0 * mean(kernel(a, b)); }

struct Terms {
  Var error, mmd;
};
Terms train_step(const MlpAutoencoder& model, optim::Adam& adam, const Tensor& images, double lambda,
                 const Tensor& draws) {
  const Var x = constant(images), z = model.encode(x);
  const Terms terms{nn::mse_loss(model.decode(z), x, nn::Reduction::batchmean), mmd_squared(z, constant(draws))};
  adam.step(grad(terms.error + lambda * terms.mmd, model.parameters()));
  return terms;
}

double test_mmd(const MlpAutoencoder& model, const Tensor& images, Rng noise) {
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
                   .summary = "Points for codes, whose distribution as a whole is held near N(0, 1).",
                   .objective = "‖decode(encode(x)) - x‖² + λ MMD²(codes, N(0, 1))",
                   .epochs = 5});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--lambda", lambda, "weight of the penalty", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = rng.split("init"), same = init, noise = rng.split("noise");
    MlpAutoencoder model(data.train_images.size(1), hidden, code, init),
        twin(data.train_images.size(1), hidden, code, same);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), twin_adam(twin.parameters(), {.lr = args.lr});
    double mse = 0, twin_mse = 0, mmd = 0, twin_mmd = 0;
    run.keep("model", model, "adam", adam, "twin", twin, "twin_adam", twin_adam, "noise", noise, "mse", mse, "twin_mse",
             twin_mse, "mmd", mmd, "twin_mmd", twin_mmd);
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Tensor draws = noise.normal({batch.size(), code});
        const Terms own = train_step(model, adam, batch.images, lambda, draws);
        train_step(twin, twin_adam, batch.images, 0, draws);
        run.step({{"error", own.error.item()}, {"mmd", own.mmd.item()}}, batch.size());
      }
      mse = reconstruction_error(model, data.test_images), twin_mse = reconstruction_error(twin, data.test_images);
      mmd = test_mmd(model, data.test_images, rng.split("test"));
      twin_mmd = test_mmd(twin, data.test_images, rng.split("test"));
      run.log_epoch({{"test_mse", mse}, {"test_mmd", mmd}, {"test_mse[twin]", twin_mse}, {"test_mmd[twin]", twin_mmd}});
    }

    const NoGrad no_grad;
    const auto decoder = [](const MlpAutoencoder& from) -> Decoder {
      return [&from](const Tensor& z) { return from.decode(constant(z)).value(); };
    };
    const Tensor originals = slice(data.test_images, 0, 0, 10), draws = rng.split("pictures").normal({100, code});
    draw_reconstructions(run, originals, model(constant(originals)).value(), "Test images and their reconstructions.");
    draw_samples(run, decoder(model), draws, "Decoded draws from N(0, 1).");
    run.picture("samples_of_twin", image_grid(decoder(twin)(draws)),
                "The same draws decoded by the twin, whose codes lie anywhere: few of the draws mean something to it.");
    draw_paths(run, decoder(model), slice(model.encode(constant(originals)).value(), 0, 0, 9));
    run.result("test_mmd_squared", mmd, {.reference = twin_mmd / 10, .reference_name = "a tenth of the twin's"});
    run.result("test_mse", mse, {.reference = twin_mse, .reference_name = "the twin without a penalty", .within = 0.1});
    run.finish();
  });
}
