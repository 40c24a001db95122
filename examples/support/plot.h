// SPDX-License-Identifier: MIT
// Curves and scatter plots as SVG. They are legible on light and dark pages, and without colour vision.
#pragma once
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Series {
  std::string name{};
  std::vector<double> x, y;  ///< of equal length; NaN and infinity leave a gap
};

/// The elements of y, of any shape, over 0, 1, 2, ...
Series curve(const std::string& name, const Tensor& y);

struct PlotOptions {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  bool log_x = false;  ///< zero and negative numbers leave a gap
  bool log_y = false;
  int width = 560;
  int height = 340;
};

/// Lines that differ in colour and dashes.
std::string line_plot(const std::vector<Series>& series, const PlotOptions& options = {});

/// Points [n, 2] with a colour and a shape for each class: labels i64[n] index `classes`.
std::string scatter_plot(const Tensor& points, const Tensor& labels, const std::vector<std::string>& classes,
                         const PlotOptions& options = {});

}  // namespace hourglass::examples
