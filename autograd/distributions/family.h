// SPDX-License-Identifier: MIT
// What the classes of distributions share: Family for all of them, LocScale for those that are loc + scale * noise.
#pragma once
#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/distributions/distribution.h"
#include "autograd/ops.h"

namespace hourglass {

/// Base of the class D. D has the constants kName and kSupport; it is made of one to three Vars, or of a temperature
/// and a Var:
///
///   class Exponential final : public Family<Exponential> {
///    public:
///     static constexpr std::string_view kName = "Exponential";
///     static constexpr Support kSupport = Support::positive;
///     explicit Exponential(Var rate);
///     ...
template <class D>
class Family : public Distribution {
 public:
  std::string_view name() const override { return D::kName; }
  Support support() const override { return D::kSupport; }
  std::shared_ptr<const Distribution> with(const std::vector<Var>& p) const override {
    if constexpr (std::constructible_from<D, Var, Var, Var>) return std::make_shared<const D>(p[0], p[1], p[2]);
    else if constexpr (std::constructible_from<D, Var, Var>) return std::make_shared<const D>(p[0], p[1]);
    else if constexpr (std::constructible_from<D, Var>) return std::make_shared<const D>(p[0]);
    else return std::make_shared<const D>(static_cast<const D&>(*this).temperature, p[0]);
  }
};

/// Numbers x = loc + scale * noise, where D::standard_draw(rng, shape, dtype) draws the noise. D adds log_prob(),
/// mean(), variance() and entropy(). If it lacks one of the last three, it overrides has_moments() to return false.
template <class D>
class LocScale : public Family<D> {
 public:
  LocScale(Var loc, Var scale);
  Var loc, scale;

  std::vector<Var> parameters() const override { return {loc, scale}; }
  bool has_moments() const override { return true; }

 protected:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override {
    return mul_add(scale, constant(D::standard_draw(rng, shape, this->dtype())), loc);
  }
};

template <class D>
LocScale<D>::LocScale(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  this->check_numbers("loc", loc);
  this->check_positive("scale", scale);
  this->broadcast({{"loc", &loc}, {"scale", &scale}});
}

}  // namespace hourglass
