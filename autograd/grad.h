// SPDX-License-Identifier: MIT
// Reverse-mode differentiation: gradients are values that a function returns.
#pragma once
#include <initializer_list>
#include <span>
#include <vector>

#include "autograd/parameter.h"
#include "autograd/var.h"

namespace hourglass {

struct GradOptions {
  /// Record how the gradients are computed, so that they can be differentiated in turn.
  bool create_graph = false;
  /// Keep the graph for another grad(). Otherwise the walk releases each node, with the memory that it keeps, after
  /// visiting it, and a second walk is an error. create_graph also keeps the graph.
  bool retain_graph = false;
  /// If y does not depend on some x, the gradient by that x is 0. Without this option it is an error that names x.
  bool allow_unused = false;
  /// Cotangents have one axis more than their values, in front, and so have the gradients. One walk then computes many
  /// vector-Jacobian products, with a few large operations instead of many small ones.
  bool batched = false;
  /// Partial derivatives: the xs count as independent of each other. Paths from y to one x that lead through another x
  /// are left out.
  bool partial = false;
};

/// dy/dx for each x, in the shape of x. y has one element.
std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options = {});
std::vector<Var> grad(const Var& y, std::initializer_list<Var> xs, GradOptions options = {});
/// The same for parameters; errors show their names: adam.step(grad(loss, model.parameters())).
std::vector<Var> grad(const Var& y, const std::vector<Parameter>& parameters, GradOptions options = {});
Var grad(const Var& y, const Var& x, GradOptions options = {});

/// The vector-Jacobian product: for each x, the sum over all ys of cotangentᵀ dy/dx. Cotangents have the ys' shapes.
std::vector<Var> grad(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                      GradOptions options = {});

}  // namespace hourglass
