// SPDX-License-Identifier: MIT
#include "examples/support/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include "examples/support/text.h"
#include "tensor/ops.h"
#include "tensor/text.h"

namespace hourglass::examples {
namespace {

// Okabe and Ito's palette ("Color Universal Design", 2008), without yellow and black, which are invisible on light or
// on dark pages, and with three more colours of medium lightness.
constexpr std::array<const char*, 9> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
                                              "#56b4e9", "#888888", "#7a5fc7", "#8c6d31"};
constexpr std::array<const char*, 3> kDashes{"none", "7 3", "2 3"};

/// The shape of a class: a path around the point, filled or stroked.
struct Marker {
  const char* path;
  bool filled;
};
constexpr std::array<Marker, 6> kMarkers{{
    {"m-2.2 0a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0z", true},  // disc
    {"m-2-2h4v4h-4z", true},                                     // square
    {"m0-2.6l2.5 4.4h-5z", true},                                // triangle
    {"m-2.2-2.2l4.4 4.4m0-4.4l-4.4 4.4", false},                 // x
    {"m0-2.8l2.6 2.8l-2.6 2.8l-2.6-2.8z", true},                 // diamond
    {"m-2.6 0h5.2m-2.6-2.6v5.2", false},                         // plus
}};

std::string px(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The approximate width of text at 12 pixels, as SVG has no way to measure it.
double width_of(std::string_view text) { return 6.7 * static_cast<double>(display_width(text)); }

/// One axis of the plot: maps numbers to pixels and places the ticks.
class Axis {
 public:
  /// An axis that covers all finite values (all positive ones, if it is logarithmic).
  Axis(std::span<const double> values, bool log) : log_(log) {
    double low = INFINITY, high = -INFINITY;
    for (const double value : values) {
      if (!shows(value)) continue;
      whole_ &= value == std::trunc(value);
      low = std::min(low, scaled(value));
      high = std::max(high, scaled(value));
    }
    if (!(low <= high)) low = 0, high = 1;
    const double room = low < high ? 0.04 * (high - low)
                        : log      ? 0.3
                        : whole_   ? 1
                                   : std::max(0.05 * std::abs(low), 1e-9);
    low_ = low - room;
    high_ = high + room;
    find_ticks();
  }

  void place(double first_pixel, double last_pixel) {
    first_ = first_pixel;
    last_ = last_pixel;
  }
  bool shows(double value) const { return std::isfinite(value) && (!log_ || value > 0); }
  double at(double value) const { return first_ + (scaled(value) - low_) / (high_ - low_) * (last_ - first_); }
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  double scaled(double value) const { return log_ ? std::log10(value) : value; }

  void find_ticks() {
    if (log_ && high_ - low_ >= 1.2) return find_powers();
    // Steps of 1, 2 or 5 times a power of ten. On a short logarithmic axis they are chosen before taking logarithms.
    const double low = log_ ? std::pow(10, low_) : low_, high = log_ ? std::pow(10, high_) : high_;
    const double rough = (high - low) / 6;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
    if (whole_) step = std::max(step, 1.0);  // there is no epoch 1.5
    // Multiples of the step, as repeated addition would give 0.30000000000000004.
    for (double k = std::ceil(low / step); k * step <= high && ticks_.size() < 20; ++k)
      if (shows(k * step)) ticks_.push_back(k * step);
  }

  void find_powers() {
    const double stride = std::max(1.0, std::ceil((high_ - low_) / 7));
    const bool few = high_ - low_ < 2.5;
    for (double k = std::floor(low_); k <= high_; k += stride) {
      for (const double digit : few ? std::vector{1.0, 2.0, 5.0} : std::vector{1.0}) {
        const double tick = digit * std::pow(10, k);
        if (std::log10(tick) >= low_ && std::log10(tick) <= high_) ticks_.push_back(tick);
      }
    }
  }

  bool log_;
  bool whole_ = true;  // all values are integers
  double low_ = 0, high_ = 1;
  double first_ = 0, last_ = 1;
  std::vector<double> ticks_;
};

/// An entry of the legend: a sample of the line or marker at (0, 0), 22 pixels wide, and its name.
struct Entry {
  std::string sample, name;
};

/// The frame around the data: title, legend, axes. The caller draws what is inside.
class Canvas {
 public:
  Canvas(const PlotOptions& options, Axis& x, Axis& y, const std::vector<Entry>& legend)
      : width_(options.width), height_(options.height) {
    double top = 10;
    if (!options.title.empty()) {
      text(left_, top + 12, options.title, "start", "font-weight='600'");
      top += 22;
    }
    top = draw_legend(legend, top);
    double widest = 0;
    for (const double tick : y.ticks()) widest = std::max(widest, width_of(number(tick)));
    const double left = widest + (options.y_label.empty() ? 16 : 34), right = width_ - 16;
    const double bottom = height_ - (options.x_label.empty() ? 26 : 44);
    x.place(left, right);
    y.place(bottom, top + 8);

    for (const double tick : y.ticks()) {
      line(left, y.at(tick), right, y.at(tick), 0.15);
      text(left - 7, y.at(tick) + 4, number(tick), "end");
    }
    double free_from = -INFINITY;  // a tick whose label would overlap the one before has no label
    for (const double tick : x.ticks()) {
      line(x.at(tick), bottom, x.at(tick), bottom + 4, 0.6);
      const double half = width_of(number(tick)) / 2;
      if (x.at(tick) - half < free_from || x.at(tick) + half > width_) continue;
      text(x.at(tick), bottom + 18, number(tick), "middle");
      free_from = x.at(tick) + half + 6;
    }
    line(left, bottom, right, bottom, 0.6);
    if (!options.x_label.empty()) text((left + right) / 2, height_ - 8, options.x_label, "middle");
    if (!options.y_label.empty()) {
      const double middle = (top + bottom) / 2;
      text(13, middle, options.y_label, "middle", join("transform='rotate(-90 13 ", px(middle), ")'"));
    }
  }

  template <class... Parts>
  void add(const Parts&... parts) {
    body_ += join(parts..., '\n');
  }

  void note(const std::string& message) { text(width_ / 2.0, height_ / 2.0, message, "middle", "opacity='0.6'"); }

  std::string finish() const {
    // Inside a page, text and axes take the page's colour. A file on its own follows the reader's preference.
    return join("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ", width_, ' ', height_, "' width='", width_,
                "' height='", height_,
                "' role='img' class='plot' font-family='system-ui, sans-serif' font-size='12' fill='currentColor'>\n"
                "<style>.plot{color:#222}@media(prefers-color-scheme:dark){.plot{color:#ddd}}</style>\n",
                body_, "</svg>\n");
  }

 private:
  void text(double x, double y, const std::string& content, const char* anchor, const std::string& more = "") {
    add("<text x='", px(x), "' y='", px(y), "' text-anchor='", anchor, "' ", more, '>', escape(content), "</text>");
  }
  void line(double x1, double y1, double x2, double y2, double opacity) {
    add("<path d='M", px(x1), ' ', px(y1), 'L', px(x2), ' ', px(y2), "' stroke='currentColor' opacity='", opacity,
        "'/>");
  }
  /// From left to right, in as many rows as necessary. Returns where it ends.
  double draw_legend(const std::vector<Entry>& entries, double top) {
    double x = left_, y = top + 8;
    for (const Entry& entry : entries) {
      const double width = 28 + width_of(entry.name) + 14;
      if (x > left_ && x + width > width_) {
        x = left_;
        y += 18;
      }
      add("<g transform='translate(", px(x), ' ', px(y), ")'>", entry.sample, "</g>");
      text(x + 28, y + 4, entry.name, "start");
      x += width;
    }
    return entries.empty() ? top : y + 12;
  }

  static constexpr double left_ = 14;
  int width_, height_;
  std::string body_;
};

const char* colour(std::size_t i) { return kColours[i % kColours.size()]; }

std::string line_through(std::size_t i, const std::string& path) {
  const char* dash = kDashes[(i + i / kColours.size()) % kDashes.size()];
  return join("<path d='", path, "' fill='none' stroke='", colour(i),
              "' stroke-width='2' stroke-linejoin='round' stroke-dasharray='", dash, "'/>");
}

std::string markers_of(std::size_t i, const std::string& path) {
  const bool filled = kMarkers[i % kMarkers.size()].filled;
  return join("<path d='", path, filled ? "' fill='" : "' fill='none' stroke-width='1.4' stroke='", colour(i),
              "' opacity='0.8'/>");
}

std::string marker_at(std::size_t i, double x, double y) {
  return join('M', px(x), ' ', px(y), kMarkers[i % kMarkers.size()].path);
}

}  // namespace

Series curve(const std::string& name, const Tensor& y) {
  return {name, to(arange(y.numel()), Dtype::f64).to_vector<double>(), to(y, Dtype::f64).to_vector<double>()};
}

std::string line_plot(const std::vector<Series>& series, const PlotOptions& options) {
  std::vector<double> xs, ys;
  std::vector<Entry> legend;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto& [name, x, y] = series[i];
    check(x.size() == y.size(), "line_plot", "series '", name, "' has ", x.size(), " x but ", y.size(), " y");
    xs.insert(xs.end(), x.begin(), x.end());
    ys.insert(ys.end(), y.begin(), y.end());
    if (!name.empty()) legend.push_back({line_through(i, "M0 0H22"), name});
  }
  Axis x_axis(xs, options.log_x), y_axis(ys, options.log_y);
  Canvas canvas(options, x_axis, y_axis, legend);

  constexpr std::size_t kFew =
      40;  // a line of at most this many points has a mark at each; a single point would be invisible
  bool any = false;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto& [name, x, y] = series[i];
    std::string path, dots;
    bool pen_down = false;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const bool shown = x_axis.shows(x[k]) && y_axis.shows(y[k]);
      if (shown) {
        const std::string at = px(x_axis.at(x[k])) + " " + px(y_axis.at(y[k]));
        path += (pen_down ? "L" : "M") + at;
        dots += "M" + at + "m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z";
        any = true;
      }
      pen_down = shown;
    }
    canvas.add(line_through(i, path));
    if (x.size() <= kFew) canvas.add("<path d='", dots, "' fill='", colour(i), "'/>");
  }
  if (!any) canvas.note("no numbers to show");
  return canvas.finish();
}

std::string scatter_plot(const Tensor& points, const Tensor& labels, const std::vector<std::string>& classes,
                         const PlotOptions& options) {
  check(points.dim() == 2 && points.size(1) == 2, "scatter_plot", "needs points [n, 2], got ", describe(points));
  check(labels.dtype() == Dtype::i64 && labels.shape() == Shape{points.size(0)}, "scatter_plot", "needs labels i64[",
        points.size(0), "], got ", describe(labels));
  const std::vector<double> values = to(points, Dtype::f64).to_vector<double>();
  const std::vector<std::int64_t> of = labels.to_vector<std::int64_t>();
  std::vector<double> xs, ys;
  for (std::size_t i = 0; i < of.size(); ++i) {
    check(of[i] >= 0 && of[i] < static_cast<std::int64_t>(classes.size()), "scatter_plot", "label ", i, " is ", of[i],
          ", but there are ", classes.size(), " classes");
    xs.push_back(values[2 * i]);
    ys.push_back(values[2 * i + 1]);
  }
  std::vector<Entry> legend;
  for (std::size_t i = 0; i < classes.size(); ++i) legend.push_back({markers_of(i, marker_at(i, 16, 0)), classes[i]});
  Axis x_axis(xs, options.log_x), y_axis(ys, options.log_y);
  Canvas canvas(options, x_axis, y_axis, legend);

  std::vector<std::string> paths(classes.size());
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (!x_axis.shows(xs[i]) || !y_axis.shows(ys[i])) continue;
    const auto group = static_cast<std::size_t>(of[i]);
    paths[group] += marker_at(group, x_axis.at(xs[i]), y_axis.at(ys[i]));
  }
  for (std::size_t i = 0; i < classes.size(); ++i) canvas.add(markers_of(i, paths[i]));
  return canvas.finish();
}

}  // namespace hourglass::examples
