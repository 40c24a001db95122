// SPDX-License-Identifier: MIT
// Random numbers that are drawn again.
#include <vector>

#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"

using namespace hourglass;

TEST_CASE("a log replays its draws in order, across streams; it is an error to ask for more") {
  Rng a(1), b(2);
  DrawLog log;
  std::vector<Tensor> first, second;
  {
    const DrawLog::Guard note = log.note();
    first = {a.normal({3}), b.uniform({2}), a.split("x").bernoulli({4}, 0.5), b.permutation(5)};
  }
  a.normal({10});
  {
    const DrawLog::Guard replay = log.replay();
    second = {a.normal({3}), b.uniform({2}), a.split("x").bernoulli({4}, 0.5), b.permutation(5)};
    CHECK(error_of([&] { a.uniform(); }) == "DrawLog: more draws are asked for than the 4 that were noted");
  }
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(equal(first[i], second[i]));
  CHECK(a.state().draw == 2);
}
