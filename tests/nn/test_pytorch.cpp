// SPDX-License-Identifier: MIT
// Values, first and second derivatives of op_table's rows against PyTorch's, which
// pytorch_reference.py wrote.
#include <limits>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "autograd/ops.h"
#include "nn/losses.h"
#include "tests/reference_data.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

const std::vector<Json>& op_cases() {
  static const std::vector<Json> all = reference_data("pytorch_ops.json").items();
  return all;
}

std::vector<Tensor> inputs_of(const Json& one) { return tensors_of(one["inputs"]); }

// The expected result of derivatives().
std::vector<Part> wanted_parts(const Json& one, const std::vector<Tensor>& inputs) {
  std::vector<Part> parts{{"value", tensor_of(one["value"], shape_of(one["shape"]))}};
  for (const auto& [key, what] : {std::pair{"gradients", "gradient "}, {"second", "second derivative "}}) {
    if (!one.contains(key)) continue;
    std::size_t k = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (is_floating(inputs[i].dtype())) parts.push_back({join(what, i), tensor_of(one[key][k++], inputs[i].shape())});
  }
  return parts;
}

// Losses are compared like rows.
std::vector<Row> loss_rows() {
  using nn::Reduction;
  using Loss = Var (*)(const Var&, const Var&, Reduction);
  using ClassLoss = Var (*)(const Var&, const Tensor&, Reduction);
  const std::pair<std::string, Reduction> reductions[] = {{"none", Reduction::none},
                                                          {"mean", Reduction::mean},
                                                          {"sum", Reduction::sum},
                                                          {"batchmean", Reduction::batchmean}};
  const std::pair<std::string, Loss> losses[] = {
      {"mse_loss ", nn::mse_loss},
      {"l1_loss ", nn::l1_loss},
      {"binary_cross_entropy ", nn::binary_cross_entropy},
      {"binary_cross_entropy_with_logits ", nn::binary_cross_entropy_with_logits}};
  const std::pair<std::string, ClassLoss> class_losses[] = {{"cross_entropy ", nn::cross_entropy},
                                                            {"nll_loss ", nn::nll_loss}};
  std::vector<Row> rows;
  for (const auto& [how, reduction] : reductions) {  // captured by new names: clang 14 cannot capture these
    for (const auto& [name, loss] : losses)
      rows.push_back({name + how,
                      [loss = loss, reduction = reduction](const Vars& v) { return loss(v[0], v[1], reduction); },
                      {}});
    for (const auto& [name, loss] : class_losses)
      rows.push_back(
          {name + how,
           [loss = loss, reduction = reduction](const Vars& v) { return loss(v[0], v[1].value(), reduction); },
           {}});
    for (const bool log_target : {false, true})
      rows.push_back({"kl_div " + how + (log_target ? ", log target" : ""),
                      [reduction = reduction, log_target](const Vars& v) {
                        return nn::kl_div(v[0], v[1], {.reduction = reduction, .log_target = log_target});
                      },
                      {}});
  }
  return rows;
}

const Row& row_or_loss(const std::string& name) {
  static const std::vector<Row> losses = loss_rows();
  for (const Row& row : losses)
    if (row.name == name) return row;
  return row_named(name);
}

using Tensors = std::vector<Tensor>;
const std::map<std::string, std::function<Tensor(const Tensors&)>> tensor_ops{
    {"argmax", [](const Tensors& x) { return argmax(x[0], -1); }},
    {"argmin", [](const Tensors& x) { return argmin(x[0], -1); }},
    {"argsort", [](const Tensors& x) { return argsort(x[0]); }},
    {"argsort, descending", [](const Tensors& x) { return argsort(x[0], -1, true); }},
    {"top_k indices", [](const Tensors& x) { return top_k(x[0], 2).indices; }},
    {"top_k smallest indices", [](const Tensors& x) { return top_k(x[0], 2, -1, false).indices; }},
    {"sum", [](const Tensors& x) { return sum(x[0]); }},
    {"prod", [](const Tensors& x) { return prod(x[0]); }},
    {"any", [](const Tensors& x) { return any(x[0], {-1}); }},
    {"all", [](const Tensors& x) { return all(x[0], {-1}); }},
    {"one_hot", [](const Tensors& x) { return one_hot(x[0], 4, Dtype::i64); }},
    {"eq", [](const Tensors& x) { return eq(x[0], x[1]); }},
    {"ne", [](const Tensors& x) { return ne(x[0], x[1]); }},
    {"lt", [](const Tensors& x) { return lt(x[0], x[1]); }},
    {"le", [](const Tensors& x) { return le(x[0], x[1]); }},
    {"gt", [](const Tensors& x) { return gt(x[0], x[1]); }},
    {"ge", [](const Tensors& x) { return ge(x[0], x[1]); }},
    {"isnan", [](const Tensors& x) { return isnan(x[0]); }},
    {"isinf", [](const Tensors& x) { return isinf(x[0]); }},
    {"isfinite", [](const Tensors& x) { return isfinite(x[0]); }},
    {"isclose", [](const Tensors& x) { return isclose(x[0], x[1], 1e-5, 1e-8, true); }},
    {"nonzero", [](const Tensors& x) { return nonzero(x[0]); }},
    {"count_nonzero", [](const Tensors& x) { return count_nonzero(x[0]); }},
    {"unique values", [](const Tensors& x) { return unique(x[0]).values; }},
    {"unique inverse", [](const Tensors& x) { return unique(x[0]).inverse; }},
    {"unique counts", [](const Tensors& x) { return unique(x[0]).counts; }},
    {"bincount of numbers", [](const Tensors& x) { return bincount(x[0]); }},
    {"one_hot of all", [](const Tensors& x) { return to(one_hot(x[0]), Dtype::i64); }},
    {"searchsorted", [](const Tensors& x) { return searchsorted(x[0], x[1]); }},
    {"searchsorted, right", [](const Tensors& x) { return searchsorted(x[0], x[1], true); }},
    {"bucketize", [](const Tensors& x) { return bucketize(x[0], x[1]); }},
    {"bucketize, right", [](const Tensors& x) { return bucketize(x[0], x[1], true); }},
    {"cummax indices", [](const Tensors& x) { return cummax(x[0], -1).indices; }},
    {"median indices", [](const Tensors& x) { return median(x[0], -1).indices; }},
    {"floor_divide of integers", [](const Tensors& x) { return floor_divide(x[0], x[1]); }},
    {"remainder of integers", [](const Tensors& x) { return remainder(x[0], x[1]); }},
    {"fmod of integers", [](const Tensors& x) { return fmod(x[0], x[1]); }},
};

// Compares all cases, also after an error in one.
template <class Compare>
void for_each_case(const char* key, Compare&& compare) {
  for (std::size_t i = 0; i < op_cases().size(); ++i) {
    const Json& one = op_cases()[i];
    if (!one.contains(key)) continue;
    const std::string name = one[key].text();
    std::string where = join("case ", i, ", ", name);
    for (const Tensor& x : inputs_of(one)) where += join(" ", describe(x));
    try {
      compare(name, where, one);
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

constexpr double kTolerance = 1e-12;

}  // namespace

TEST_CASE("values and derivatives agree with PyTorch's") {
  for_each_case("row", [](const std::string& name, const std::string& where, const Json& one) {
    const std::vector<Tensor> inputs = inputs_of(one);
    const int order = one.contains("second") ? 2 : 1;
    check_close(where, derivatives(row_or_loss(name), inputs, order), wanted_parts(one, inputs), kTolerance);
  });
}

TEST_CASE("views agree with PyTorch, too") {
  for_each_case("row", [](const std::string& name, const std::string& where, const Json& one) {
    const std::vector<Tensor> inputs = inputs_of(one);
    const int order = one.contains("second") ? 2 : 1;
    const std::size_t kinds = views(inputs[0]).size();
    for (std::size_t k = 0; k < kinds; ++k) {
      std::vector<Tensor> viewed;
      for (const Tensor& x : inputs) viewed.push_back(views(x)[k].tensor);
      check_close(where + ", " + views(inputs[0])[k].name, derivatives(row_or_loss(name), viewed, order),
                  wanted_parts(one, inputs), kTolerance);
    }
  });
}

TEST_CASE("tensor ops without derivative agree with PyTorch's") {
  for_each_case("tensor op", [](const std::string& name, const std::string& where, const Json& one) {
    const auto op = tensor_ops.find(name);
    check(op != tensor_ops.end(), where, "test_pytorch.cpp knows no such op");
    check_close(where, op->second(inputs_of(one)), tensor_of(one["value"], shape_of(one["shape"])), 0, 1);
  });
}

// Two places where PyTorch's numbers are not accurate enough to compare with.
TEST_CASE("cross entropy at probabilities 0 and 1 is cut off at 100, and its slope at 1e12") {
  // PyTorch 1.13 cuts the slope off at 1e12 rounded to f32, but not the slope by the target.
  const std::vector<Tensor> inputs{Tensor::from({0.0, 1.0, 0.0, 1.0}), Tensor::from({1.0, 0.0, 0.0, 1.0})};
  const Tensor c = ramp({4}, 11, Dtype::f64);
  const std::vector<Part> wanted{{"value", Tensor::from({100.0, 100.0, 0.0, 0.0})},
                                 {"gradient 0", c * Tensor::from({-1e12, 1e12, 0.0, 0.0})},
                                 {"gradient 1", c * Tensor::from({100.0, -100.0, 100.0, -100.0})}};
  CHECK_NOTHROW(check_close("bce", derivatives(row_named("bce"), inputs, 1), wanted, kTolerance));
}
TEST_CASE("the second derivative of a product with two zeros is not 0, as PyTorch has it") {
  const std::vector<Part> parts = derivatives(row_named("prod"), {Tensor::from({2.0, 0.0, 0.0, -3.0})});
  const Tensor c = ramp({}, 11, Dtype::f64), v = ramp({4}, 3, Dtype::f64);
  const Tensor wanted = c * -6 * Tensor::from({0.0, 1.0, 1.0, 0.0}) * flip(v, {0});  // d²/dx1 dx2 = x0 x3
  CHECK_NOTHROW(check_close("prod", parts[2].tensor, wanted, kTolerance, 1));
}

TEST_CASE("every row has a reference: a scalar function or PyTorch's values") {
  std::set<std::string> covered;
  for (const Json& one : op_cases())
    if (one.contains("row")) covered.insert(one["row"].text());
  for (const Row& row : op_table())
    if (!row.reference && !covered.contains(row.name))
      FAIL_CHECK(row.name, ": no reference, and no case in pytorch_ops.json");
}
