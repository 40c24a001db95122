// SPDX-License-Identifier: MIT
// All distributions, by PyTorch's names and parameters. Formulas are per element of batch_shape; see distribution.h for
// what all of them can do.
#pragma once
#include "autograd/distributions/composed.h"     // MultivariateNormal, Independent, MixtureSameFamily
#include "autograd/distributions/continuous.h"   // Normal, Laplace, Gumbel, LogNormal, Exponential, Uniform, ...
#include "autograd/distributions/counts.h"       // Poisson, Binomial, NegativeBinomial
#include "autograd/distributions/discrete.h"     // Bernoulli, Categorical, OneHotCategorical, and their relaxations
#include "autograd/distributions/gamma.h"        // Gamma, Beta, Dirichlet
#include "autograd/distributions/transformed.h"  // TransformedDistribution and its bijectors
