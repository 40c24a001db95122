// SPDX-License-Identifier: MIT
// Rules that code can recognise on the tape (Node::rule). Some derivatives are faster when they know the rule.
#pragma once
#include "autograd/var.h"

namespace hourglass {

/// The rule by x of a product with a matrix, y = x Wᵀ. The Jacobian is W, which is known without any computation.
struct ProductRule {
  Var matrix;
  bool is_transposed;  // the matrix is Wᵀ

  /// W, the Jacobian of each row: [outputs, inputs].
  Var weight() const;
  /// g W
  Var operator()(const Var& g) const;
};

/// The rule of reshape: the elements stay as they are.
struct ReshapeRule {
  Shape from;
  int output_dim;

  Var operator()(const Var& g) const;
};

}  // namespace hourglass
