// SPDX-License-Identifier: MIT
// Every random number comes from its own random words: a batch of words is made, and a formula
// turns it into numbers. The formulas use only exactly rounded operations, so the numbers have the
// same bits on every machine and instruction set.
#include "tensor/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

using Block = std::array<std::uint32_t, 4>;

Block block(std::uint64_t key, std::uint64_t draw, std::uint64_t index) {
  const auto low = [](std::uint64_t word) { return static_cast<std::uint32_t>(word); };
  const auto high = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
  return philox({low(index), high(index), low(draw), high(draw)}, {low(key), high(key)});
}

// SplitMix64's step and finalizer (Steele, Lea and Flood 2014): a bijection in which each bit of the input flips half
// of the output's.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

std::uint64_t wide(const std::uint32_t* words) { return std::uint64_t{words[1]} << 32 | words[0]; }

// ---- filling a tensor

// Words of a batch. They and their numbers stay in the first-level cache, and loops over them are long enough for the
// compiler's vectors.
constexpr std::int64_t kBatch = 256;
constexpr std::int64_t kRandomGrain = 32;  // batches of a chunk: about 20 µs

// A tensor whose element i is made from words [W i, W (i + 1)) of a draw. Block b has words 4 b to 4 b + 3.
// make(words, numbers, count, position) makes `count` elements, from `position` on.
template <class T, int W, class Make>
Tensor drawn(const Shape& shape, Rng::State at, const Make& make) {
  Tensor result(shape, dtype_of<T>);
  T* const out = result.mutable_data<T>();
  constexpr std::int64_t each = kBatch / W;
  const std::int64_t numel = result.numel();
  parallel_for((numel + each - 1) / each, kRandomGrain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::uint32_t words[kBatch];
    alignas(64) T numbers[each];
    for (std::int64_t batch = begin; batch < end; ++batch) {
      const std::int64_t position = batch * each, count = std::min(each, numel - position);
      for (std::int64_t i = 0; i < count * W; i += 4)
        std::ranges::copy(block(at.key, at.draw, static_cast<std::uint64_t>((position * W + i) / 4)), words + i);
      make(words, numbers, count, position);
      std::copy_n(numbers, count, out + position);
    }
  });
  return result;
}

// ---- formulas

template <class T>
constexpr int kWords = sizeof(T) / 4;

// In [0, 1), with all bits of T's fraction.
template <class T>
T unit(const std::uint32_t* words) {
  if constexpr (sizeof(T) == 4) return static_cast<T>(static_cast<std::int32_t>(*words >> 8)) * T(0x1p-24);
  else return static_cast<T>(static_cast<std::int64_t>(wide(words) >> 11)) * T(0x1p-53);
}

// log u for a positive normal u. With u = 2^e m and m between sqrt(1/2) and sqrt(2):
// log u = e log 2 + 2 atanh s, s = (m - 1) / (m + 1), and atanh s = s (1 + s^2/3 + s^4/5 + ...), |s| < 0.172.
template <class T>
T log_of(T u) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  constexpr int fraction = sizeof(T) == 4 ? 23 : 52, terms = sizeof(T) == 4 ? 5 : 11;
  const Bits bits = std::bit_cast<Bits>(u);
  const Bits exponent = (bits - std::bit_cast<Bits>(T(std::numbers::sqrt2 / 2))) >> fraction;
  const T m = std::bit_cast<T>(bits - (exponent << fraction));
  const T s = (m - 1) / (m + 1), square = s * s;
  T series = 0;
  for (int k = terms; k >= 0; --k) series = series * square + T(1) / T(2 * k + 1);
  return static_cast<T>(exponent) * T(std::numbers::ln2) + 2 * s * series;
}

// (sin x, cos x) for |x| <= pi / 4, by sin x = x (1 - x^2 / (2 * 3) (1 - x^2 / (4 * 5) (...))) and
// cos x = 1 - x^2 / (1 * 2) (1 - x^2 / (3 * 4) (...)).
template <class T>
std::pair<T, T> sin_cos(T x) {
  constexpr int terms = sizeof(T) == 4 ? 5 : 9;
  const T square = x * x;
  T sine = 1, cosine = 1;
  for (int k = terms; k >= 1; --k) {
    sine = 1 - square * (T(1) / T(2 * k * (2 * k + 1))) * sine;
    cosine = 1 - square * (T(1) / T((2 * k - 1) * 2 * k)) * cosine;
  }
  return {x * sine, cosine};
}

// Standard normal numbers in pairs (Box and Muller 1958): the point at radius sqrt(-2 log u) in a random direction.
template <class T>
void normal_pairs(const std::uint32_t* words, T* out, std::int64_t pairs) {
  constexpr int W = kWords<T>;
  using Bits = std::conditional_t<W == 1, std::int32_t, std::int64_t>;
  constexpr int high = 8 * sizeof(T) - 1;  // the highest bit
  constexpr T step = W == 1 ? T(0x1p-31) : T(0x1p-63);
  const auto bits = [&](std::int64_t i) {
    if constexpr (W == 1) return words[i];
    else return wide(words + 2 * i);
  };
  T radius[kBatch / W / 2];
  for (std::int64_t i = 0; i < pairs; ++i) {
    // u is in (0, 1] and uses all the bits, more than a fraction has: events as rare as 2^-31 (2^-63) do occur.
    const T u = static_cast<T>(static_cast<Bits>(bits(2 * i) >> 1)) * step + step / 2;
    radius[i] = -2 * log_of(u);
  }
  const T* const in[] = {radius};
  const std::int64_t one[] = {1};
  kernels().elementwise.of<T>().unary[Unary::sqrt](in, one, radius, pairs,
                                                   Stores::cached);  // exactly rounded everywhere
  for (std::int64_t i = 0; i < pairs; ++i) {
    // An angle in the quarter of the circle around the x axis; one bit swaps x and y, another mirrors at the origin.
    // Bit operations instead of branches, which would be mispredicted half of the time: 3 times faster.
    const auto turn = bits(2 * i + 1);
    const auto [sine, cosine] =
        sin_cos(static_cast<T>(static_cast<Bits>(turn << 2) >> 2) * (T(std::numbers::pi) * step));
    const Bits x = std::bit_cast<Bits>(radius[i] * cosine), y = std::bit_cast<Bits>(radius[i] * sine);
    const Bits swap = (x ^ y) & -static_cast<Bits>(turn >> (high - 1) & 1);
    const Bits mirror = static_cast<Bits>(turn >> high << high);
    out[2 * i] = std::bit_cast<T>(x ^ swap ^ mirror);
    out[2 * i + 1] = std::bit_cast<T>(y ^ swap ^ mirror);
  }
}

// A word is one of 2^32 numbers. The words below p 2^32 mean "yes". If p 2^32 is not an integer, the last of these words
// means "yes" only for a fraction of its draws: a second random number decides. It comes from blocks beyond the end of
// the longest tensor. So events rarer than 2^-32 occur, too.
bool is_below_fraction(double fraction, std::uint64_t key, std::uint64_t draw, std::int64_t position) {
  return unit<double>(block(key, draw, static_cast<std::uint64_t>(position) | std::uint64_t{1} << 56).data()) <
         fraction;
}

// An integer in [0, range) without bias: the upper half of bits times range. Products whose lower half would make some
// results more likely are rejected (Lemire 2019, "Fast random integer generation in an interval"). A range of 0 means
// 2^64.
template <class Again>
std::uint64_t bounded(std::uint64_t range, std::uint64_t bits, Again again) {
  if (range == 0) return bits;
  __extension__ using Product = unsigned __int128;
  for (;; bits = again()) {
    const Product product = static_cast<Product>(bits) * range;
    const auto lower = static_cast<std::uint64_t>(product);
    if (lower >= range || lower >= (0 - range) % range) return static_cast<std::uint64_t>(product >> 64);
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0], b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The name's FNV-1a hash and the key, mixed: the keys of related streams look independent.
Rng Rng::split(std::string_view name) const {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return Rng(mix(mix(key_) ^ hash));
}
Rng Rng::split(std::uint64_t number) const { return Rng(mix(mix(key_) + number)); }

namespace {
thread_local DrawLog::Guard* innermost = nullptr;
}  // namespace

DrawLog::Guard::Guard(DrawLog& log, bool replay) : log_(log), replay_(replay), outer_(std::exchange(innermost, this)) {}
DrawLog::Guard::~Guard() { innermost = outer_; }

// The innermost log that replays decides which draw is repeated. Logs inside it record the draw.
Rng::State Rng::next() {
  DrawLog::Guard* source = innermost;
  while (source != nullptr && !source->replay_) source = source->outer_;
  State at{key_, draw_};
  if (source == nullptr) {
    ++draw_;
  } else {
    check(source->position_ < source->log_.draws_.size(), "DrawLog", "more draws are asked for than the ",
          source->log_.draws_.size(), " that were noted");
    at = source->log_.draws_[source->position_++];
  }
  for (DrawLog::Guard* guard = innermost; guard != source; guard = guard->outer_) guard->log_.draws_.push_back(at);
  return at;
}

Tensor Rng::uniform(const Shape& shape, double low, double high, Dtype dtype) {
  const Work work("random uniform", 0);
  check(low <= high, "uniform", "needs low <= high, got ", low, " and ", high);
  return dispatch_floating("uniform", dtype, [&]<class T>() {
    const T from = static_cast<T>(low), to = static_cast<T>(high), width = to - from;
    check(std::isfinite(width), "uniform", "from ", low, " to ", high, " is too far for ", dtype);
    const T last = from < to ? std::nextafter(to, from) : from;  // rounding must not reach high
    return drawn<T, kWords<T>>(shape, next(),
                               [=](const std::uint32_t* words, T* out, std::int64_t count, std::int64_t) {
                                 for (std::int64_t i = 0; i < count; ++i) {
                                   const T value = from + width * unit<T>(words + kWords<T> * i);
                                   out[i] = value < last ? value : last;
                                 }
                               });
  });
}

Tensor Rng::normal(const Shape& shape, double mean, double std, Dtype dtype) {
  const Work work("random normal", 0);
  check(std >= 0, "normal", "needs a standard deviation of at least 0, got ", std);
  return dispatch_floating("normal", dtype, [&]<class T>() {
    return drawn<T, kWords<T>>(shape, next(),
                               [m = static_cast<T>(mean), s = static_cast<T>(std)](const std::uint32_t* words, T* out,
                                                                                   std::int64_t count, std::int64_t) {
                                 normal_pairs(words, out, (count + 1) / 2);
                                 for (std::int64_t i = 0; i < count; ++i) out[i] = m + s * out[i];
                               });
  });
}

Tensor Rng::bernoulli(const Shape& shape, double probability, Dtype dtype) {
  const Work work("random bernoulli", 0);
  check(probability >= 0 && probability <= 1, "bernoulli", "needs a probability in [0, 1], got ", probability);
  const double expected = probability * 0x1p32;  // 1 for words below it
  const auto threshold = static_cast<std::uint32_t>(std::min(expected, 0x1p32 - 1));
  const bool certain = probability == 1;
  const State at = next();
  return dispatch(dtype, [&]<class T>() {
    return drawn<T, 1>(shape, at, [=](const std::uint32_t* words, T* out, std::int64_t count, std::int64_t position) {
      bool undecided = false;
      for (std::int64_t i = 0; i < count; ++i) {
        out[i] = static_cast<T>((words[i] < threshold) | certain);
        undecided |= words[i] == threshold;
      }
      for (std::int64_t i = 0; undecided && !certain && i < count; ++i)
        if (words[i] == threshold)
          out[i] = static_cast<T>(is_below_fraction(expected - threshold, at.key, at.draw, position + i));
    });
  });
}

Tensor Rng::bernoulli(const Tensor& probability) {
  const Work work("random bernoulli", 0, probability);
  check(is_floating(probability.dtype()), "bernoulli", "needs f32 or f64, got ", describe(probability));
  if (probability.numel() == 0) return probability;
  const double least = min(probability).item(), most = max(probability).item();
  check(least >= 0 && most <= 1, "bernoulli", "needs probabilities in [0, 1], got ", least, " to ", most, " in ",
        describe(probability));
  const Tensor flat = contiguous(probability);
  return dispatch_floating("bernoulli", flat.dtype(), [&]<class T>() {
    const T* const p = flat.data<T>();
    const State at = next();
    return drawn<T, 1>(
        flat.shape(), at, [=](const std::uint32_t* words, T* out, std::int64_t count, std::int64_t position) {
          for (std::int64_t i = 0; i < count; ++i) {
            const double rest =
                static_cast<double>(p[position + i]) * 0x1p32 - words[i];  // exact where it is in (0, 1)
            const bool undecided = rest > 0 && rest < 1;
            out[i] = static_cast<T>(undecided ? is_below_fraction(rest, at.key, at.draw, position + i) : rest > 0);
          }
        });
  });
}

Tensor Rng::randint(const Shape& shape, std::int64_t low, std::int64_t high) {
  const Work work("random randint", 0);
  check(low < high, "randint", "needs low < high, got ", low, " and ", high);
  const std::uint64_t first = static_cast<std::uint64_t>(low), range = static_cast<std::uint64_t>(high) - first;
  const State at = next();
  return drawn<std::int64_t, 2>(
      shape, at, [=](const std::uint32_t* words, std::int64_t* out, std::int64_t count, std::int64_t position) {
        for (std::int64_t i = 0; i < count; ++i) {
          // A rejected number is drawn again from blocks beyond the end of the longest tensor.
          std::uint64_t again = 0;
          const std::uint64_t number = bounded(range, wide(words + 2 * i), [&] {
            return wide(block(at.key, at.draw, static_cast<std::uint64_t>(position + i) | ++again << 56).data());
          });
          out[i] = static_cast<std::int64_t>(first + number);
        }
      });
}

Tensor Rng::permutation(std::int64_t n) {
  const Work work("random permutation", 0);
  check(n >= 0, "permutation", "needs a length of at least 0, got ", n);
  Tensor result = arange(n);
  std::int64_t* const out = result.mutable_data<std::int64_t>();
  std::uint64_t index = 0;
  const auto bits = [&, at = next()] { return wide(block(at.key, at.draw, index++).data()); };
  // Fisher and Yates, from the back: each position gets one of the numbers not yet used.
  for (std::int64_t i = n - 1; i > 0; --i) {
    const std::uint64_t from = bounded(static_cast<std::uint64_t>(i) + 1, bits(), bits);
    std::swap(out[i], out[from]);
  }
  return result;
}

double Rng::uniform() {
  const State at = next();
  return unit<double>(block(at.key, at.draw, 0).data());
}

std::int64_t Rng::below(std::int64_t n) {
  check(n >= 1, "below", "needs at least 1, got ", n);
  return *randint({}, 0, n).data<std::int64_t>();
}

}  // namespace hourglass
