// SPDX-License-Identifier: MIT
#include "examples/support/baselines/kmeans.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "examples/support/metrics/finite.h"
#include "examples/support/metrics/neighbours.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

void check_k_means(const Tensor& rows, std::int64_t k) {
  check(rows.dim() == 2 && k >= 1 && k <= rows.size(0), "k_means", "cannot make ", k, " groups of rows ",
        describe(rows));
  check_finite("k_means", rows);
}

// What the rows are assigned to, and how far that is: squared, f64[n].
struct Assigned {
  Tensor labels, distances;
};
Assigned assign(const Tensor& rows, const Tensor& centres) {
  const Tensor squares = squared_distances(rows, centres), labels = argmin(squares, 1);
  return {labels, maximum(squeeze(gather(squares, 1, unsqueeze(labels, 1)), 1), 0)};
}

// The means of the groups. Sums are a matrix product, whose order is the same on any number of threads.
Tensor moved_centres(const Tensor& rows, Assigned assigned, std::int64_t k) {
  const std::vector<std::int64_t> sizes = bincount(assigned.labels, k).to_vector<std::int64_t>();
  const std::int64_t empty = std::count(sizes.begin(), sizes.end(), 0);
  if (empty > 0) {
    const Tensor farthest = top_k(assigned.distances, empty).indices;
    std::int64_t next = 0;
    for (std::size_t j = 0; j < sizes.size(); ++j)
      if (sizes[j] == 0)
        assigned.labels = scatter(assigned.labels, 0, slice(farthest, 0, next, next + 1), static_cast<double>(j)),
        ++next;
  }
  const Tensor member = one_hot(assigned.labels, k, Dtype::f64);
  // (A farthest row may have been alone in its group, which then stays empty until the next step.)
  return matmul(transpose(member), rows) / maximum(unsqueeze(sum(member, {0}), 1), 1);
}

}  // namespace

Tensor nearest_centre(const Tensor& rows, const Tensor& centres) {
  check(rows.dim() == 2 && centres.dim() == 2 && rows.size(1) == centres.size(1) && centres.size(0) > 0,
        "nearest_centre", "expects rows and centres with as many columns, got ", describe(rows), " and ",
        describe(centres));
  check_finite("nearest_centre", rows);
  return argmin(squared_distances(rows, centres), 1);
}

Tensor k_means_plus_plus(const Tensor& rows, std::int64_t k, Rng& rng) {
  check_k_means(rows, k);
  const Tensor x = to(rows, Dtype::f64);
  std::int64_t chosen =
      std::min(static_cast<std::int64_t>(rng.uniform() * static_cast<double>(x.size(0))), x.size(0) - 1);
  std::vector<Tensor> centres{slice(x, 0, chosen, chosen + 1)};
  Tensor nearest = sum(square(x - centres[0]), {1});
  while (std::ssize(centres) < k) {
    const Tensor up_to = cumsum(nearest, 0);
    const double place = rng.uniform() * select(up_to, 0, -1).item();
    chosen = std::min(static_cast<std::int64_t>(searchsorted(up_to, full({1}, place, Dtype::f64), true).item()),
                      x.size(0) - 1);
    centres.push_back(slice(x, 0, chosen, chosen + 1));
    nearest = minimum(nearest, sum(square(x - centres.back()), {1}));
  }
  return concat(centres, 0);
}

Clusters lloyd(const Tensor& rows, const Tensor& centres, std::int64_t iterations) {
  check(centres.dim() == 2 && rows.dim() == 2 && rows.size(1) == centres.size(1), "k_means", "expects centres [k, ",
        rows.shape().back(), "] for rows ", describe(rows), ", got ", describe(centres));
  check_k_means(rows, centres.size(0));
  check_finite("k_means", centres);
  const Tensor x = to(rows, Dtype::f64);
  Clusters found;
  found.centres = to(centres, Dtype::f64);
  Assigned now = assign(x, found.centres);
  while (found.iterations < iterations) {
    ++found.iterations;
    found.centres = moved_centres(x, now, centres.size(0));
    Assigned next = assign(x, found.centres);
    const bool same = equal(next.labels, now.labels);
    now = std::move(next);
    if (same) break;
  }
  found.labels = now.labels;
  found.inertia = sum(now.distances).item();
  return found;
}

Clusters k_means(const Tensor& rows, std::int64_t k, Rng rng, const KMeansOptions& options) {
  check(options.starts >= 1, "k_means", "needs a start or more, got ", options.starts);
  const Tensor x = to(rows, Dtype::f64);
  std::optional<Clusters> best;
  for (std::int64_t start = 0; start < options.starts; ++start) {
    Clusters found = lloyd(x, k_means_plus_plus(x, k, rng), options.iterations);
    if (!best || found.inertia < best->inertia) best = std::move(found);
  }
  return *best;
}

}  // namespace hourglass::examples
