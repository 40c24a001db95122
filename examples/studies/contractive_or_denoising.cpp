// SPDX-License-Identifier: MIT
// Two ways to train an autoencoder that does not react to what does not matter.
//
//     contractive    Σ (r(x) - x)² + λ ‖∂h/∂x‖²_F
//                    Rifai et al. 2011, "Contractive auto-encoders"
//     denoising      Σ (r(x + σ ε) - x)²,  ε ~ N(0, 1)
//                    Vincent et al. 2008, "Extracting and composing robust features"
//
// The first resists infinitely small changes, in its code. The second resists changes as large as its σ, in its output.
// Alain & Bengio 2014 ("What regularized auto-encoders learn from the data-generating distribution") show that for
// small σ the second is the first, with the Jacobian of r in place of that of h. For a σ that one can see they differ.
// This study compares them in one table, with the same network trained four times:
//
//     ‖∂h/∂x‖         the mean over test images, which contractive training makes small
//     change          (r(x + σ ε) - r(x))² per pixel: how much of the noise passes through the network
//     error           (r(x + σ ε) - x)² per pixel
//     probe error     how often a ridge classifier of the codes is wrong
//
// Each should be best in its own column. The other two networks are trained with weight decay, which keeps the weights
// small but not their effect, and without any regularisation. These are the four of Rifai et al. They found the same
// order, contractive, denoising, weight decay, nothing, both in the size of J and in the error of a classifier. The
// plots repeat their figure 3: the singular values of J, averaged over test images, largest first. A code that follows
// only the few directions in which images vary has few large ones. A smaller J with a curve of the same shape would
// only be a smaller code.
//
// To try next: --sigma 0.05, where the first two become similar; --lambda 1.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "autograd/derivatives.h"
#include "autograd/ops.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/linear.h"
#include "nn/losses.h"

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

// A way to train. 0 leaves a term out.
struct Method {
  std::string name;
  double lambda, sigma, decay;
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 512, spectra = 200;
  double lambda = 0.1, sigma = 0.3, decay = 3e-4;
  Program program(
      {.name = "contractive_or_denoising",
       .title = "Contractive or denoising",
       .summary =
           "Trains a network to contract, to denoise, with weight decay and with nothing, and compares the four.",
       .objective = "Σ (r(x) - x)² + λ ‖∂h/∂x‖²  or  Σ (r(x + σ ε) - x)²",
       .steps = 4700,
       .lr = 3e-3});
  program.flag("--code", code, "units of the code");
  program.flag("--lambda", lambda, "weight of ‖∂h/∂x‖²", {.min = 0});
  program.flag("--decay", decay, "weight of the squared weights", {.min = 0});
  program.flag("--sigma", sigma, "standard deviation of the noise, in training and in the table", {.min = 0});
  program.flag("--spectra", spectra, "test images whose singular values of J are averaged");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng noise = rng.split("noise");
    run.keep("noise", noise);
    const std::vector<Method> methods{
        {"plain", 0, 0, 0}, {"decay", 0, 0, decay}, {"denoising", 0, sigma, 0}, {"contractive", lambda, 0, 0}};
    std::deque<Trained<Autoencoder>> nets;  // one for each method
    for (const Method& method : methods) {
      Rng init = rng.split("init");  // all start from the same weights
      nets.emplace_back(run, method.name, args.lr, data.train_images.size(1), code, init);
    }
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const Tensor unit = noise.normal(x.shape());
        Metrics metrics;
        for (std::size_t i = 0; i < nets.size(); ++i) {
          const Method& method = methods[i];
          const Autoencoder& model = nets[i].model;
          const Var input = method.sigma > 0 ? x + constant(unit * method.sigma) : x;
          Var loss = nn::mse_loss(model(input), x, nn::Reduction::sum) / static_cast<double>(batch.size());
          metrics.add(method.name, loss.item());
          if (method.decay > 0) loss = loss + model.squared_weights() * method.decay;
          if (method.lambda > 0) loss = loss + mean(model.squared_norm(x)) * method.lambda;
          nets[i].step(loss);
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
    for (std::size_t i = 0; i < nets.size(); ++i) {
      const Autoencoder& model = nets[i].model;
      const std::string& name = methods[i].name;
      const Tensor clean = outputs_of(model, test), shaken = outputs_of(model, damaged);
      norms.push_back(mean(sqrt(model.squared_norm(constant(test)).value())).item());
      changes.push_back(mean(square(shaken - clean)).item());
      const auto codes = [&](const Tensor& images) { return model.encode(constant(images)).value(); };
      mistakes.push_back(1 - ridge_probe({codes(train), train_labels}, {codes(test), data.test_labels}));
      const Tensor values = model.singular_values(some), shares = values / max(values).item();
      spectrum.push_back(curve(name, values));
      shape.push_back(curve(name, shares));
      const double large = sum(to(shares > kLarge, Dtype::f64)).item();
      run.result("large_singular_values_" + name, large);
      table.push_back({name, number(norms.back()), number(changes.back()), number(mean(square(shaken - test)).item()),
                       number(mean(square(clean - test)).item()), join(number(100 * mistakes.back()), " %"),
                       number(large)});
      rows.push_back(slice(shaken, 0, 0, 10));
      labels.push_back(name);
    }
    run.table(
        "resistance", table,
        join("The same network after four kinds of training. Large: the number of averaged singular values of ∂h/∂x "
             "above ",
             kLarge, " of the largest. Change and error: squared, per pixel, under noise of σ = ", sigma, "."));
    const std::string averaged = join("averages over ", some.size(0), " test images");
    run.plot("spectrum",
             line_plot(spectrum, {.title = "singular values of ∂h/∂x, " + averaged,
                                  .x_label = "number, the largest first",
                                  .y_label = "singular value",
                                  .log_y = true}),
             "How many directions the code follows, and how strongly, as in figure 3 of Rifai et al. 2011.");
    run.plot(
        "spectrum_shape",
        line_plot(shape, {.title = "the same, as shares of the largest",
                          .x_label = "number, the largest first",
                          .y_label = "share"}),
        "A smaller code would move the curve above as a whole and leave this one unchanged. Contraction makes this "
        "one fall sooner.");
    run.images("shaken", concat(rows, 0), {.row_labels = labels},
               "Test images, the same with noise, and the outputs of the four for the images with noise.");
    // How many of the 3 neighbouring pairs are in Rifai et al.'s order.
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
