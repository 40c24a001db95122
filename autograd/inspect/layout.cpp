// SPDX-License-Identifier: MIT
#include "autograd/inspect/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace hourglass {
namespace {

// A node, or a bend of a line where it passes through a layer.
struct Item {
  double width, x = 0;
  bool is_bend;
  std::vector<std::size_t> up{}, down{};  // its neighbours in the layers above and below
};

class Layers {
 public:
  explicit Layers(const std::vector<LayoutNode>& nodes, const LayoutOptions& options) : options_(options) {
    // Each node is as low as its users permit, so that a parameter is right above the op that uses it.
    std::vector<std::size_t> depth(nodes.size(), 0);
    for (std::size_t k = nodes.size(); k-- > 0;)
      for (const std::size_t input : nodes[k].inputs) depth[input] = std::max(depth[input], depth[k] + 1);
    const std::size_t deepest = nodes.empty() ? 0 : *std::max_element(depth.begin(), depth.end());
    layers_.resize(deepest + 1);
    layer_of_.resize(nodes.size());
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      items_.push_back({.width = nodes[k].width, .is_bend = false});
      layer_of_[k] = deepest - depth[k];
    }
    routes_.resize(nodes.size());
    for (std::size_t k = 0; k < nodes.size(); ++k)
      for (const std::size_t input : nodes[k].inputs) {
        std::vector<std::size_t> bends;
        std::size_t above = input;
        for (std::size_t layer = layer_of_[input] + 1; layer < layer_of_[k]; ++layer) {
          items_.push_back({.width = 6, .is_bend = true});
          join(above, items_.size() - 1);
          above = items_.size() - 1;
          bends.push_back(above);
          bend_layers_.push_back(layer);
        }
        join(above, k);
        routes_[k].push_back(bends);
      }
    fill_layers(nodes);
  }

  Layout place() {
    order();
    straighten();
    return result();
  }

 private:
  void join(std::size_t above, std::size_t below) {
    items_[above].down.push_back(below);
    items_[below].up.push_back(above);
  }
  std::size_t layer(std::size_t item) const {
    return item < layer_of_.size() ? layer_of_[item] : bend_layers_[item - layer_of_.size()];
  }

  // The first order is that of a depth-first walk up from the last node, which keeps neighbours together.
  void fill_layers(const std::vector<LayoutNode>& nodes) {
    std::vector<char> met(items_.size(), 0);
    std::vector<std::size_t> stack;
    for (std::size_t k = nodes.size(); k-- > 0;) {
      stack.push_back(k);
      while (!stack.empty()) {
        const std::size_t item = stack.back();
        stack.pop_back();
        if (met[item]) continue;
        met[item] = 1;
        layers_[layer(item)].push_back(item);
        for (auto up = items_[item].up.rbegin(); up != items_[item].up.rend(); ++up) stack.push_back(*up);
      }
    }
  }

  // Sorts each layer by the mean place of the items' neighbours, sweeping down and up. Keeps the best order seen.
  void order() {
    std::vector<std::vector<std::size_t>> best = layers_;
    std::int64_t fewest = crossings();
    for (int sweep = 0; sweep < 24 && fewest > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        auto& here = layers_[down ? i : layers_.size() - 1 - i];
        std::vector<std::pair<double, std::size_t>> keyed;
        for (std::size_t at = 0; at < here.size(); ++at) {
          const auto& neighbours = down ? items_[here[at]].up : items_[here[at]].down;
          double sum = 0;
          for (const std::size_t n : neighbours) sum += items_[n].x;
          keyed.emplace_back(neighbours.empty() ? items_[here[at]].x : sum / static_cast<double>(neighbours.size()),
                             here[at]);
        }
        std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        for (std::size_t at = 0; at < here.size(); ++at) here[at] = keyed[at].second;
        number(here);
      }
      if (const std::int64_t now = crossings(); now < fewest) {
        fewest = now;
        best = layers_;
      }
    }
    layers_ = best;
  }

  // Until straighten(), x is the place in the layer.
  void number(const std::vector<std::size_t>& here) {
    for (std::size_t at = 0; at < here.size(); ++at) items_[here[at]].x = static_cast<double>(at);
  }

  std::int64_t crossings() {
    std::int64_t count = 0;
    for (const auto& here : layers_) number(here);
    for (const auto& here : layers_) {
      std::vector<double> ends;  // of the lines down, in the order of their beginnings
      for (const std::size_t item : here) {
        std::vector<double> own;
        for (const std::size_t down : items_[item].down) own.push_back(items_[down].x);
        std::sort(own.begin(), own.end());
        for (const double end : own)
          count += std::count_if(ends.begin(), ends.end(), [&](double before) { return before > end; });
        ends.insert(ends.end(), own.begin(), own.end());
      }
    }
    return count;
  }

  // Moves every item towards the mean of its neighbours and keeps the distances. Bends count eight times towards bends.
  void straighten() {
    for (const auto& here : layers_) {
      double x = 0;
      for (const std::size_t item : here) {
        items_[item].x = x + items_[item].width / 2;
        x += items_[item].width + options_.node_gap;
      }
    }
    for (int round = 0; round < 80; ++round)
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        const auto& here = layers_[round % 2 == 0 ? i : layers_.size() - 1 - i];
        std::vector<double> wanted, weights;
        for (const std::size_t item : here) {
          double sum = 0, total = 0;
          const auto pull = [&](const std::vector<std::size_t>& others) {
            for (const std::size_t other : others) {
              const double weight = items_[item].is_bend && items_[other].is_bend ? 8 : 1;
              sum += weight * items_[other].x;
              total += weight;
            }
          };
          pull(items_[item].up);
          pull(items_[item].down);
          wanted.push_back(total > 0 ? sum / total : items_[item].x);
          weights.push_back(std::max(total, 0.5));
        }
        settle(here, wanted, weights);
      }
  }

  // The places nearest to the wanted ones, in the same order and far enough apart. This is least squares; it pools
  // neighbours whose wanted places are in the wrong order.
  void settle(const std::vector<std::size_t>& here, const std::vector<double>& wanted,
              const std::vector<double>& weights) {
    struct Pool {
      double sum, weight;
      std::size_t count;
      double mean() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    std::vector<double> offset(here.size(), 0);
    for (std::size_t at = 1; at < here.size(); ++at)
      offset[at] = offset[at - 1] + (items_[here[at - 1]].width + items_[here[at]].width) / 2 + options_.node_gap;
    for (std::size_t at = 0; at < here.size(); ++at) {
      pools.push_back({weights[at] * (wanted[at] - offset[at]), weights[at], 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
        const Pool last = pools.back();
        pools.pop_back();
        pools.back() = {pools.back().sum + last.sum, pools.back().weight + last.weight,
                        pools.back().count + last.count};
      }
    }
    std::size_t at = 0;
    for (const Pool& pool : pools)
      for (std::size_t k = 0; k < pool.count; ++k, ++at) items_[here[at]].x = pool.mean() + offset[at];
  }

  Layout result() const {
    Layout layout;
    const double margin = 20, step = options_.box_height + options_.layer_gap;
    double left = 0, right = 0;
    for (const Item& item : items_) {
      left = std::min(left, item.x - item.width / 2);
      right = std::max(right, item.x + item.width / 2);
    }
    const auto point = [&](std::size_t item) {
      return Point{items_[item].x - left + margin,
                   margin + options_.box_height / 2 + step * static_cast<double>(layer(item))};
    };
    layout.width = right - left + 2 * margin;
    layout.height = 2 * margin + step * static_cast<double>(layers_.size()) - options_.layer_gap;
    for (std::size_t k = 0; k < routes_.size(); ++k) {
      layout.centers.push_back(point(k));
      layout.routes.emplace_back();
      for (const auto& bends : routes_[k]) {
        layout.routes.back().emplace_back();
        for (const std::size_t bend : bends) layout.routes.back().back().push_back(point(bend));
      }
    }
    return layout;
  }

  LayoutOptions options_;
  std::vector<Item> items_;  // nodes, then bends
  std::vector<std::vector<std::size_t>> layers_;
  std::vector<std::size_t> layer_of_, bend_layers_;
  std::vector<std::vector<std::vector<std::size_t>>> routes_;  // bends of each node's inputs
};

}  // namespace

Layout layered(const std::vector<LayoutNode>& nodes, const LayoutOptions& options) {
  return Layers(nodes, options).place();
}

}  // namespace hourglass
