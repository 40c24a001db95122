// SPDX-License-Identifier: MIT
#include "examples/support/baselines/hashing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "examples/support/metrics/finite.h"
#include "examples/support/metrics/pca.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

void check_bit_codes(std::string_view op, const Tensor& codes) {
  check(codes.dim() == 1 && codes.dtype() == Dtype::i64, op, "expects codes i64[n], got ", describe(codes));
}

int bits_between(std::int64_t a, std::int64_t b) {
  return std::popcount(static_cast<std::uint64_t>(a) ^ static_cast<std::uint64_t>(b));
}

}  // namespace

Tensor SignHash::operator()(const Tensor& rows) const {
  check(rows.dim() == 2 && rows.size(1) == mean.size(0), "hash", "expects rows [n, ", mean.size(0), "], got ",
        describe(rows));
  check_finite("hash", rows);
  return matmul(to(rows, Dtype::f64) - mean, transpose(planes)) > 0;
}

SignHash fit_sign_lsh(const Tensor& rows, std::int64_t bits, Rng& rng) {
  check(rows.dim() == 2 && rows.size(0) > 0, "sign_lsh", "expects rows [n, d], got ", describe(rows));
  check(bits > 0, "sign_lsh", "needs a bit or more, got ", bits);
  check_finite("sign_lsh", rows);
  return {mean(to(rows, Dtype::f64), {0}), rng.normal({bits, rows.size(1)}, 0, 1, Dtype::f64)};
}

SignHash fit_itq(const Tensor& rows, std::int64_t bits, Rng& rng, std::int64_t iterations) {
  check(rows.dim() == 2 && rows.size(0) > 0 && bits > 0 && bits <= rows.size(1), "itq", "cannot make ", bits,
        " bits of ", describe(rows));
  const Pca pca = fit_pca(rows, bits);
  const Tensor v = pca.encode(to(rows, Dtype::f64));
  Tensor rotation = qr(rng.normal({bits, bits}, 0, 1, Dtype::f64)).q;
  for (std::int64_t i = 0; i < iterations; ++i) {
    const Tensor b = where(matmul(v, rotation) > 0, full({}, 1, Dtype::f64), -1);
    const Svd factors = svd(matmul(transpose(b), v));
    rotation = matmul(transpose(factors.vh), transpose(factors.u));
  }
  return {pca.mean, matmul(transpose(rotation), pca.components)};
}

Tensor pack_bits(const Tensor& bits) {
  check(bits.dim() == 2 && bits.dtype() == Dtype::u8 && bits.size(1) <= 64, "pack_bits",
        "expects bits u8[n, 64 or fewer], got ", describe(bits));
  const Tensor from = contiguous(bits);
  Tensor packed = zeros({bits.size(0)}, Dtype::i64);
  std::int64_t* const out = packed.mutable_data<std::int64_t>();
  for (std::int64_t i = 0, at = 0; i < bits.size(0); ++i)
    for (std::int64_t j = 0; j < bits.size(1); ++j, ++at)
      if (from.data<std::uint8_t>()[at] != 0) out[i] |= static_cast<std::int64_t>(std::uint64_t{1} << j);
  return packed;
}

// Sorted by counting: there are 65 distances.
Nearest nearest_bits(const Tensor& codes, const Tensor& queries, std::int64_t k) {
  check_bit_codes("nearest_bits", codes);
  check_bit_codes("nearest_bits", queries);
  const std::int64_t n = codes.size(0), q = queries.size(0);
  check(k >= 1 && k <= n, "nearest_bits", "cannot find ", k, " of ", n, " codes");
  const Tensor all = contiguous(codes), asked = contiguous(queries);
  Nearest found{Tensor({q, k}, Dtype::i64), Tensor({q, k}, Dtype::i64)};
  std::int64_t* const rows = found.rows.mutable_data<std::int64_t>();
  std::int64_t* const distances = found.distances.mutable_data<std::int64_t>();
  parallel_for(q, 16, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint8_t> far(static_cast<std::size_t>(n));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t query = asked.data<std::int64_t>()[i];
      std::array<std::int64_t, 66> first{};  // the place of the first code at each distance
      for (std::int64_t j = 0; j < n; ++j) {
        far[static_cast<std::size_t>(j)] = static_cast<std::uint8_t>(bits_between(query, all.data<std::int64_t>()[j]));
        ++first[std::size_t{1} + far[static_cast<std::size_t>(j)]];
      }
      for (std::size_t distance = 1; distance < first.size(); ++distance) first[distance] += first[distance - 1];
      for (std::int64_t j = 0; j < n; ++j) {
        const std::uint8_t distance = far[static_cast<std::size_t>(j)];
        const std::int64_t place = first[distance]++;
        if (place >= k) continue;
        rows[i * k + place] = j;
        distances[i * k + place] = distance;
      }
    }
  });
  return found;
}

Tensor count_by_distance(const Tensor& codes, const Tensor& queries, std::int64_t most) {
  check_bit_codes("count_by_distance", codes);
  check_bit_codes("count_by_distance", queries);
  check(most >= 0 && most <= 64, "count_by_distance", "distances are from 0 to 64, got ", most);
  const Tensor all = contiguous(codes), asked = contiguous(queries);
  Tensor counts = zeros({queries.size(0), most + 1}, Dtype::i64);
  std::int64_t* const out = counts.mutable_data<std::int64_t>();
  parallel_for(queries.size(0), 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (const std::int64_t code : all.span<std::int64_t>())
        if (const int distance = bits_between(asked.data<std::int64_t>()[i], code); distance <= most)
          ++out[i * (most + 1) + distance];
  });
  return counts;
}

HashTable::HashTable(const Tensor& codes, std::int64_t bits) : bits_(bits) {
  check_bit_codes("hash_table", codes);
  check(bits >= 1 && bits <= 64, "hash_table", "codes have from 1 to 64 bits, not ", bits);
  Sorted by_code = sort(codes);
  order_ = contiguous(by_code.indices);
  sorted_ = contiguous(by_code.values);
}

void HashTable::append(std::int64_t code, std::vector<std::int64_t>& found) const {
  const auto codes = sorted_.span<std::int64_t>();
  const auto [begin, end] = std::equal_range(codes.begin(), codes.end(), code);
  for (auto place = begin; place != end; ++place) found.push_back(order_.data<std::int64_t>()[place - codes.begin()]);
}

Tensor HashTable::within(std::int64_t query, int radius) const {
  check(radius >= 0 && radius <= 2, "hash_table", "the radius is 0, 1 or 2 bits, not ", radius);
  const auto bit = [](std::int64_t j) { return static_cast<std::int64_t>(std::uint64_t{1} << j); };
  std::vector<std::int64_t> found;
  append(query, found);
  for (std::int64_t i = 0; radius >= 1 && i < bits_; ++i) append(query ^ bit(i), found);
  for (std::int64_t i = 0; radius >= 2 && i < bits_; ++i)
    for (std::int64_t j = 0; j < i; ++j) append(query ^ bit(i) ^ bit(j), found);
  return Tensor::from<std::int64_t>(found, {static_cast<std::int64_t>(found.size())});
}

}  // namespace hourglass::examples
