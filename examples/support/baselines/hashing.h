// SPDX-License-Identifier: MIT
// Codes of bits: hash functions that keep neighbours near, and search by the number of bits that differ.
#pragma once
#include <cstdint>

#include "examples/support/baselines/search.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The bits of a row: on which side of each of `bits` hyperplanes it lies,
///
///     bit_j = 1 if w_j · (x - mean) > 0, else 0
struct SignHash {
  Tensor mean;    ///< f64[d]
  Tensor planes;  ///< f64[bits, d]: w_j in the rows
  /// u8[n, bits] of rows [n, d].
  Tensor operator()(const Tensor& rows) const;
};

/// Hyperplanes with random normal directions through the mean of the rows. Two rows differ in a bit with probability
/// (angle between them) / π (Charikar 2002, "Similarity estimation techniques from rounding algorithms", section 3).
SignHash fit_sign_lsh(const Tensor& rows, std::int64_t bits, Rng& rng);

/// Iterative quantization (Gong & Lazebnik 2011, "Iterative quantization: a Procrustean approach to learning binary
/// codes"): the principal components V of the rows, rotated so that their signs B lose least,
///
///     min over B, R of ‖B - V R‖²,      B = sign(V R), then R = Y Xᵀ from the singular value decomposition X S Yᵀ of
///                                       Bᵀ V, in turn
///
/// from a random rotation on. As many bits as there are columns, at most.
SignHash fit_itq(const Tensor& rows, std::int64_t bits, Rng& rng, std::int64_t iterations = 50);

/// Bits u8[n, bits], at most 64, of which any but 0 is 1, as one number for each row: i64[n], whose bit j is bit j.
Tensor pack_bits(const Tensor& bits);

/// The k codes i64[n] that differ from each query i64[q] in the fewest bits, which are their `distances`.
Nearest nearest_bits(const Tensor& codes, const Tensor& queries, std::int64_t k);

/// How many codes i64[n] differ from each query i64[q] in 0, 1, ..., `most` bits: i64[q, most + 1].
Tensor count_by_distance(const Tensor& codes, const Tensor& queries, std::int64_t most = 64);

/// The codes i64[n] in a table by value, for look-up without comparing with all of them: the codes within a Hamming
/// ball are found by asking for every code in it (Salakhutdinov & Hinton 2009, "Semantic hashing", section 1).
class HashTable {
 public:
  /// `bits` from 1 to 64: those that codes use.
  HashTable(const Tensor& codes, std::int64_t bits);
  /// The numbers of the codes that differ from the query in at most `radius` bits (0, 1 or 2), nearest first: i64[m].
  Tensor within(std::int64_t query, int radius) const;

 private:
  void append(std::int64_t code, std::vector<std::int64_t>& found) const;
  std::int64_t bits_;
  Tensor order_, sorted_;  // row numbers by code; the codes in that order
};

}  // namespace hourglass::examples
