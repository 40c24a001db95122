// SPDX-License-Identifier: MIT
// Generated data, whose causes are known, so that a model's answer can be compared with the truth. Item i depends on
// the seed and i alone: a smaller set is the beginning of a larger one. (shapes.h has the generated set of ten
// classes.)
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

// ---- images

/// A coloured shape on a dark background, for disentanglement (factors), segmentation (masks) and colourization.
struct Scenes {
  Tensor images;   ///< f32[n, 3, side, side], in [0, 1]
  Tensor masks;    ///< f32[n, 1, side, side]: how much of each pixel the shape covers
  Tensor factors;  ///< f32[n, 6]
  std::vector<std::string> names;
};
/// Factors, independent and uniform: shape (0 circle, 1 square, 2 triangle), scale (radius as a part of the side, 0.12
/// to 0.24), rotation (0 to π/2 radians; circles have one as well), x and y (of the centre, 0.3 to 0.7 of the side),
/// hue (0 red, 1/3 green, 2/3 blue; up to but not 1).
Scenes generate_scenes(std::int64_t count, std::uint64_t seed = 0, std::int64_t side = 32);

/// Cells under a microscope, for segmentation: ellipses with a nucleus, which may touch and overlap, in a light that
/// falls off to one side. Specks of dirt are as bright as cells, but belong to the background.
struct Cells {
  Tensor images;   ///< f32[n, 1, side, side], in [0, 1]
  Tensor classes;  ///< i64[n, side, side]: what each pixel shows
  std::vector<std::string> names;
};
/// Classes are 0 background, 1 cell, 2 nucleus.
Cells generate_cells(std::int64_t count, std::uint64_t seed = 0, std::int64_t side = 64);

/// Smooth curves through three random points, so six numbers determine each image (as in Hinton & Salakhutdinov 2006,
/// "Reducing the dimensionality of data with neural networks", where a code of six numbers is enough).
struct Curves {
  Tensor images;  ///< f32[n, 784], in [0, 1]
  Tensor points;  ///< f32[n, 6]: x, y of begin, middle and end, in pixels
};
Curves generate_curves(std::int64_t count, std::uint64_t seed = 0);

/// Pages of text, clean and damaged by stains, folds, fading and grain.
struct Pages {
  Tensor clean;    ///< f32[n, 1, height, width]: paper 1, ink 0
  Tensor stained;  ///< the same pages, damaged
};
Pages generate_pages(std::int64_t count, std::uint64_t seed = 0, std::int64_t height = 64, std::int64_t width = 96);

// ---- series

/// amplitude sin(2π frequency t / length + phase) + noise, t = 0 .. length-1. Phases are uniform.
struct Sines {
  Tensor values;                       ///< f32[n, length]
  Tensor frequency, phase, amplitude;  ///< f32[n] each; frequency in cycles per series
};
struct SineOptions {
  double min_frequency = 1, max_frequency = 4;
  double min_amplitude = 0.5, max_amplitude = 1;
  double noise = 0;  ///< standard deviation
};
Sines generate_sines(std::int64_t count, std::int64_t length, std::uint64_t seed = 0, const SineOptions& options = {});

/// Electrocardiograms: each beat is five bumps (P, Q, R, S, T) in the proportions of a healthy heart, with rates,
/// heights and a baseline that vary (after McSharry et al. 2003, "A dynamical model for generating synthetic
/// electrocardiogram signals"). Anomalies: 1 a beat that comes early, broad and without P; 2 a raised ST segment; 3 a
/// beat that is missing.
struct Heartbeats {
  Tensor values;     ///< f32[n, length], in millivolts, 128 samples per second
  Tensor labels;     ///< i64[n]: 0 normal, otherwise the kind of anomaly
  Tensor anomalous;  ///< u8[n, length]: 1 within the anomaly
};
struct HeartbeatOptions {
  double anomalies = 0.1;  ///< part of the series that have one
  double noise = 0.02;     ///< standard deviation, millivolts
};
Heartbeats generate_heartbeats(std::int64_t count, std::int64_t length = 256, std::uint64_t seed = 0,
                               const HeartbeatOptions& options = {});

/// The sensors of a machine. Three hidden causes change slowly and there is a daily rhythm; each sensor reads its own
/// mixture of these four. Sometimes a sensor is stuck, drifts or spikes.
struct Sensors {
  Tensor values;  ///< f32[time, sensors]
  Tensor faulty;  ///< u8[time, sensors]: 0 sound, 1 stuck, 2 drifting, 3 a spike
  Tensor sound;   ///< f32[time, sensors]: the readings without faults
};
Sensors generate_sensors(std::int64_t time, std::int64_t sensors = 8, double faults = 0.002, std::uint64_t seed = 0);

// ---- tables

/// x = codes atoms + noise, where exactly `active` of each row's codes are not 0.
struct SparseData {
  Tensor x;      ///< f32[n, dimensions]
  Tensor codes;  ///< f32[n, atoms]; those that are not 0 lie in [0.5, 1.5]
  Tensor atoms;  ///< f32[atoms, dimensions], each of length 1
};
struct SparseOptions {
  std::int64_t dimensions = 64, atoms = 512, active = 4;
  double noise = 0;
};
SparseData generate_sparse(std::int64_t count, std::uint64_t seed = 0, const SparseOptions& options = {});

/// Card payments. People have habits (how much, when, where, how often) that their payments follow. A fraud is ordinary
/// in each column alone and unusual in the combination.
struct Transactions {
  Tensor values;  ///< f32[n, 8]
  Tensor fraud;   ///< u8[n]
  std::vector<std::string> names;
};
Transactions generate_transactions(std::int64_t count, double fraud = 0.005, std::uint64_t seed = 0);

/// rating = 3 + b_user + b_item + p_user · q_item + noise. No model can be better than the noise, whose size is
/// known.
struct Ratings {
  Tensor users, items;  ///< i64[n]: who rated what; no pair comes twice
  Tensor values;        ///< f32[n]
  double noise;         ///< the root mean square error of a perfect model
  std::int64_t num_users, num_items;
};
struct RatingOptions {
  std::int64_t users = 600, items = 400, rank = 4;
  double observed = 0.2;  ///< part of all pairs
  double noise = 0.4;     ///< standard deviation
};
Ratings generate_ratings(std::uint64_t seed = 0, const RatingOptions& options = {});

// ---- what generators share

/// A number from N(0, 1).
inline double standard_normal(Rng& rng) { return rng.normal({}, 0, 1, Dtype::f64).item(); }

}  // namespace hourglass::examples
