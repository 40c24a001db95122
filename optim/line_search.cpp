// SPDX-License-Identifier: MIT
#include "optim/line_search.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace hourglass::optim {
namespace {

// A point without its gradient.
struct Sample {
  double step, value, slope;
};

// Minima of the cubic through values and slopes of both, of the parabola through both values and a's slope, and of the
// parabola through both slopes.
double cubic(const Sample& a, const Sample& b) {
  const double theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
  const double scale = std::max({std::abs(theta), std::abs(a.slope), std::abs(b.slope)});
  const double root =
      scale * std::sqrt(std::max(0.0, theta / scale * (theta / scale) - a.slope / scale * (b.slope / scale)));
  const double gamma = b.step > a.step ? root : -root;
  const double p = gamma - a.slope + theta, q = gamma - a.slope + gamma + b.slope;
  return a.step + p / q * (b.step - a.step);
}
double parabola(const Sample& a, const Sample& b) {
  return a.step + a.slope / ((a.value - b.value) / (b.step - a.step) + a.slope) / 2 * (b.step - a.step);
}
double secant(const Sample& a, const Sample& b) { return a.step + a.slope / (a.slope - b.slope) * (b.step - a.step); }

// The interval that contains a minimum: `low` has the lowest value so far, `high` is the other end. Until the interval
// is bracketed, the minimum lies beyond low.
struct Interval {
  Sample low, high;
  bool bracketed = false;

  // Adds a point and proposes the next one (the paper's section 4, cases 1 to 4).
  double next(const Sample& at, double least, double most) {
    const bool turned = at.slope * (low.slope / std::abs(low.slope)) < 0;
    double step = 0;
    if (at.value > low.value) {  // higher: a minimum lies between, closer to low
      const double c = cubic(low, at), q = parabola(low, at);
      step = std::abs(c - low.step) < std::abs(q - low.step) ? c : c + (q - c) / 2;
      bracketed = true;
    } else if (turned) {  // lower, with the opposite slope: the minimum lies between
      const double c = cubic(at, low), s = secant(at, low);
      step = std::abs(c - at.step) > std::abs(s - at.step) ? c : s;
      bracketed = true;
    } else if (std::abs(at.slope) <= std::abs(low.slope)) {  // lower and flatter: the minimum lies further on
      const double s = secant(at, low), c = onward(at, at.step > low.step ? most : least);
      if (bracketed) {
        step = std::abs(c - at.step) < std::abs(s - at.step) ? c : s;
        const double two_thirds = at.step + 0.66 * (high.step - at.step);
        step = at.step > low.step ? std::min(two_thirds, step) : std::max(two_thirds, step);
      } else {
        step = std::clamp(std::abs(c - at.step) > std::abs(s - at.step) ? c : s, least, most);
      }
    } else {  // lower and not flatter: as far as allowed
      step = bracketed ? cubic(at, high) : at.step > low.step ? most : least;
    }
    if (at.value > low.value) high = at;
    else {
      if (turned) high = low;
      low = at;
    }
    return step;
  }

 private:
  // The cubic's minimum if it lies beyond `at`, otherwise `end`.
  double onward(const Sample& at, double end) const {
    const double theta = 3 * (low.value - at.value) / (at.step - low.step) + low.slope + at.slope;
    const double scale = std::max({std::abs(theta), std::abs(low.slope), std::abs(at.slope)});
    const double root =
        scale * std::sqrt(std::max(0.0, theta / scale * (theta / scale) - low.slope / scale * (at.slope / scale)));
    const double gamma = at.step > low.step ? -root : root;
    const double p = gamma - at.slope + theta, q = gamma + (low.slope - at.slope) + gamma;
    const double r = p / q;
    return r < 0 && gamma != 0 ? at.step + r * (low.step - at.step) : end;
  }
};

}  // namespace

LinePoint strong_wolfe(const std::function<LinePoint(double)>& phi, const LinePoint& start, double first_step,
                       const WolfeOptions& o) {
  check(start.slope < 0, "line_search", "the slope at 0 must be negative, got ", start.slope);
  const double promised = o.c1 * start.slope;
  const Sample origin{0, start.value, start.slope};
  // The search has two stages (the paper's section 3). The first minimizes ψ(a) = φ(a) - φ(0) - c1 a φ'(0), until a
  // point has ψ ≤ 0 and ψ' ≥ 0. The second minimizes φ.
  const auto relative = [&](Sample s) { return Sample{s.step, s.value - s.step * promised, s.slope - promised}; };
  const auto absolute = [&](Sample s) { return Sample{s.step, s.value + s.step * promised, s.slope + promised}; };
  Interval interval{origin, origin};
  bool below_line = false;
  double width = o.max_step, width_before = 2 * width, least = 0, most = 5 * first_step;
  double step = std::min(first_step, o.max_step), too_long = o.max_step;
  LinePoint best = start;
  for (std::int64_t evaluation = 0; evaluation < o.max_evaluations; ++evaluation) {
    LinePoint point = phi(step);
    if (!std::isfinite(point.value) || !std::isfinite(point.slope)) {
      too_long = step;
      step = interval.low.step + 0.1 * (step - interval.low.step);
      continue;
    }
    const Sample at{step, point.value, point.slope};
    const double line = start.value + step * promised;
    const bool enough = at.value <= line;
    const bool flat = std::abs(at.slope) <= o.c2 * -start.slope;
    if (enough && flat) return point;
    if (at.value < best.value) best = std::move(point);
    if (enough && at.slope >= promised) below_line = true;
    if (step >= o.max_step && enough && at.slope <= promised) break;

    if (!below_line && at.value <= interval.low.value && !enough) {
      Interval shifted{relative(interval.low), relative(interval.high), interval.bracketed};
      step = shifted.next(relative(at), least, most);
      interval = {absolute(shifted.low), absolute(shifted.high), shifted.bracketed};
    } else {
      step = interval.next(at, least, most);
    }
    if (interval.bracketed) {
      const double now = std::abs(interval.high.step - interval.low.step);
      if (now >= 0.66 * width_before) step = (interval.low.step + interval.high.step) / 2;  // it must shrink
      width_before = std::exchange(width, now);
      std::tie(least, most) = std::minmax(interval.low.step, interval.high.step);
      if (now <= 1e-14 * most || step <= least || step >= most) step = (interval.low.step + interval.high.step) / 2;
      if (now <= 1e-14 * most) break;
    } else {
      least = step + 1.1 * (step - interval.low.step);
      most = step + 4 * (step - interval.low.step);
    }
    step = std::clamp(step, 0.0, o.max_step);
    if (step >= too_long) step = (interval.low.step + too_long) / 2;
  }
  return best;
}

}  // namespace hourglass::optim
