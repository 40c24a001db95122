// SPDX-License-Identifier: MIT
// Ways to repair pictures, compared on the same damaged pictures: the table and the picture that show who is better.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/models/unet_repair.h"
#include "examples/support/photos.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// A picture f32[1, channels, height, width] in [0, 1], and what a method gets instead of it.
struct PicturePair {
  std::string name;
  Tensor damaged, clean;
};
/// The pairs of pictures, cut to their middle of at most `longest` pixels (0: whole). `damage` gets the clean picture
/// and a stream of random numbers of its own; it may return a picture of another size.
std::vector<PicturePair> pairs_of(const std::vector<Photo>& photos, std::int64_t longest, const Rng& rng,
                                  const std::function<Tensor(const Tensor& clean, Rng& rng)>& damage);

/// A way to repair pictures.
struct Method {
  std::string name;
  std::string setting;  ///< of a filter, in words; may be empty
  std::function<Tensor(const Tensor& damaged)> repair;
};
/// The network, for pictures of any size; see repaired().
Method network_method(const UNetRepair& net);
/// A filter with each of several settings.
template <class Filter>
std::vector<Method> with_settings(const std::string& name, const std::vector<double>& settings, Filter filter) {
  std::vector<Method> methods;
  for (const double setting : settings)
    methods.push_back({name, number(setting, 3), [filter, setting](const Tensor& x) { return filter(x, setting); }});
  return methods;
}
/// The mean PSNR of a method on pairs, in decibels. What it makes is cut to [0, 1].
double mean_psnr(const Method& method, const std::vector<PicturePair>& pairs);
/// The first of those with the highest mean PSNR: how an opponent gets its best setting, on validation pictures.
Method best_of(const std::vector<Method>& methods, const std::vector<PicturePair>& validation);

/// What methods achieve on pairs. Scores are of whole pictures; a mean is over pictures.
class Comparison {
 public:
  Comparison(std::vector<Method> methods, std::vector<PicturePair> pairs);
  /// The means of the method of this name; an Error if there is none.
  double psnr_of(const std::string& name) const;
  double ssim_of(const std::string& name) const;
  /// Writes the table "methods", and the picture `name`: the middle of up to four pictures, at full size, as the chosen
  /// methods repair it, and clean, with the PSNR of the whole picture.
  void show(Run& run, const std::string& name, const std::vector<std::string>& chosen) const;
  /// The highest sum of a method's PSNR and its margin in decibels: a better result beats every method by its margin. And
  /// the name of that method.
  std::pair<double, std::string> bar(const std::vector<std::pair<std::string, double>>& margins) const;

 private:
  struct Scores {
    std::vector<Tensor> outputs;
    std::vector<double> psnr, ssim;
  };
  std::size_t index_of(const std::string& name) const;

  std::vector<Method> methods_;
  std::vector<PicturePair> pairs_;
  std::vector<Scores> scores_;  // of each method
};

}  // namespace hourglass::examples
