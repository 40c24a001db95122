// SPDX-License-Identifier: MIT
// The contractive autoencoder (Rifai, Vincent, Muller, Glorot & Bengio 2011, "Contractive auto-encoders: explicit
// invariance during feature extraction").
//
// A good code changes little when the input changes a little, except in the directions in which images really vary. So
// the loss contains the size of the encoder's Jacobian at the training images:
//
//     loss  =  mean over images of  Σ ( decode(h(x)) - x )²  +  λ ‖J_h(x)‖²_F,        J_h(x) = dh/dx
//
// The reconstruction keeps the directions in which the data vary, and the penalty removes all others. A denoising
// autoencoder resists random noise of a finite size. This one resists all infinitesimal changes at once, and its
// gradient has no noise in it.
//
// The penalty can be cheated. Divide the encoder by ten and multiply the decoder by ten: the Jacobian is ten times
// smaller, and nothing else is better. With --tied, as in the paper, the decoder has the encoder's weights, transposed.
// Only saturation can lower the penalty then, which gains less and costs more. The spectrum tells the two apart:
// scaling moves it down as a whole, contraction makes it fall more steeply.
//
// ‖J‖² can be computed in several ways, which agree (a table shows how well, and how long each takes):
//
//     closed-form  one sigmoid layer: Σ_j h_j² (1 - h_j)² ‖row j of W‖², nearly free
//     gram         an encoder that begins with a linear layer: rows of J by means of W Wᵀ
//     exact        any encoder: J row by row in reverse mode, and differentiated again
//     forward      any encoder: J column by column in forward mode, best with fewer inputs than outputs
//     hutchinson   any encoder of any size: E ‖vᵀJ‖² over random signs v, one more backward pass; unbiased, but noisy
//
// To try next: --widths 256,64, which chooses hutchinson by itself; --lambda 0.01 and 1; the plot of the singular
// values: how many directions does the code still follow?
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/derivatives.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Autoencoder : public nn::Layer {
 public:
  /// widths: pixels, hidden layers, code. The decoder mirrors the encoder.
  Autoencoder(const std::vector<std::int64_t>& widths, bool tied, Rng& rng) {
    for (std::size_t i = 1; i < widths.size(); ++i)
      layers_.push_back(&child<nn::Linear>(join("encode", i), widths[i - 1], widths[i], rng));
    for (std::size_t i = widths.size() - 1; i > 0; --i) {
      biases_.push_back(parameter(join("decode", i, "_bias"), zeros({widths[i - 1]})));
      const double bound = 1 / std::sqrt(static_cast<double>(widths[i]));
      if (tied) weights_.push_back(layers_[i - 1]->weight());
      else weights_.push_back(parameter(join("decode", i), rng.uniform({widths[i], widths[i - 1]}, -bound, bound)));
    }
  }
  Var encode(Var h) const {
    for (const nn::Linear* layer : layers_) h = sigmoid((*layer)(h));
    return h;
  }
  Var forward(const Var& x) const override {
    Var h = encode(x);
    for (std::size_t i = 0; i < biases_.size(); ++i) h = sigmoid(matmul(h, weights_[i]) + biases_[i]);
    return h;
  }
  std::size_t depth() const { return layers_.size(); }

 private:
  std::vector<nn::Linear*> layers_;
  std::vector<Parameter> weights_, biases_;  // of the decoder; weights are [in, out], as the encoder's are
};

const std::vector<std::pair<std::string, JacobianNorm>> kRoutes{{"closed-form", JacobianNorm::closed_form},
                                                                {"gram", JacobianNorm::gram},
                                                                {"exact", JacobianNorm::exact},
                                                                {"forward", JacobianNorm::forward},
                                                                {"hutchinson", JacobianNorm::hutchinson}};

// The mean of ‖J‖ over images.
double mean_norm(const Autoencoder& model, const Tensor& images) {
  const NoGrad no_grad;
  const JacobianNorm route = model.depth() == 1 ? JacobianNorm::closed_form : JacobianNorm::exact;
  const auto encode = [&](const Var& x) { return model.encode(x); };
  double total = 0;
  for (const Tensor& rows : split(images, 100, 0))
    total += sum(sqrt(squared_jacobian_norm(encode, constant(rows), {.method = route}).value())).item();
  return total / static_cast<double>(images.size(0));
}

// ‖J‖² of the same images by each route, in double precision: how far it is from the exact one, and how long it takes
// with its gradient. Hutchinson's estimate is random: its distance is given in its own standard errors.
std::vector<std::vector<std::string>> compare_routes(Autoencoder& model, const Tensor& images, Rng rng) {
  const StateDict trained = model.state_dict();
  model.to(Dtype::f64);
  const Var x = constant(to(images, Dtype::f64));
  const auto encode = [&](const Var& v) { return model.encode(v); };
  const Tensor truth = squared_jacobian_norm(encode, x, {.method = JacobianNorm::exact}).value();
  std::vector<std::vector<std::string>> rows{{"route", "off by", "seconds"}};
  for (const auto& [name, route] : kRoutes) {
    if (route == JacobianNorm::closed_form && model.depth() > 1) continue;
    if (route == JacobianNorm::forward && images.size(1) > 2000) continue;  // a pass for each pixel
    const Stopwatch clock;
    const Var norms = squared_jacobian_norm(encode, x, {.method = route, .rng = &rng});
    grad(mean(norms), model.parameters(), {.allow_unused = true});
    const double seconds = clock.seconds();
    std::string off = number(max(abs(norms.value() / truth - 1)).item(), 2);
    if (route == JacobianNorm::hutchinson) {
      const NoGrad no_grad;
      std::vector<double> means;
      for (int draw = 0; draw < 64; ++draw)
        means.push_back(mean(squared_jacobian_norm(encode, x, {.method = route, .rng = &rng}).value() / truth).item());
      const Tensor draws = Tensor::from(means);
      off = number((mean(draws).item() - 1) / (std::sqrt(var(draws).item()) / 8), 2) + " standard errors";
    }
    rows.push_back({name, off, number(seconds, 2)});
  }
  model.to(Dtype::f32);
  model.load_state_dict(trained);
  return rows;
}

// Singular values of J, largest first, averaged over images.
Series spectrum(const std::string& name, const Autoencoder& model, const Tensor& images) {
  const NoGrad no_grad;
  const Tensor j = batch_jacobian([&](const Var& x) { return model.encode(x); }, constant(images)).value();
  const Tensor values = mean_singular_values(j);
  return curve(name, slice(values, 0, 0, std::min<std::int64_t>(values.numel(), 60)));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> widths{128};
  double lambda = 0.25;
  bool tied = false;
  std::string route = "auto";
  std::vector<std::string> routes{"auto"};
  for (const auto& [name, method] : kRoutes) routes.push_back(name);
  Program program({.name = "contractive",
                   .title = "Contractive autoencoder",
                   .summary = "Learns a code that changes as little as possible when the image changes a little.",
                   .objective = "Σ (decode(h(x)) - x)² + λ ‖dh/dx‖²_F, averaged over images",
                   .steps = 18800,
                   .lr = 0.01});
  program.flag("--widths", widths, "units of the encoder's sigmoid layers, the code's last");
  program.flag("--lambda", lambda, "weight of ‖J‖²", {.min = 0});
  program.flag("--tied", tied, "decode with the encoder's weights, transposed");
  program.flag("--route", route, "how ‖J‖² is computed; auto: closed-form for one layer, else hutchinson", routes);
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);
    if (route == "auto") route = widths.size() == 1 ? "closed-form" : "hutchinson";
    const auto method =
        std::find_if(kRoutes.begin(), kRoutes.end(), [&](const auto& r) { return r.first == route; })->second;

    Rng init = rng.split("init"), twin_init = init, probes = rng.split("probes");
    widths.insert(widths.begin(), data.train_images.size(1));
    Trained<Autoencoder> net(run, "model", args.lr, widths, tied, init);
    Trained<Autoencoder> twin(run, "plain", args.lr, widths, tied, twin_init);
    run.keep("probes", probes);
    const optim::CosineAnnealingLR fall{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    run.use(data.test_images, uses_of(net.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (Trained<Autoencoder>* one : {&net, &twin}) one->adam.set_lr(fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const auto error_of = [&](const Autoencoder& model) {
          return nn::mse_loss(model(x), x, nn::Reduction::sum) / static_cast<double>(batch.size());
        };
        const Var error = error_of(net.model);
        const Var size = mean(squared_jacobian_norm([&](const Var& v) { return net.model.encode(v); }, x,
                                                    {.method = method, .rng = &probes}));
        net.step(error + size * lambda);
        const double plain_error = twin.step(error_of(twin.model));
        run.step({{"error", error.item()}, {"jacobian", size.item()}, {"error[plain]", plain_error}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, data.validation_images)},
                     {"validation_mse[plain]", reconstruction_error(twin.model, data.validation_images)}});
    }

    const Tensor few = slice(data.test_images, 0, 0, 10), some = slice(data.test_images, 0, 0, 1000);
    run.images("reconstructions", concat({few, outputs_of(net.model, few), outputs_of(twin.model, few)}, 0),
               {.row_labels = {"input", "contractive", "plain"}},
               "Test images, and the outputs of the contractive autoencoder and of its plain twin.");
    run.plot("spectrum",
             line_plot({spectrum("contractive", net.model, few), spectrum("plain", twin.model, few)},
                       {.x_label = "number", .y_label = "singular value of J", .log_y = true}),
             "Singular values of the encoder's Jacobian, averaged over ten test images. If few are large, the code "
             "follows few directions.");
    run.table(
        "routes", compare_routes(net.model, slice(some, 0, 0, 32), rng.split("routes")),
        "‖J‖² of 32 test images in double precision, by each route: the largest relative difference from the exact "
        "one, and the seconds it takes with its gradient.");
    const double norm = mean_norm(net.model, some), plain_norm = mean_norm(twin.model, some);
    const double plain_mse = reconstruction_error(twin.model, data.test_images);
    run.result("plain_mse", plain_mse);
    run.result("test_mse", reconstruction_error(net.model, data.test_images),
               {.reference = plain_mse + 0.025 * mean_image_error(data),
                .reference_name = "the plain twin's, and 2.5 % of the variance"});
    run.result("mean_jacobian", norm);
    run.result("plain_mean_jacobian", plain_norm);
    run.result(
        "contraction", plain_norm / norm,
        {.reference = 5, .reference_name = "the plain twin's mean ‖J‖ over this one's", .better = Better::higher});
    run.finish();
  });
}
