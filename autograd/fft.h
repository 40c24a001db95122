// SPDX-License-Identifier: MIT
// Fourier transforms of real data with derivatives of every order: the functions of tensor/fft.h on Var. All are
// linear: the rule of each is the transform in the other direction, with weights.
#pragma once
#include "autograd/var.h"
#include "tensor/fft.h"

namespace hourglass {

// ---- Fourier transforms along the last axis --- ops/fft.cpp

Var rfft(const Var& x, const FftOptions& options = {});
Var irfft(const Var& y, const FftOptions& options = {});
Var dct(const Var& x, const DctOptions& options = {});
Var idct(const Var& y, const DctOptions& options = {});

}  // namespace hourglass
