// SPDX-License-Identifier: MIT
#include "examples/support/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "examples/support/plot.h"
#include "examples/support/text.h"
#include "tensor/error.h"
#include "tensor/kernels/kernels.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --text: #1d2329; --soft: #5b6670; --line: #dde2e6; --page: #ffffff; --panel: #f5f7f8; --good: #00785a; --bad: #b84a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #dde2e6; --soft: #98a3ad; --line: #343c43; --page: #14181b; --panel: #1c2226; --good: #3fc79f; --bad: #f0955a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 76rem; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
p { max-width: 46rem; margin: .5rem 0; }
code, .objective { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: .9em; }
.objective { display: inline-block; background: var(--panel); border-left: 3px solid var(--soft); padding: .5rem .9rem; white-space: pre-wrap; }
.headline { margin: 1.6rem 0 0; }
.headline b { font-size: 2.4rem; font-weight: 650; line-height: 1.1; margin-right: .3rem; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem 1.6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.whole { white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
.right { text-align: right; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1.2rem; }
.curves .plot, figure .plot { width: 100%; max-width: 44rem; height: auto; color: var(--text); }
figure { margin: 1.6rem 0 2.2rem; }
figure img { max-width: 100%; height: auto; border-radius: 4px; }
pre { overflow-x: auto; font-size: .85em; }
figcaption { color: var(--soft); max-width: 46rem; margin-top: .5rem; }
)";

std::string to_text(const Value& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "yes" : "no"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number(v); }
    std::string operator()(const std::string& v) const { return v; }
  };
  return std::visit(Visitor{}, value);
}

std::string verdict(const Result& result) {
  const auto holds = result.holds();
  if (!holds) return "";
  return *holds ? "<span class=\"good\">✓ holds</span>" : "<span class=\"bad\">✗ misses</span>";
}

std::string headline_section(const Result& result) {
  std::string html = "<p class=\"headline\"><b>" + number(result.value) + "</b> " + escape(result.options.unit) +
                     "<br><code>" + escape(result.name) + "</code>";
  if (result.options.reference)
    html += " <span class=\"soft\">to beat: " + escape(to_beat(result)) + "</span> " + verdict(result);
  return html + "</p>\n";
}

std::string results_section(const std::vector<Result>& results) {
  if (results.empty()) return "";
  std::string html =
      "<h2>Results</h2>\n<div class=\"scroll\"><table>\n"
      "<tr><th>result<th class=\"right\">value<th>unit<th>to beat<th></tr>\n";
  for (const Result& result : results) {
    html += "<tr><td><code>" + escape(result.name) + "</code><td class=\"right\">" + number(result.value) +
            "<td class=\"whole\">" + escape(result.options.unit) + "<td>" +
            (result.options.reference ? escape(to_beat(result)) : "") + "<td class=\"whole\">" + verdict(result) +
            "</tr>\n";
  }
  return html + "</table></div>\n";
}

// A column in which every cell starts like a number is aligned to the right.
std::string tables_section(const std::vector<Record::Table>& tables) {
  std::string html;
  for (const Record::Table& table : tables) {
    const auto& rows = table.rows;
    const auto is_numeric = [&](std::size_t column) {
      return rows.size() > 1 && std::all_of(rows.begin() + 1, rows.end(), [&](const std::vector<std::string>& row) {
               return row[column].find_first_of("0123456789") <= 1;
             });
    };
    html += "<h2>" + escape(table.name) + "</h2>\n<div class=\"scroll\"><table>\n";
    for (std::size_t r = 0; r < rows.size(); ++r) {
      html += "<tr>";
      for (std::size_t c = 0; c < rows[r].size(); ++c)
        html += std::string(r == 0 ? "<th" : "<td") + (is_numeric(c) ? " class=\"right\">" : ">") + escape(rows[r][c]);
      html += "</tr>\n";
    }
    html += "</table></div>\n<p class=\"soft\">" + escape(table.caption) + "</p>\n";
  }
  return html;
}

std::string table_of(const std::vector<std::pair<std::string, Value>>& values) {
  std::string html = "<div class=\"scroll\"><table>\n";
  for (const auto& [name, value] : values)
    html += "<tr><th>" + escape(name) + "<td>" + escape(to_text(value)) + "</tr>\n";
  return html + "</table></div>\n";
}

// Whether all numbers are positive, and the largest is more than 30 times the smallest.
bool asks_for_logarithm(const std::vector<Series>& curves) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& one : curves)
    for (const double y : one.y)
      if (std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
  return low > 0 && high > 30 * low;
}

/// A plot for each quantity with all of its curves: train_kl, validation_kl and validation_kl[twin] belong to kl. A single
/// epoch is a table.
std::string curves_section(const std::vector<Record::Epoch>& epochs) {
  if (epochs.size() == 1)
    return "<h2>Epoch " + std::to_string(epochs[0].number) + "</h2>\n" +
           table_of({epochs[0].metrics.begin(), epochs[0].metrics.end()});
  struct Curve {
    std::string quantity;
    std::vector<Series> series;
  };
  std::vector<Curve> curves;
  const auto find_or_add = [](auto& list, auto member, const std::string& name) -> auto& {
    const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.*member == name; });
    if (found != list.end()) return *found;
    list.emplace_back();
    list.back().*member = name;
    return list.back();
  };
  for (const auto& [number, seconds, metrics] : epochs) {
    for (const auto& [name, value] : metrics) {
      const bool split = name.starts_with("train_") || name.starts_with("validation_");
      const std::size_t begin = split ? name.find('_') + 1 : 0, end = std::min(name.find('['), name.size());
      std::string label = split ? name.substr(0, begin - 1) : "";
      if (end < name.size()) label += (split ? ", " : "") + name.substr(end + 1, name.size() - end - 2);
      Curve& curve = find_or_add(curves, &Curve::quantity, name.substr(begin, end - begin));
      Series& series = find_or_add(curve.series, &Series::name, label);
      series.x.push_back(static_cast<double>(number));
      series.y.push_back(value);
    }
  }
  if (curves.empty()) return "";
  std::string html = "<h2>Curves</h2>\n<div class=\"curves\">\n";
  for (const auto& [quantity, series] : curves)
    html += line_plot(
        series,
        {.title = quantity, .x_label = "epoch", .log_y = asks_for_logarithm(series), .width = 520, .height = 300});
  return html + "</div>\n";
}

std::string exhibits_section(const std::vector<Record::Exhibit>& exhibits) {
  if (exhibits.empty()) return "";
  std::string html = "<h2>Pictures</h2>\n";
  for (const auto& exhibit : exhibits) {
    html += "<figure>";
    if (exhibit.svg) html += exhibit.content;
    else
      html += "<img width=\"" + std::to_string(exhibit.width) + "\" alt=\"" + escape(exhibit.name) +
              "\" src=\"data:image/png;base64," + base64(exhibit.content) + "\">";
    html += "<figcaption>" + escape(exhibit.caption) + "</figcaption></figure>\n";
  }
  return html;
}

// Closed at first; models that are alike are shown once.
std::string models_section(const std::vector<std::pair<std::string, std::string>>& models) {
  std::string html;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string& summary = models[i].second;
    const auto is_same = [&](const auto& model) { return model.second == summary; };
    if (std::any_of(models.begin(), models.begin() + static_cast<std::ptrdiff_t>(i), is_same)) continue;
    std::string names;
    for (const auto& [name, text] : models)
      if (text == summary) names += (names.empty() ? "" : ", ") + name;
    html +=
        "<details><summary><code>" + escape(names) + "</code></summary><pre>" + escape(summary) + "</pre></details>\n";
  }
  return html.empty() ? "" : "<h2>Models</h2>\n" + html;
}

// "Xeon Gold 6230, 2 cores, 2 threads, avx2"
std::string machine() {
  std::ifstream lines("/proc/cpuinfo");
  std::string cpu;
  for (std::string line; cpu.empty() && std::getline(lines, line);)
    if (line.starts_with("model name")) cpu = line.substr(std::min(line.find(": ") + 2, line.size())) + ", ";
  return join(cpu, std::thread::hardware_concurrency(), " cores, ", num_threads(), " threads, ", kernels().name);
}

// Up to the heading.
std::string page_head(const std::string& title) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape(title) + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>" + escape(title) +
         "</h1>\n";
}

}  // namespace

std::string html_report(const Record& record, const Result* headline) {
  const About& about = record.args.about;
  const std::string title = about.title.empty() ? about.name : about.title;
  std::string html = page_head(title) + "<p>" + escape(about.summary) + "</p>\n";
  if (!about.objective.empty()) html += "<p class=\"objective\">" + escape(about.objective) + "</p>\n";
  if (headline != nullptr) html += headline_section(*headline);
  html += results_section(record.results) + tables_section(record.tables) + curves_section(record.epochs) +
          exhibits_section(record.exhibits);

  auto run = record.facts;
  run.emplace_back("command", record.args.command);
  run.emplace_back("started", record.started);
  run.emplace_back("took", duration(record.seconds));
  run.emplace_back("machine", machine());
  run.emplace_back("version", record.version);
  html += "<h2>The run</h2>\n" + table_of(run) + models_section(record.models) + "<h2>Configuration</h2>\n" +
          table_of(record.args.config) +
          "<p class=\"soft\">The same numbers for programs are in this folder: <code>summary.json</code>, and "
          "<code>metrics.jsonl</code> with a line for each epoch.</p>\n</body>\n</html>\n";
  return html;
}

namespace {

// The text of a name's value in a list of pairs; empty if there is none.
template <class Pairs, class Text>
std::string found_in(const Pairs& pairs, const std::string& name, const Text& text) {
  for (const auto& [key, value] : pairs)
    if (key == name) return text(value);
  return "";
}

// The names of all lists, each once, in the order in which they come.
template <class Pairs>
void collect(const Pairs& pairs, std::vector<std::string>& names) {
  for (const auto& [name, value] : pairs)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// A column for each run: on a page there is more room downwards.
Rows transposed(const Rows& rows) {
  Rows columns(rows[0].size());
  for (const std::vector<std::string>& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
  return columns;
}

}  // namespace

Rows figures_of(const std::vector<FinishedRun>& runs) {
  std::vector<std::string> flags, results;
  for (const FinishedRun& run : runs) collect(run.config, flags), collect(run.results, results);
  const auto flag_of = [](const FinishedRun& run, const std::string& name) {
    return found_in(run.config, name, [](const std::string& text) { return text; });
  };
  std::erase_if(flags, [&](const std::string& name) {
    std::set<std::string> values;  // of the runs that have said their flags
    for (const FinishedRun& run : runs)
      if (!run.config.empty()) values.insert(flag_of(run, name));
    return name == "out" || values.size() == 1;
  });
  Rows rows{{"run", "program"}};
  rows[0].insert(rows[0].end(), flags.begin(), flags.end());
  rows[0].insert(rows[0].end(), results.begin(), results.end());
  for (const FinishedRun& run : runs) {
    rows.push_back({run.folder.string(), run.program});
    for (const std::string& name : flags) rows.back().push_back(flag_of(run, name));
    for (const std::string& name : results)
      rows.back().push_back(found_in(run.results, name, [](double value) { return number(value); }));
  }
  return rows;
}

Rows curves_of(const std::vector<FinishedRun>& runs) {
  Rows rows{{"run", "epoch", "metric", "value"}};
  for (const FinishedRun& run : runs)
    for (const Record::Epoch& epoch : run.epochs)
      for (const auto& [name, value] : epoch.metrics)
        rows.push_back({run.folder.string(), std::to_string(epoch.number), name, number(value, 9)});
  return rows;
}

std::string html_comparison(const std::vector<FinishedRun>& runs, const std::filesystem::path& from) {
  std::string html = page_head("Runs compared") + "<ul>\n";
  for (const FinishedRun& run : runs) {
    const std::string folder = run.folder.string();
    const std::string link = std::filesystem::proximate(run.folder / "report.html", from).generic_string();
    html += "<li><a href=\"" + escape(link) + "\">" + escape(folder) + "</a>\n";
  }
  html += "</ul>\n" + tables_section({{"figures", "The flags in which the runs differ, and their results.",
                                       transposed(figures_of(runs))}});
  std::vector<std::string> metrics;
  for (const FinishedRun& run : runs)
    for (const Record::Epoch& epoch : run.epochs) collect(epoch.metrics, metrics);
  html += "<h2>Curves</h2>\n<div class=\"curves\">\n";
  for (const std::string& metric : metrics) {
    std::vector<Series> curves;
    for (const FinishedRun& run : runs) {
      Series curve{run.folder.string(), {}, {}};
      for (const Record::Epoch& epoch : run.epochs)
        for (const auto& [name, value] : epoch.metrics)
          if (name == metric) curve.x.push_back(static_cast<double>(epoch.number)), curve.y.push_back(value);
      if (!curve.x.empty()) curves.push_back(std::move(curve));
    }
    html += line_plot(
        curves,
        {.title = metric, .x_label = "epoch", .log_y = asks_for_logarithm(curves), .width = 520, .height = 300});
  }
  return html + "</div>\n</body>\n</html>\n";
}

}  // namespace hourglass::examples
