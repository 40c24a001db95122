// SPDX-License-Identifier: MIT
// Reads the equations of einsum; the Tensor forms of what composed/einsum.h computes.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "tensor/composed/einsum.h"

namespace hourglass {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The labels of one term; `dots` is the number of axes that its ... stands for. Nothing if it is malformed.
std::optional<Axes> labels_of(std::string_view term, std::int64_t dots) {
  Axes labels;
  bool had_dots = false;
  for (std::size_t at = 0; at < term.size(); ++at) {
    if (is_letter(term[at])) {
      labels.push_back(term[at]);
    } else if (term.substr(at, 3) == "..." && !had_dots) {
      for (std::int64_t k = -dots; k < 0; ++k) labels.push_back(k);
      had_dots = true;
      at += 2;
    } else {
      return {};
    }
  }
  return labels;
}

std::string name_of_label(std::int64_t label) {
  return label < 0 ? join("axis ", label, " of ...") : join("\"", static_cast<char>(label), "\"");
}

}  // namespace

composed::Equation composed::read_equation(std::string_view text, std::span<const Shape> shapes) {
  std::string equation;
  for (const char c : text)
    if (c != ' ') equation += c;
  const std::size_t arrow = equation.find("->");
  const std::string_view inputs = std::string_view(equation).substr(0, arrow);
  const auto terms = static_cast<std::size_t>(std::count(inputs.begin(), inputs.end(), ',')) + 1;
  check(terms == shapes.size(), "einsum", "\"", text, "\" has ", terms, " terms for ", shapes.size(), " operands");

  Equation read;
  std::map<std::int64_t, std::int64_t> extents, times;
  std::int64_t most_dots = 0;
  std::size_t begin = 0;
  for (const Shape& shape : shapes) {
    const std::string_view term = inputs.substr(begin, inputs.find(',', begin) - begin);
    begin += term.size() + 1;
    const std::int64_t letters = std::count_if(term.begin(), term.end(), is_letter);
    const bool has_dots = term.find("...") != std::string_view::npos;
    check(has_dots ? letters <= shape.size() : letters == shape.size(), "einsum", "\"", term, "\" in \"", text,
          "\" has ", letters, " letters for an operand ", shape);
    const std::int64_t dots = shape.size() - letters;
    const std::optional<Axes> labels = labels_of(term, dots);
    check(labels.has_value(), "einsum", "cannot read \"", term, "\" in \"", text,
          "\"; a term is letters, and once ...");
    most_dots = std::max(most_dots, dots);
    for (int axis = 0; axis < shape.size(); ++axis) {
      const std::int64_t label = (*labels)[axis];
      ++times[label];
      for (int before = 0; before < axis; ++before)
        check((*labels)[before] != label || shape[before] == shape[axis], "einsum", name_of_label(label), " of \"",
              term, "\" has two extents in ", shape);
      std::int64_t& extent = extents.try_emplace(label, 1).first->second;
      check(extent == 1 || shape[axis] == 1 || shape[axis] == extent, "einsum", name_of_label(label), " in \"", text,
            "\" is ", extent, " in one operand and ", shape[axis], " in ", shape);
      if (extent == 1) extent = shape[axis];
    }
    read.operands.push_back(*labels);
  }

  if (arrow == std::string::npos) {  // a map is in order: ..., then letters
    for (const auto& [label, count] : times)
      if (label < 0 || count == 1) read.result.push_back(label);
    return read;
  }
  const std::string_view output = std::string_view(equation).substr(arrow + 2);
  const std::optional<Axes> result = labels_of(output, most_dots);
  check(result.has_value(), "einsum", "cannot read \"", output, "\" in \"", text, "\"");
  for (int axis = 0; axis < result->size(); ++axis) {
    const std::int64_t label = (*result)[axis];
    check(times.contains(label), "einsum", name_of_label(label), " of the result is in no operand of \"", text, "\"");
    for (int before = 0; before < axis; ++before)
      check((*result)[before] != label, "einsum", name_of_label(label), " is twice in the result of \"", text, "\"");
  }
  read.result = *result;
  return read;
}

composed::Equation composed::equation_of_tensordot(const Tensor& a, const Tensor& b, const Axes& axes_a,
                                                   const Axes& axes_b) {
  check(axes_a.size() == axes_b.size(), "tensordot", "needs pairs of axes, got ", axes_a, " and ", axes_b);
  if (!axes_a.empty()) normalize_axes("tensordot", axes_a, a.dim());  // none twice
  if (!axes_b.empty()) normalize_axes("tensordot", axes_b, b.dim());
  Equation equation{{Axes::filled(a.dim(), 0), Axes::filled(b.dim(), 0)}, {}};
  Axes &left = equation.operands[0], &right = equation.operands[1];
  for (int axis = 0; axis < a.dim(); ++axis) left[axis] = axis;
  for (int axis = 0; axis < b.dim(); ++axis) right[axis] = kMaxAxes + axis;
  for (int k = 0; k < axes_a.size(); ++k) {
    const int i = normalize_axis("tensordot", axes_a[k], a.dim()), j = normalize_axis("tensordot", axes_b[k], b.dim());
    check(a.shape()[i] == b.shape()[j], "tensordot", "axis ", i, " of ", describe(a), " is not as long as axis ", j,
          " of ", describe(b), " (", a.shape()[i], " against ", b.shape()[j], ")");
    right[j] = left[i];
  }
  for (const std::int64_t label : left)
    if (!right.contains(label)) equation.result.push_back(label);
  for (const std::int64_t label : right)
    if (!left.contains(label)) equation.result.push_back(label);
  return equation;
}

Tensor einsum(std::string_view equation, std::span<const Tensor> operands) {
  return composed::einsum(equation, operands);
}
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands) {
  return einsum(equation, std::span<const Tensor>(operands.begin(), operands.size()));
}
Tensor tensordot(const Tensor& a, const Tensor& b, const Axes& axes_a, const Axes& axes_b) {
  return composed::tensordot(a, b, axes_a, axes_b);
}
Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t count) { return composed::tensordot(a, b, count); }

}  // namespace hourglass
