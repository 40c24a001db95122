// SPDX-License-Identifier: MIT
// Noise that acts only in training: dropout, and the corruptions of denoising autoencoders.
//
// Each layer draws from its own generator (Module::random_state), which a checkpoint can store.
#pragma once
#include <cstdint>

#include "nn/layer.h"

namespace hourglass::nn {

/// The base of all these layers: noisy(x) in training, the identity in evaluation.
class Noise : public Layer {
 public:
  Var forward(const Var& x) const final { return is_training() && x.numel() > 0 ? noisy(x) : x; }

 protected:
  explicit Noise(Rng& rng) : random_state_(random_state("noise", rng)) {}
  virtual Var noisy(const Var& x) const = 0;
  Rng& rng() const { return random_state_.rng(); }

 private:
  RandomState random_state_;
};

/// Each element becomes 0 with probability p; the others are divided by 1 - p, which keeps the mean (Srivastava et al.
/// 2014, "Dropout: a simple way to prevent neural networks from overfitting").
class Dropout : public Noise {
 public:
  explicit Dropout(Rng& rng, double p = 0.5);

 protected:
  Var noisy(const Var& x) const override;
  // The same with one draw for each index of the first `axes` axes: all elements with this index
  // are dropped together.
  Dropout(Rng& rng, double p, int axes);

 private:
  double p_;
  int axes_;
};

/// Drops whole channels of [n, c, ...]. Neighbouring pixels are similar, so dropping single pixels
/// would remove little information (Tompson et al. 2015, "Efficient object localization using
/// convolutional networks").
class Dropout1d : public Dropout {
 public:
  explicit Dropout1d(Rng& rng, double p = 0.5) : Dropout(rng, p, 2) {}
};
class Dropout2d : public Dropout {
 public:
  explicit Dropout2d(Rng& rng, double p = 0.5) : Dropout(rng, p, 2) {}
};
class Dropout3d : public Dropout {
 public:
  explicit Dropout3d(Rng& rng, double p = 0.5) : Dropout(rng, p, 2) {}
};

/// Dropout for selu: dropped elements become selu's lower limit. The result is scaled and shifted
/// to keep mean 0 and variance 1 (Klambauer et al. 2017, section "New dropout technique").
class AlphaDropout : public Noise {
 public:
  explicit AlphaDropout(Rng& rng, double p = 0.5);

 protected:
  Var noisy(const Var& x) const override;

 private:
  double p_;
};

/// x + std n with n from N(0, 1).
class GaussianNoise : public Noise {
 public:
  explicit GaussianNoise(Rng& rng, double std = 0.1);

 protected:
  Var noisy(const Var& x) const override;

 private:
  double std_;
};

/// Each element becomes 0 with probability p, and the others stay as they are: the corruption of Vincent et al. 2008,
/// "Extracting and composing robust features with denoising autoencoders".
class MaskingNoise : public Noise {
 public:
  explicit MaskingNoise(Rng& rng, double p = 0.25);

 protected:
  Var noisy(const Var& x) const override;

 private:
  double p_;
};

/// Replaces each element with probability p: by low or by high, which are equally likely (Vincent
/// et al. 2010, "Stacked denoising autoencoders", section 3.3).
class SaltAndPepperNoise : public Noise {
 public:
  explicit SaltAndPepperNoise(Rng& rng, double p = 0.25, double low = 0, double high = 1);

 protected:
  Var noisy(const Var& x) const override;

 private:
  double p_, low_, high_;
};

}  // namespace hourglass::nn
