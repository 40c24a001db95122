// SPDX-License-Identifier: MIT
// Random numbers that depend only on the seed, the stream's name and the position, on any machine with any threads.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a bijection of 128-bit counters,
/// chosen by a 64-bit key. Number `i` of draw `d` comes from the counter (i, d), so elements can be made in any order.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A stream of random tensors. Copying an Rng copies its position: both then draw the same numbers.
class Rng {
 public:
  explicit Rng(std::uint64_t seed = 0) : key_(seed) {}
  /// An independent stream with its own name; the same name always gives the same stream. This stream does not advance.
  Rng split(std::string_view name) const;
  Rng split(std::uint64_t number) const;

  /// In [low, high).
  Tensor uniform(const Shape& shape, double low = 0, double high = 1, Dtype dtype = Dtype::f32);
  Tensor normal(const Shape& shape, double mean = 0, double std = 1, Dtype dtype = Dtype::f32);
  /// 1 with the given probability. In the second form each element has its own probability, and the
  /// result has the dtype of `probability`.
  Tensor bernoulli(const Shape& shape, double probability, Dtype dtype = Dtype::f32);
  Tensor bernoulli(const Tensor& probability);
  /// Integers in [low, high), without bias.
  Tensor randint(const Shape& shape, std::int64_t low, std::int64_t high);
  /// 0 .. n-1 in random order, i64[n].
  Tensor permutation(std::int64_t n);
  /// One number in [0, 1), and one integer in [0, n).
  double uniform();
  std::int64_t below(std::int64_t n);

  /// The complete state, to save and restore.
  struct State {
    std::uint64_t key, draw;
    friend bool operator==(const State&, const State&) = default;
  };
  State state() const { return {key_, draw_}; }
  void restore(State state) {
    key_ = state.key;
    draw_ = state.draw;
  }

 private:
  /// The state from which the next draw is made.
  State next();

  std::uint64_t key_;
  std::uint64_t draw_ = 0;
};

/// Records a thread's draws so that they can be replayed exactly, without advancing any stream: a computation that runs
/// a second time sees the same random numbers.
class DrawLog {
 public:
  /// While it lives, draws are recorded, or the recorded ones are repeated in their order.
  class Guard {
   public:
    Guard(DrawLog& log, bool replay);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    friend class Rng;
    DrawLog& log_;
    bool replay_;
    std::size_t position_ = 0;
    Guard* outer_;
  };
  [[nodiscard]] Guard note() { return {*this, false}; }
  [[nodiscard]] Guard replay() { return {*this, true}; }

 private:
  friend class Rng;
  std::vector<Rng::State> draws_;
};

}  // namespace hourglass
