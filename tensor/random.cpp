#include "tensor/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

constexpr std::int64_t kGrain = 4096;  // blocks of four words a chunk

// A 64-bit mixing function (Stafford's variant 13, as in SplitMix64): flips half of the bits for any change of the input.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

std::array<std::uint32_t, 4> block(std::uint64_t key, std::uint64_t draw, std::uint64_t number) {
  return philox({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), static_cast<std::uint32_t>(draw),
                 static_cast<std::uint32_t>(draw >> 32)},
                {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
}

// Numbers in [0, 1): as many as a block of four words gives, with as many bits as the type holds.
template <class T>
struct Uniforms {
  static constexpr std::int64_t count = sizeof(T) == 4 ? 4 : 2;
  T values[count];
  explicit Uniforms(const std::array<std::uint32_t, 4>& words) {
    if constexpr (sizeof(T) == 4)
      for (std::size_t i = 0; i < 4; ++i) values[i] = static_cast<T>(words[i] >> 8) * T(0x1p-24);
    else
      for (std::size_t i = 0; i < 2; ++i)
        values[i] = static_cast<T>((std::uint64_t{words[2 * i + 1]} << 32 | words[2 * i]) >> 11) * T(0x1p-53);
  }
};

// result[i] = transformed uniforms; transform(values) changes one block in place.
template <class T, class Transform>
Tensor fill(const Shape& shape, std::uint64_t key, std::uint64_t draw, Transform transform) {
  Tensor result(shape, dtype_of<T>);
  T* const out = result.mutable_data<T>();
  constexpr std::int64_t width = Uniforms<T>::count;
  const std::int64_t numel = result.numel();
  parallel_for((numel + width - 1) / width, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      Uniforms<T> u(block(key, draw, static_cast<std::uint64_t>(b)));
      transform(u.values);
      std::copy_n(u.values, std::min(width, numel - b * width), out + b * width);
    }
  });
  return result;
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

Rng Rng::split(std::string_view name) const {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return Rng(mix(key_ ^ mix(hash)));
}
Rng Rng::split(std::uint64_t number) const { return Rng(mix(mix(key_) + number)); }

Tensor Rng::uniform(const Shape& shape, double low, double high, Dtype dtype) {
  check(low <= high && std::isfinite(high - low), "uniform", "needs low <= high, got ", low, " and ", high);
  return dispatch_floating("uniform", dtype, [&]<class T>() {
    const T from = static_cast<T>(low), to = static_cast<T>(high), width = static_cast<T>(high - low);
    const T last = from < to ? std::nextafter(to, from) : from;  // rounding must not reach high
    return fill<T>(shape, key_, draw_++, [&](T* values) {
      for (std::int64_t i = 0; i < Uniforms<T>::count; ++i) values[i] = std::min(from + width * values[i], last);
    });
  });
}

Tensor Rng::normal(const Shape& shape, double mean, double std, Dtype dtype) {
  check(std >= 0, "normal", "needs a standard deviation of at least 0, got ", std);
  return dispatch_floating("normal", dtype, [&]<class T>() {
    return fill<T>(shape, key_, draw_++, [m = static_cast<T>(mean), s = static_cast<T>(std)](T* values) {
      for (std::int64_t i = 0; i < Uniforms<T>::count; i += 2) {  // Box and Muller 1958; 1 - u is never 0
        const T radius = s * std::sqrt(T(-2) * std::log(T(1) - values[i])), angle = T(2 * std::numbers::pi) * values[i + 1];
        values[i] = m + radius * std::cos(angle);
        values[i + 1] = m + radius * std::sin(angle);
      }
    });
  });
}

Tensor Rng::bernoulli(const Shape& shape, double probability, Dtype dtype) {
  check(probability >= 0 && probability <= 1, "bernoulli", "needs a probability in [0, 1], got ", probability);
  return to(uniform(shape, 0, 1, Dtype::f64) < probability, dtype);
}
Tensor Rng::bernoulli(const Tensor& probability) {
  const bool valid = all(logical_and(probability >= 0, probability <= 1)).item() != 0;
  check(valid, "bernoulli", "needs probabilities in [0, 1]");
  return to(uniform(probability.shape(), 0, 1, probability.dtype()) < probability, probability.dtype());
}

namespace {
// In [0, range) from 64 random bits and more where needed (Lemire 2019, "Fast random integer generation in an interval").
__extension__ typedef unsigned __int128 Wide;
template <class Bits>
std::uint64_t bounded(std::uint64_t range, Bits bits) {
  for (;;) {
    const Wide product = static_cast<Wide>(bits()) * range;
    if (static_cast<std::uint64_t>(product) >= -range % range) return static_cast<std::uint64_t>(product >> 64);
  }
}
std::uint64_t bits64(const std::array<std::uint32_t, 4>& words, std::size_t at) {
  return std::uint64_t{words[at + 1]} << 32 | words[at];
}
}  // namespace

Tensor Rng::randint(const Shape& shape, std::int64_t low, std::int64_t high) {
  check(low < high, "randint", "needs low < high, got ", low, " and ", high);
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low), draw = draw_++;
  Tensor result(shape, Dtype::i64);
  std::int64_t* const out = result.mutable_data<std::int64_t>();
  parallel_for(result.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      // Refused numbers are drawn again from counters that no element of any tensor reaches.
      std::uint64_t attempt = 0;
      const std::uint64_t number = bounded(range, [&] {
        return bits64(block(key_, draw, static_cast<std::uint64_t>(i) | attempt++ << 56), 0);
      });
      out[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + number);
    }
  });
  return result;
}

Tensor Rng::permutation(std::int64_t n) {
  check(n >= 0, "permutation", "needs at least 0 elements, got ", n);
  Tensor result = arange(n);
  std::int64_t* const out = result.mutable_data<std::int64_t>();
  const std::uint64_t draw = draw_++;
  std::uint64_t number = 0;
  const auto bits = [&] { return bits64(block(key_, draw, number++), 0); };
  for (std::int64_t i = n - 1; i > 0; --i)  // Fisher and Yates, as Durstenfeld wrote it
    std::swap(out[i], out[bounded(static_cast<std::uint64_t>(i) + 1, bits)]);
  return result;
}

double Rng::uniform() { return uniform({}, 0, 1, Dtype::f64).item(); }
std::int64_t Rng::below(std::int64_t n) {
  check(n >= 1, "below", "needs at least 1, got ", n);
  return *randint({}, 0, n).data<std::int64_t>();
}

}  // namespace hourglass
