// How far apart two sets of pictures are as sets: not one by one, but in where they lie and how they spread.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The squared Fréchet distance of the normal distributions that fit the rows of a [n, k] and b [m, k] (Dowson & Landau
/// 1982, equation 4):
///
///     ‖m_a - m_b‖² + tr( C_a + C_b - 2 (C_a^½ C_b C_a^½)^½ )
///
/// Rows are features of pictures. With those of a trained classifier this is the Fréchet inception distance (Heusel et
/// al. 2017); pca.encode(pictures) needs no such network. 0 for the same set; the expectation for two samples of one
/// distribution falls with their size, so compare sets of equal size. At least 2 rows each; k is small, as it takes a
/// few k³ steps a sweep.
double frechet_distance(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
