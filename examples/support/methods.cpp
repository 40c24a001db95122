// SPDX-License-Identifier: MIT
#include "examples/support/methods.h"

#include <algorithm>
#include <cmath>

#include "examples/support/metrics/images.h"
#include "tensor/error.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

double mean_score(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

Tensor repaired_by(const Method& method, const PicturePair& pair) {
  const Tensor result = clamp(method.repair(pair.damaged), 0, 1);
  check(result.shape() == pair.clean.shape(), method.name, "made ", describe(result), " of ", pair.name, ", which is ",
        describe(pair.clean));
  return result;
}

}  // namespace

std::vector<PicturePair> pairs_of(const std::vector<Photo>& photos, std::int64_t longest, const Rng& rng,
                                  const std::function<Tensor(const Tensor& clean, Rng& rng)>& damage) {
  std::vector<PicturePair> pairs;
  for (const Photo& photo : photos) {
    const Tensor whole = values_of(photo);
    const Tensor clean = contiguous(unsqueeze(longest > 0 ? middle_of(whole, longest) : whole, 0));
    Rng own = rng.split(photo.name);
    pairs.push_back({photo.name, damage(clean, own), clean});
  }
  return pairs;
}

Method network_method(const UNetRepair& net) {
  return {"network", "", [&net](const Tensor& x) { return unsqueeze(repaired(net, squeeze(x, 0)), 0); }};
}

double mean_psnr(const Method& method, const std::vector<PicturePair>& pairs) {
  std::vector<double> values;
  for (const PicturePair& pair : pairs) values.push_back(psnr(repaired_by(method, pair), pair.clean).item());
  return mean_score(values);
}

Method best_of(const std::vector<Method>& methods, const std::vector<PicturePair>& validation) {
  check(!methods.empty() && !validation.empty(), "best_of", "needs methods and pictures, got ", methods.size(), " and ",
        validation.size());
  std::vector<double> values;
  for (const Method& method : methods) values.push_back(mean_psnr(method, validation));
  return methods[static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin())];
}

Comparison::Comparison(std::vector<Method> methods, std::vector<PicturePair> pairs)
    : methods_(std::move(methods)), pairs_(std::move(pairs)) {
  check(!pairs_.empty(), "comparison", "there are no pictures");
  for (const Method& method : methods_) {
    Scores& scores = scores_.emplace_back();
    for (const PicturePair& pair : pairs_) {
      const Tensor& result = scores.outputs.emplace_back(repaired_by(method, pair));
      scores.psnr.push_back(psnr(result, pair.clean).item());
      scores.ssim.push_back(structural_similarity(result, pair.clean).item());
    }
  }
}

std::size_t Comparison::index_of(const std::string& name) const {
  const auto found = std::find_if(methods_.begin(), methods_.end(), [&](const Method& m) { return m.name == name; });
  check(found != methods_.end(), "comparison", "there is no method '", name, "'");
  return static_cast<std::size_t>(found - methods_.begin());
}

double Comparison::psnr_of(const std::string& name) const { return mean_score(scores_[index_of(name)].psnr); }
double Comparison::ssim_of(const std::string& name) const { return mean_score(scores_[index_of(name)].ssim); }

void Comparison::show(Run& run, const std::string& name, const std::vector<std::string>& chosen) const {
  Rows table{{"method", "setting", "PSNR", "SSIM"}};
  for (const PicturePair& pair : pairs_) table[0].push_back(pair.name);
  for (std::size_t m = 0; m < methods_.size(); ++m) {
    const Scores& scores = scores_[m];
    table.push_back({methods_[m].name, methods_[m].setting, number(mean_score(scores.psnr), 4),
                     number(mean_score(scores.ssim), 3)});
    for (const double value : scores.psnr) table.back().push_back(number(value, 4));
  }
  run.table("methods", table,
            "On whole test pictures: mean PSNR in decibels and SSIM, and the PSNR of each picture. Settings are those "
            "that are best on the validation pictures.");

  constexpr std::int64_t kSide = 224;
  constexpr std::size_t kMost = 4;
  std::vector<Tensor> parts;
  std::vector<std::string> labels, columns = chosen;
  columns.emplace_back("clean");
  const auto add = [&](const Tensor& picture, const std::string& label) {
    const Tensor part = middle_of(picture, kSide);
    parts.push_back(pad(part, {{0, kSide - part.size(2)}, {0, kSide - part.size(3)}}));
    labels.push_back(label);
  };
  for (std::size_t i = 0; i < std::min(kMost, pairs_.size()); ++i) {
    for (const std::string& method : chosen) {
      const Scores& scores = scores_[index_of(method)];
      add(scores.outputs[i], number(scores.psnr[i], 4) + " dB");
    }
    add(pairs_[i].clean, pairs_[i].name);
  }
  run.images(name, concat(parts, 0),
             {.columns = static_cast<int>(columns.size()), .scale = 1, .column_labels = columns, .labels = labels},
             "The middle of test pictures, at full size. Below each the PSNR of the whole picture.");
}

std::pair<double, std::string> Comparison::bar(const std::vector<std::pair<std::string, double>>& margins) const {
  std::pair<double, std::string> highest{-INFINITY, ""};
  for (const auto& [name, margin] : margins)
    if (const double value = psnr_of(name) + margin; value > highest.first)
      highest = {value, margin > 0 ? join(name, " + ", number(margin), " dB") : name};
  return highest;
}

}  // namespace hourglass::examples
