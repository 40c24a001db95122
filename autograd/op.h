// SPDX-License-Identifier: MIT
// Op: what is known about an op besides its rules, in one constant that the op's function holds.
//
//   static constexpr Op op = Op::elementwise("square", "x²", {"dy/dx = 2 x"});
//   return record(op, square(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, x) * 2; }));
//
// Engine, derivatives and instruments ask the constant; they never compare names. So an op of your own project gets the
// same speed and the same pictures as those of this folder.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hourglass {

/// Which gradients g a rule accepts. Every rule accepts one of the output's shape. A rule that accepts more is called
/// once for many gradients (GradOptions::batched); any other rule is called for each in turn.
enum class Accepts : std::uint8_t {
  one,           ///< Only a g of the output's shape.
  leading_axes,  ///< A g with more axes in front: the rule gives a share with the same axes in front.
  joined_batch,  ///< A g with a longer first axis, the batch: the rule gives a share with that batch.
};

struct Op {
  /// Used in errors, profiles and pictures.
  std::string_view name;
  /// y, the output, in terms of the inputs, for pictures: "a b".
  std::string_view formula{};
  /// The rules in words, by input: "dy/da = b". For a linear op, what its adjoint does: "dy/dx = 1: g goes to every
  /// element that was added". The last one holds for all further inputs.
  std::array<std::string_view, 3> derivatives{};
  /// What the rule of each input accepts. The last one holds for all further inputs.
  std::array<Accepts, 3> accepts{};
  /// Each element of the output is a function of one element of each input alone. Then the Jacobian is diagonal, and a
  /// rule is a product with its diagonal.
  bool is_elementwise = false;

  using Words = std::array<std::string_view, 3>;
  /// An elementwise op. Its rules, products with a diagonal, accept leading axes.
  static constexpr Op elementwise(std::string_view name, std::string_view formula, const Words& derivatives) {
    return {name, formula, derivatives, kLeadingAxes, true};
  }
  /// An op whose rules count axes from the back and keep those in front (see from_back and behind in share.h).
  static constexpr Op with_leading_axes(std::string_view name, std::string_view formula, const Words& derivatives) {
    return {name, formula, derivatives, kLeadingAxes, false};
  }
  static constexpr std::array<Accepts, 3> kLeadingAxes{Accepts::leading_axes, Accepts::leading_axes,
                                                       Accepts::leading_axes};

  constexpr Accepts accepted_by(int input) const { return accepts[place(input)]; }
  /// The rule of this input in words; empty if the op does not say.
  constexpr std::string_view derivative(int input) const {
    std::size_t k = place(input);
    while (k > 0 && derivatives[k].empty()) --k;
    return derivatives[k];
  }

 private:
  static constexpr std::size_t place(int input) { return input < 2 ? static_cast<std::size_t>(input) : 2; }
};

}  // namespace hourglass
