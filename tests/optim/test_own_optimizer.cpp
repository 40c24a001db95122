// SPDX-License-Identifier: MIT
// An optimizer of one's own, as optim/README.md shows it: its step uses whole tensors.
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "optim/optimizer.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

struct LarsOptions {
  double lr = 0.1;
  double momentum = 0.9;
  bool maximize = false;
};

class Lars : public optim::OptimizerWith<LarsOptions> {
 public:
  explicit Lars(std::vector<Parameter> parameters, LarsOptions options = {}) : OptimizerWith("lars") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const LarsOptions& o) const override {
    optim::check_not_negative(name(), "momentum", o.momentum);
    return {{"momentum"}};
  }
  void update(const LarsOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const override {
    for (const auto& [p, g, memory] : items) {
      const Tensor trust = norm(p) / maximum(norm(g), 1e-12);
      memory[0] = memory[0] * o.momentum + g * (trust * o.lr);
      p = p - memory[0];
    }
  }
};

}  // namespace

TEST_CASE("a step with whole tensors takes the length that the norms say, and its memory is saved") {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    const Tensor start = Rng(1).normal({3, 4}, 0, 2, dtype), gradient = Rng(2).normal({3, 4}, 0, 5, dtype);
    Parameter p("p", start), twin("p", start);
    Lars lars({p}), other({twin});
    const auto length_of_step = [&] {
      const Tensor before = p.value();
      lars.step({constant(gradient)});
      return norm(p.value() - before).item() / norm(before).item();
    };
    CHECK(length_of_step() == doctest::Approx(0.1).epsilon(1e-5));
    CHECK(p.value().dtype() == dtype);
    other.load_state_dict(lars.state_dict());
    twin.set_value(p.value());
    lars.step({constant(gradient)});
    other.step({constant(gradient)});
    CHECK(equal(p.value(), twin.value()));
  }
}
