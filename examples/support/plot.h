// Curves and scatter plots as SVG text, legible on light and dark pages and without colour vision.
#pragma once
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Series {
  std::string name{};
  std::vector<double> x, y;  ///< equally many; NaN and infinity leave a gap
};

/// The elements of y, whatever its shape, over 0, 1, 2, ...
Series curve(const std::string& name, const Tensor& y);

struct PlotOptions {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  bool log_x = false;  ///< positive numbers only: others leave a gap
  bool log_y = false;
  int width = 560;
  int height = 340;
};

/// Lines, told apart by colour and dashes.
std::string line_plot(const std::vector<Series>& series, const PlotOptions& options = {});

/// Points [n, 2], told apart by colour and shape after their class: labels i64[n] index `classes`.
std::string scatter_plot(const Tensor& points, const Tensor& labels, const std::vector<std::string>& classes,
                         const PlotOptions& options = {});

}  // namespace hourglass::examples
