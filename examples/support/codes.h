// SPDX-License-Identifier: MIT
// Working with codes: the models that several programs share, what models are used for, averages over a set, walks
// through a code space, pictures.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/distributions.h"
#include "autograd/ops.h"
#include "examples/support/run.h"
#include "nn/sequential.h"

namespace hourglass::examples {

// ---- models

/// Linear layers of these widths, with a ReLU between any two: Mlp({784, 400, 20}, rng).
class Mlp : public nn::Sequential {
 public:
  Mlp(const std::vector<std::int64_t>& widths, Rng& rng);
};

/// Three layers each way, pixels-hidden-hidden-code and back, with a sigmoid for each pixel. For programs that study
/// the codes rather than the network.
class MlpAutoencoder : public nn::Layer {
 public:
  MlpAutoencoder(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, hidden, code}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden, hidden, pixels}, rng)) {}
  Var encode(const Var& x) const { return encoder_(x); }
  Var decode(const Var& z) const { return sigmoid(decoder_(z)); }
  Var forward(const Var& x) const override { return decode(encode(x)); }

 private:
  Mlp &encoder_, &decoder_;
};

/// The distribution that an encoder's output describes: along the last axis of h, first the mean, then log std².
Normal normal_from(const Var& h);

/// A VAE of two layers each way, pixels-hidden-code-hidden-pixels, with a Bernoulli distribution for each pixel.
/// variants/variational.cpp shows how one is built and trained; this class is for programs about other questions.
class MlpVae : public nn::Module {
 public:
  MlpVae(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, 2 * code}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden, pixels}, rng)) {}
  Normal encode(const Var& x) const { return normal_from(encoder_(x)); }
  Bernoulli decode(const Var& z) const { return {decoder_(z)}; }

 private:
  Mlp &encoder_, &decoder_;
};

// ---- using

inline Tensor best_guess(const Var& output) { return output.value(); }
inline Tensor best_guess(const Normal& q) { return q.mean().value(); }
inline Tensor best_guess(const Bernoulli& p) { return p.probs().value(); }

/// What an autoencoder is used for: codes by encode(), reconstructions by calling it or by decode(encode()), and, if the
/// codes of `prior` numbers follow N(0, 1), samples by decode(). Of a distribution the mean is taken.
template <class Model>
Uses uses_of(const Model& model, std::int64_t prior = 0) {
  Uses uses;
  if constexpr (requires(const Var& x) { best_guess(model.encode(x)); })
    uses.codes = [&model](const Tensor& x) { return best_guess(model.encode(constant(x))); };
  if constexpr (std::derived_from<Model, nn::Layer>)
    uses.reconstructions = [&model](const Tensor& x) { return model(constant(x)).value(); };
  else if constexpr (requires(const Var& z) { best_guess(model.decode(z)); })
    uses.reconstructions = [&model](const Tensor& x) {
      return best_guess(model.decode(constant(best_guess(model.encode(constant(x))))));
    };
  if constexpr (requires(const Var& z) { best_guess(model.decode(z)); })
    if (prior > 0)
      uses.samples = [&model, prior](std::int64_t count, Rng& rng) {
        return best_guess(model.decode(constant(rng.normal({count, prior}))));
      };
  return uses;
}

// ---- measuring

/// Averages over all rows (axis 0). f gets up to a thousand of them at a time and returns the averages over these; no
/// graph is recorded.
Metrics average_over(const Tensor& rows, const std::function<Metrics(const Tensor& rows)>& f);
double average_over(const Tensor& rows, const std::function<double(const Tensor& rows)>& f);

/// How many numbers of the codes [n, d] are 0 for all n images: units that do nothing and, behind a ReLU, learn nothing.
double dead_units(const Tensor& codes);

// ---- walking

/// A grid of side x side codes of two numbers, row by row, at evenly spaced quantiles of N(0, 1): [side², 2].
Tensor normal_plane(std::int64_t side);
/// Straight lines from each row of codes [n, d] to the next, `steps` points each, ends included: [(n-1) steps, d].
Tensor paths(const Tensor& codes, std::int64_t steps = 10);
/// Copies of `code` [1, d] in which one number goes from low to high and the others stay, for each number in turn:
/// [d steps, d].
Tensor traversals(const Tensor& code, double low, double high, std::int64_t steps = 10);

// ---- drawing

/// From codes [n, d] to images [n, pixels] in [0, 1].
using Decoder = std::function<Tensor(const Tensor& codes)>;

/// Images above, outputs below.
void draw_reconstructions(Run& run, const Tensor& images, const Tensor& outputs, const std::string& caption);
/// Decodes codes that were drawn from the prior.
void draw_samples(Run& run, const Decoder& decode, const Tensor& codes, const std::string& caption);
/// Decodes straight lines between the codes of images, a row for each; none if there is only one code.
void draw_paths(Run& run, const Decoder& decode, const Tensor& codes);
/// A point for each code [n, d], with the colour of its class: the two directions in which codes vary most.
void draw_codes(Run& run, const Tensor& codes, const ImageData& data);
/// Decodes the plane of a code of two numbers.
void draw_plane(Run& run, const Decoder& decode);

}  // namespace hourglass::examples
