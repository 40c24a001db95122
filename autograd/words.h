// What an op computes and how it is differentiated, in words for a reader of the tape.
#pragma once
#include <string_view>

namespace hourglass {

/// "a b" for mul: y in terms of the op's inputs. Empty for an op that nobody has described.
std::string_view formula_of(std::string_view op);
/// "dy/da = b" for mul and input 0. For a linear op, what its adjoint does: "g goes to every element that was added".
/// Empty for an op that nobody has described, as those of other projects are.
std::string_view derivative_of(std::string_view op, int input);

}  // namespace hourglass
