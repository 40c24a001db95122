// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "examples/support/generate.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

double between(Rng& rng, double low, double high) { return low + (high - low) * rng.uniform(); }

// The five bumps of a beat: position (0 and 1 are the R peaks on both sides), height and width.
struct Bump {
  double place, height, width;
};
constexpr std::array<Bump, 5> kBeat{
    {{-0.2, 0.15, 0.035}, {-0.035, -0.12, 0.012}, {0, 1.2, 0.015}, {0.035, -0.25, 0.014}, {0.3, 0.3, 0.06}}};
enum Anomaly : std::int64_t { kNone, kEarly, kRaised, kDropped, kKinds };

}  // namespace

Sines generate_sines(std::int64_t count, std::int64_t length, std::uint64_t seed, const SineOptions& o) {
  check(count >= 0 && length >= 1, "generate_sines", "cannot make ", count, " series of ", length);
  Sines sines{Tensor({count, length}), Tensor({count}), Tensor({count}), Tensor({count})};
  float *const values = sines.values.mutable_data<float>(), *const frequencies = sines.frequency.mutable_data<float>(),
               *const phases = sines.phase.mutable_data<float>(),
               *const amplitudes = sines.amplitude.mutable_data<float>();
  const Rng all = Rng(seed).split("sines");
  for (std::int64_t i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    const double frequency = between(rng, o.min_frequency, o.max_frequency);
    const double phase = between(rng, 0, 2 * std::numbers::pi);
    const double amplitude = between(rng, o.min_amplitude, o.max_amplitude);
    const Tensor noise = rng.normal({length}, 0, o.noise);
    for (std::int64_t t = 0; t < length; ++t) {
      const double turn = 2 * std::numbers::pi * frequency * static_cast<double>(t) / static_cast<double>(length);
      values[i * length + t] = static_cast<float>(amplitude * std::sin(turn + phase)) + noise.data<float>()[t];
    }
    frequencies[i] = static_cast<float>(frequency);
    phases[i] = static_cast<float>(phase);
    amplitudes[i] = static_cast<float>(amplitude);
  }
  return sines;
}

Heartbeats generate_heartbeats(std::int64_t count, std::int64_t length, std::uint64_t seed, const HeartbeatOptions& o) {
  check(count >= 0 && length >= 160, "generate_heartbeats", "a series must have room for a beat, 160 samples, got ",
        length);
  Heartbeats hearts{zeros({count, length}), zeros({count}, Dtype::i64), zeros({count, length}, Dtype::u8)};
  float* const values = hearts.values.mutable_data<float>();
  std::int64_t* const labels = hearts.labels.mutable_data<std::int64_t>();
  std::uint8_t* const anomalous = hearts.anomalous.mutable_data<std::uint8_t>();
  constexpr double kRate = 128;
  const Rng all = Rng(seed).split("heartbeats");
  for (std::int64_t i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    float* const row = values + i * length;
    std::uint8_t* const odd = anomalous + i * length;
    const std::int64_t kind = rng.uniform() < o.anomalies ? 1 + rng.below(kKinds - 1) : kNone;
    labels[i] = kind;
    const double period = between(rng, 0.7, 1.0), size = between(rng, 0.85, 1.15);
    // One beat before the series and one after it reach into it. The anomaly is in a beat well inside.
    std::vector<double> peaks;
    const auto seconds = static_cast<double>(length) / kRate;
    for (double at = between(rng, -period, 0); at < seconds + period; at += period * (1 + 0.03 * standard_normal(rng)))
      peaks.push_back(at);
    std::vector<std::size_t> inside;
    for (std::size_t k = 1; k < peaks.size(); ++k)
      if (peaks[k] > 0.3 && peaks[k] < seconds - 0.3) inside.push_back(k);
    const std::size_t which =
        kind == kNone || inside.empty()
            ? peaks.size()
            : inside[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(inside.size())))];
    if (which == peaks.size()) labels[i] = kNone;
    for (std::size_t k = 0; k < peaks.size(); ++k) {
      const std::int64_t is = k == which ? kind : kNone;
      const double peak = peaks[k] - (is == kEarly ? 0.25 * period : 0),
                   height = size * (1 + 0.03 * standard_normal(rng));
      double first = seconds, last = 0;
      for (std::size_t b = 0; b < kBeat.size(); ++b) {
        const Bump& bump = kBeat[b];
        const double wide = (is == kEarly ? 2.5 : 1) * bump.width * std::sqrt(period);
        const double high = is == kDropped || (is == kEarly && b == 0) ? 0 : height * bump.height;
        const double centre = peak + bump.place * std::sqrt(period);
        first = std::min(first, centre - 3 * wide);
        last = std::max(last, centre + 3 * wide);
        for (std::int64_t t = 0; t < length; ++t) {
          const double z = (static_cast<double>(t) / kRate - centre) / wide;
          row[t] += static_cast<float>(high * std::exp(-0.5 * z * z));
        }
      }
      if (is == kNone) continue;
      for (std::int64_t t = 0; t < length; ++t) {
        const double s = static_cast<double>(t) / kRate;
        if (s >= first && s <= last) odd[t] = 1;
        // From the end of S to the end of T.
        const double up = 1 / (1 + std::exp(-(s - peak - 0.06) / 0.01)),
                     down = 1 / (1 + std::exp((s - peak - 0.34) / 0.03));
        if (is == kRaised) row[t] += static_cast<float>(0.3 * height * up * down);
      }
    }
    const double drift = between(rng, 0.02, 0.08), breath = between(rng, 0.15, 0.3),
                 begin = between(rng, 0, 2 * std::numbers::pi);
    const Tensor noise = rng.normal({length}, 0, o.noise);
    for (std::int64_t t = 0; t < length; ++t)
      row[t] +=
          static_cast<float>(drift * std::sin(begin + 2 * std::numbers::pi * breath * static_cast<double>(t) / kRate)) +
          noise.data<float>()[t];
  }
  return hearts;
}

Sensors generate_sensors(std::int64_t time, std::int64_t sensors, double faults, std::uint64_t seed) {
  check(time >= 0 && sensors >= 1, "generate_sensors", "cannot make ", time, " readings of ", sensors, " sensors");
  constexpr std::int64_t kCauses = 4, kDay = 288;  // readings a day: every 5 minutes
  Rng all = Rng(seed).split("sensors");
  Rng mixing = all.split("mixing"), causes_rng = all.split("causes"), noise = all.split("noise"),
      when = all.split("faults");
  const Tensor mixture = mixing.normal({kCauses, sensors}, 0, 1, Dtype::f64);
  const Tensor level = mixing.uniform({sensors}, -5, 5, Dtype::f64);
  Tensor causes({time, kCauses}, Dtype::f64);
  double* const c = causes.mutable_data<double>();
  std::array<double, kCauses> now{};
  for (std::int64_t t = 0; t < time; ++t) {
    for (std::size_t k = 0; k + 1 < now.size(); ++k)  // variance 1, correlated over about 50 readings
      now[k] = 0.98 * now[k] + std::sqrt(1 - 0.98 * 0.98) * standard_normal(causes_rng);
    now.back() = std::sin(2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(kDay));
    std::copy(now.begin(), now.end(), c + t * kCauses);
  }
  Tensor sound = to(matmul(causes, mixture) + level, Dtype::f32) + noise.normal({time, sensors}, 0, 0.1);
  Sensors result{sound, zeros({time, sensors}, Dtype::u8), sound};
  float* const values = result.values.mutable_data<float>();
  std::uint8_t* const faulty = result.faulty.mutable_data<std::uint8_t>();
  for (std::int64_t s = 0; s < sensors; ++s)
    for (std::int64_t t = 0; t < time; ++t) {
      if (when.uniform() >= faults / 20) continue;  // a fault lasts about 20 readings
      const std::int64_t kind = 1 + when.below(3), last = std::min(time, t + (kind == 3 ? 1 : 20 + when.below(40)));
      const double size = (when.uniform() < 0.5 ? -1 : 1) * between(when, 4, 8);
      const float stuck = values[t * sensors + s];
      for (std::int64_t u = t; u < last; ++u) {
        float& value = values[u * sensors + s];
        if (kind == 1) value = stuck;
        else
          value += static_cast<float>(kind == 2 ? size * static_cast<double>(u - t + 1) / static_cast<double>(last - t)
                                                : size);
        faulty[u * sensors + s] = static_cast<std::uint8_t>(kind);
      }
      t = last;
    }
  return result;
}

}  // namespace hourglass::examples
