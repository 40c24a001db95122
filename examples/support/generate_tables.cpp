// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "examples/support/generate.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {

SparseData generate_sparse(std::int64_t count, std::uint64_t seed, const SparseOptions& o) {
  check(o.active >= 0 && o.active <= o.atoms && o.dimensions >= 1, "generate_sparse", "cannot use ", o.active, " of ",
        o.atoms, " atoms in ", o.dimensions, " dimensions");
  const Rng all = Rng(seed).split("sparse");
  Rng atoms_rng = all.split("atoms");
  Tensor atoms = atoms_rng.normal({o.atoms, o.dimensions});
  atoms = atoms / maximum(norm(atoms, {1}, true), 1e-12);
  Tensor codes = zeros({count, o.atoms}), noise({count, o.dimensions});
  float *const code = codes.mutable_data<float>(), *const grain = noise.mutable_data<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    const Tensor chosen = rng.permutation(o.atoms), sizes = rng.uniform({o.active}, 0.5, 1.5);
    for (std::int64_t k = 0; k < o.active; ++k)
      code[i * o.atoms + chosen.data<std::int64_t>()[k]] = sizes.data<float>()[k];
    const Tensor own = rng.normal({o.dimensions}, 0, o.noise);
    std::copy_n(own.data<float>(), o.dimensions, grain + i * o.dimensions);
  }
  return {matmul(codes, atoms) + noise, codes, atoms};
}

Transactions generate_transactions(std::int64_t count, double fraud, std::uint64_t seed) {
  check(count >= 0 && fraud >= 0 && fraud <= 1, "generate_transactions", "cannot make ", count,
        " payments with a part of ", fraud, " frauds");
  constexpr std::int64_t kPeople = 200, kColumns = 8;
  struct Habit {
    double amount, hour, distance, gap, online, abroad;
  };
  const Rng all = Rng(seed).split("transactions");
  std::vector<Habit> people;
  for (std::int64_t k = 0; k < kPeople; ++k) {
    Rng rng = all.split("people").split(static_cast<std::uint64_t>(k));
    const double wealth = standard_normal(rng);  // wealthy people spend more, more often, and further from home
    people.push_back({3 + 0.6 * wealth, 9 + 10 * rng.uniform(), 1 + 0.5 * wealth + 0.3 * standard_normal(rng),
                      1 - 0.4 * wealth + 0.3 * standard_normal(rng), rng.uniform(), 0.02 + 0.1 * rng.uniform()});
  }
  Transactions result{Tensor({count, kColumns}),
                      zeros({count}, Dtype::u8),
                      {"log_amount", "hour_sin", "hour_cos", "log_distance_km", "log_hours_since_last", "online",
                       "abroad", "log_usual_amount"}};
  float* const values = result.values.mutable_data<float>();
  std::uint8_t* const frauds = result.fraud.mutable_data<std::uint8_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    const Habit& owner = people[static_cast<std::size_t>(rng.below(kPeople))];
    frauds[i] = rng.uniform() < fraud ? 1 : 0;
    // A thief has another person's habits, is in a hurry, and does not know what is usual for this card.
    const Habit& spender = frauds[i] != 0 ? people[static_cast<std::size_t>(rng.below(kPeople))] : owner;
    const double hurry = frauds[i] != 0 ? 2 : 0;
    const double hour = spender.hour + 1.5 * standard_normal(rng) + (frauds[i] != 0 ? 8 : 0);
    const bool abroad = rng.uniform() < spender.abroad + (frauds[i] != 0 ? 0.4 : 0);
    const double row[kColumns] = {spender.amount + 0.4 * standard_normal(rng) + 0.4 * hurry,
                                  std::sin(2 * std::numbers::pi * hour / 24),
                                  std::cos(2 * std::numbers::pi * hour / 24),
                                  spender.distance + 0.4 * standard_normal(rng) + (abroad ? 4 : 0),
                                  spender.gap + 0.5 * standard_normal(rng) - hurry,
                                  rng.uniform() < spender.online ? 1.0 : 0.0,
                                  abroad ? 1.0 : 0.0,
                                  owner.amount};
    std::copy_n(row, kColumns, values + i * kColumns);
  }
  return result;
}

Ratings generate_ratings(std::uint64_t seed, const RatingOptions& o) {
  check(o.users >= 1 && o.items >= 1 && o.rank >= 1, "generate_ratings", "cannot make ratings of rank ", o.rank, " by ",
        o.users, " users of ", o.items, " items");
  check(o.observed >= 0 && o.observed <= 1, "generate_ratings", "observed must lie in [0, 1], got ", o.observed);
  Rng rng = Rng(seed).split("ratings");
  const Tensor user_bias = rng.normal({o.users, 1}, 0, 0.3), item_bias = rng.normal({1, o.items}, 0, 0.4);
  // The products have variance 0.6² at any rank.
  const double size = std::sqrt(0.6 / std::sqrt(static_cast<double>(o.rank)));
  const Tensor p = rng.normal({o.users, o.rank}, 0, size), q = rng.normal({o.rank, o.items}, 0, size);
  const Tensor all = matmul(p, q) + user_bias + item_bias + 3 + rng.normal({o.users, o.items}, 0, o.noise);
  const std::int64_t pairs = o.users * o.items;
  const Tensor seen = slice(rng.permutation(pairs), 0, 0, std::llround(o.observed * static_cast<double>(pairs)));
  std::vector<std::int64_t> users, items;
  for (const std::int64_t pair : seen.to_vector<std::int64_t>()) {
    users.push_back(pair / o.items);
    items.push_back(pair % o.items);
  }
  return {Tensor::from(users),
          Tensor::from(items),
          index_select(reshape(all, {pairs}), 0, seen),
          o.noise,
          o.users,
          o.items};
}

}  // namespace hourglass::examples
