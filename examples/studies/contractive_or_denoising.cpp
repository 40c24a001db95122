// Two ways to make an autoencoder that does not react to what does not matter.
//
//     contractive    Σ (r(x) - x)² + λ ‖∂h/∂x‖²_F         Rifai et al. 2011, "Contractive auto-encoders"
//     denoising      Σ (r(x + σ ε) - x)²,  ε ~ N(0, 1)    Vincent et al. 2008, "Extracting and composing robust
//     features"
//
// The first resists changes that are infinitely small, and in its code; the second changes as large as its σ, and in
// what comes out. Alain & Bengio 2014 ("What regularized auto-encoders learn from the data-generating distribution")
// show that for small σ the second is the first, with the Jacobian of r for that of h. For a σ that one can see they
// differ, which this study puts in one table, of the same network trained four times:
//
//     ‖∂h/∂x‖         the mean over test images, which the contractive one was made to have small
//     change          (r(x + σ ε) - r(x))², for each pixel: what is left of the noise behind the network
//     error           (r(x + σ ε) - x)², for each pixel
//
//     probe error     how often a ridge classifier of the codes is wrong
//
// each winning its own column. Beside them the same network with weight decay, which keeps weights small and not what
// they do, and with nothing at all: the four of Rifai et al., whose order from least to most, contractive, denoising,
// weight decay, nothing, they found both in the size of J and in the error of a classifier. And their figure 3: the
// singular values of J, averaged over test images, largest first. A code that follows the few directions in which
// images vary and no other has few large ones; a smaller J with the same shape of the curve would only be a smaller
// code.
//
// To try next: --sigma 0.05, where the first two come near each other; --lambda 1.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "autograd/derivatives.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Autoencoder : public nn::Layer {
 public:
  Autoencoder(std::int64_t pixels, std::int64_t code, Rng& rng)
      : encode_(child<nn::Linear>("encode", pixels, code, rng)),
        decode_(child<nn::Linear>("decode", code, pixels, rng)) {}
  Var encode(const Var& x) const { return sigmoid(encode_(x)); }
  Var forward(const Var& x) const override { return sigmoid(decode_(encode(x))); }
  /// ‖∂h/∂x‖² of each row.
  Var squared_norm(const Var& x) const {
    return squared_jacobian_norm([&](const Var& v) { return encode(v); }, x, {.method = JacobianNorm::closed_form});
  }

  /// Of J, averaged over the rows.
  Tensor singular_values(const Tensor& images) const {
    Tensor total = zeros({std::min(encode_.weight().shape()[0], images.size(1))}, Dtype::f64);
    for (const Tensor& rows : split(images, 10, 0)) {
      const Var j = batch_jacobian([&](const Var& v) { return encode(v); }, constant(rows));
      total = total + mean_singular_values(j.value()) * static_cast<double>(rows.size(0));
    }
    return total / static_cast<double>(images.size(0));
  }

  /// Of all weights, biases left out.
  Var squared_weights() const { return sum(square(Var(encode_.weight()))) + sum(square(Var(decode_.weight()))); }

 private:
  nn::Linear &encode_, &decode_;
};

constexpr double kLarge = 0.1;  // of the largest singular value

struct Contestant {
  std::string name;
  double lambda, sigma, decay;
  std::unique_ptr<Autoencoder> model;
  std::unique_ptr<optim::Adam> adam;
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 512;
  std::int64_t spectra = 200;
  double lambda = 0.1, sigma = 0.3, decay = 3e-4;
  Program program(
      {.name = "contractive_or_denoising",
       .title = "Contractive or denoising",
       .summary =
           "Trains one network to contract, to denoise, with weight decay and with nothing, and shakes all four.",
       .objective = "Σ (r(x) - x)² + λ ‖∂h/∂x‖²  or  Σ (r(x + σ ε) - x)²",
       .epochs = 10,
       .lr = 3e-3});
  program.flag("--code", code, "units of the code");
  program.flag("--lambda", lambda, "what ‖∂h/∂x‖² counts", {.min = 0});
  program.flag("--decay", decay, "what the squared weights count", {.min = 0});
  program.flag("--sigma", sigma, "standard deviation of the noise, in training and in the table", {.min = 0});
  program.flag("--spectra", spectra, "test images whose singular values of J are averaged");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    Rng rng(args.seed), noise = rng.split("noise");
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    std::vector<Contestant> all;
    all.push_back({"plain", 0, 0, 0, nullptr, nullptr});
    all.push_back({"decay", 0, 0, decay, nullptr, nullptr});
    all.push_back({"denoising", 0, sigma, 0, nullptr, nullptr});
    all.push_back({"contractive", lambda, 0, 0, nullptr, nullptr});
    run.keep("noise", noise);
    for (Contestant& one : all) {
      Rng init = rng.split("init");  // all begin alike
      one.model = std::make_unique<Autoencoder>(data.train_images.size(1), code, init);
      one.adam = std::make_unique<optim::Adam>(one.model->parameters(), optim::AdamOptions{.lr = args.lr});
      run.keep(one.name, *one.model, one.name + "_adam", *one.adam);
    }
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double images = static_cast<double>(batch.size());
        const Tensor unit = noise.normal(x.shape());
        Metrics metrics;
        for (const Contestant& one : all) {
          const Var seen = one.sigma > 0 ? x + constant(unit * one.sigma) : x;
          Var loss = nn::mse_loss((*one.model)(seen), x, nn::Reduction::sum) / images;
          metrics.add(one.name, loss.item());
          if (one.decay > 0) loss = loss + one.model->squared_weights() * one.decay;
          if (one.lambda > 0) loss = loss + mean(one.model->squared_norm(x)) * one.lambda;
          one.adam->step(grad(loss, one.model->parameters()));
        }
        run.step(metrics, batch.size());
      }
      run.log_epoch();
    }

    const NoGrad no_grad;
    const Tensor test = data.test_images, damaged = test + rng.split("test").normal(test.shape()) * sigma;
    std::vector<std::vector<std::string>> table{
        {"", "‖∂h/∂x‖", "change", "error", "error without noise", "probe error", "large"}};
    const Tensor some = slice(test, 0, 0, std::min(spectra, test.size(0)));
    std::vector<Series> spectrum, shape;
    const std::int64_t known = std::min<std::int64_t>(20'000, data.train_images.size(0));
    const Tensor train = slice(data.train_images, 0, 0, known), train_labels = slice(data.train_labels, 0, 0, known);
    std::vector<double> norms, changes, mistakes;
    std::vector<Tensor> rows{slice(test, 0, 0, 10), slice(damaged, 0, 0, 10)};
    std::vector<std::string> labels{"input", "damaged"};
    for (const Contestant& one : all) {
      const Tensor clean = outputs_of(*one.model, test), shaken = outputs_of(*one.model, damaged);
      norms.push_back(mean(sqrt(one.model->squared_norm(constant(test)).value())).item());
      changes.push_back(mean(square(shaken - clean)).item());
      const auto codes = [&](const Tensor& images) { return one.model->encode(constant(images)).value(); };
      mistakes.push_back(1 - ridge_probe({codes(train), train_labels}, {codes(test), data.test_labels}));
      const Tensor values = one.model->singular_values(some), shares = values / max(values).item();
      spectrum.push_back(curve(one.name, values));
      shape.push_back(curve(one.name, shares));
      const double large = sum(to(shares > kLarge, Dtype::f64)).item();
      run.result("large_singular_values_" + one.name, large);
      table.push_back({one.name, number(norms.back()), number(changes.back()),
                       number(mean(square(shaken - test)).item()), number(mean(square(clean - test)).item()),
                       join(number(100 * mistakes.back()), " %"), number(large)});
      rows.push_back(slice(shaken, 0, 0, 10));
      labels.push_back(one.name);
    }
    run.table("resistance", table,
              join("The same network after four kinds of training. Large: singular values of ∂h/∂x above ", kLarge,
                   " of the largest, of their averages. Change and error are those under noise of σ = ", sigma,
                   ", squared, for each pixel."));
    const std::string averaged = join("averages over ", some.size(0), " test images");
    run.plot("spectrum",
             line_plot(spectrum, {.title = "singular values of ∂h/∂x, " + averaged,
                                  .x_label = "number, the largest first",
                                  .y_label = "singular value",
                                  .log_y = true}),
             "How many directions the code follows, and how far, as in figure 3 of Rifai et al. 2011.");
    run.plot("spectrum_shape",
             line_plot(shape, {.title = "the same, as shares of the largest",
                               .x_label = "number, the largest first",
                               .y_label = "share"}),
             "A smaller code would move the curve above as a whole, and leave this one as it is; contraction is what "
             "makes it fall sooner.");
    run.picture("shaken", image_grid(concat(rows, 0), {.row_labels = labels}),
                "Test images, the same with noise, and what the four make of the latter.");
    // Rifai et al.'s order, of which 3 pairs are neighbours.
    const auto in_order = [](const std::vector<double>& most_to_least) {
      return static_cast<double>((most_to_least[0] > most_to_least[1]) + (most_to_least[1] > most_to_least[2]) +
                                 (most_to_least[2] > most_to_least[3]));
    };
    const ResultOptions all_of_them{
        .reference = 3, .reference_name = "plain > decay > denoising > contractive", .better = Better::higher};
    run.result("neighbours_in_order_by_probe_error", in_order(mistakes), all_of_them);
    run.result("neighbours_in_order_by_jacobian", in_order(norms), all_of_them);
    run.result("jacobian_contractive", norms[3],
               {.reference = norms[2], .reference_name = "‖∂h/∂x‖ of the denoising one"});
    run.result("change_denoising", changes[2],
               {.reference = changes[3], .reference_name = "the change of the contractive one"});
    run.finish();
  });
}
