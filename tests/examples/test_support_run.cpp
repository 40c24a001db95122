// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "autograd/ops.h"
#include "examples/support/files.h"
#include "examples/support/report.h"
#include "examples/support/run.h"
#include "examples/support/run_json.h"
#include "nn/linear.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"
#include "tests/json.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::kNan;

namespace {

Args args_for(const std::filesystem::path& out, bool quiet = true) {
  Args args;
  args.about = {.name = "demo", .title = "A <demo>", .summary = "Shows it.", .objective = "E[x] → min"};
  args.epochs = 2;
  args.out = out;
  args.quiet = quiet;
  args.config = {{"epochs", Value(std::int64_t{2})}, {"lr", Value(0.001)}, {"tied", Value(false)}};
  return args;
}

/// Two epochs of two steps; returns what was printed.
std::string run_demo(const Args& args, double kl = 16) {
  const Captured out(std::cout);
  Run run(args);
  run.fact("parameters", std::int64_t{652'824});
  for (const std::int64_t epoch : run.epochs(2)) {
    run.step({{"mse", 1.0 / static_cast<double>(epoch)}}, 30);
    run.step({{"mse", 2.0 / static_cast<double>(epoch)}}, 10);
    run.log_epoch({{"validation_mse", 0.5}, {"kl", kl}});
  }
  run.picture("samples", image_grid(ones({4, 784})), "Four & white.");
  run.plot("plane", line_plot({{"a", {1, 2}, {1, 2}}}), "A line.");
  run.result("test_mse", 0.0117, {.reference = 0.0151, .reference_name = "PCA-32", .unit = "per pixel"});
  run.result("test_kl_nats", kl);
  run.finish("test_mse");
  return out.text();
}

}  // namespace

TEST_CASE("metrics are read by name and keep their order; an unknown name is an error") {
  Metrics metrics{{"mse", 1}, {"kl", 2}};
  CHECK(metrics["kl"] == 2);
  CHECK(metrics.prefixed("test_")["test_mse"] == 1);
  metrics.accumulate({{"kl", 3}, {"norm", 5}}, 2);
  metrics.add("loss", 4);
  std::string seen;
  for (const auto& [name, value] : metrics / 2) seen += join(name, ' ', value, ' ');
  CHECK(seen == "mse 0.5 kl 4 norm 5 loss 2 ");
  CHECK(error_of([&] { metrics["elbo"]; }) == "metrics: there is no 'elbo' (there is 'mse', 'kl', 'norm', 'loss')");
  CHECK(error_of([] { Metrics{}["elbo"]; }) == "metrics: there is no 'elbo' (there is nothing)");
}

TEST_CASE("a run writes metrics, summary, pictures and a report in a single file") {
  const TemporaryFolder folder;
  const std::string printed = run_demo(args_for(folder / "a/b"));
  CHECK(printed == "test_mse 0.0117 per pixel (to beat: at most 0.0151, PCA-32: holds)\n");

  const auto summary = test::Json::parse(read_file(folder / "a/b/summary.json"));
  CHECK(summary["test_mse"].number() == 0.0117);
  CHECK(summary["reference_test_mse"].number() == 0.0151);
  CHECK(summary["test_kl_nats"].number() == 16);
  CHECK_FALSE(summary.contains("reference_test_kl_nats"));
  CHECK(summary["headline"].text() == "test_mse");
  CHECK(summary["headline_holds"].flag());
  CHECK(summary["parameters"].integer() == 652'824);
  CHECK(summary["config"]["lr"].number() == 0.001);
  CHECK(summary["seconds"].number() >= 0);
  CHECK(summary["threads"].integer() >= 1);

  std::istringstream metrics(read_file(folder / "a/b/metrics.jsonl"));
  std::vector<test::Json> lines;
  for (std::string line; std::getline(metrics, line);) lines.push_back(test::Json::parse(line));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["epoch"].integer() == 1);
  CHECK(lines[0]["train_mse"].number() == 1.25);  // 30 images at 1, 10 at 2
  CHECK(lines[1]["train_mse"].number() == 0.625);
  CHECK(lines[1]["validation_mse"].number() == 0.5);

  const std::string report = read_file(folder / "a/b/report.html");
  for (const std::string part : {"A &lt;demo&gt;", "E[x] → min", "data:image/png;base64,iVBORw0KGgo",
                                 "Four &amp; white.", "PCA-32", "holds", "<svg"}) {
    CAPTURE(part);
    CHECK(contains(report, part));
  }
  for (const std::string part : {"src=\"http", "href=", "@import", "url(", "<script"})
    CHECK_FALSE(contains(report, part));
  CHECK(read_file(folder / "a/b/samples.png").starts_with("\x89PNG"));
  CHECK(read_file(folder / "a/b/plane.svg").starts_with("<svg"));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "a/b"))
    CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("curves of one quantity share a plot, and a single epoch is a table") {
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
  };
  for (const std::int64_t epochs : {1, 2}) {
    const TemporaryFolder folder;
    Args args = args_for(folder.path());
    args.epochs = epochs;
    const Captured out(std::cout);
    Run run(args);
    for ([[maybe_unused]] const std::int64_t epoch : run.epochs(1)) {
      run.step({{"mse", 1}, {"mse[twin]", 2}});
      run.log_epoch({{"validation_mse", 1}, {"validation_mse[twin]", 2}, {"kl", 3}});
    }
    run.finish();
    const std::string report = read_file(folder / "report.html");
    CHECK(count(report, "<svg") == (epochs == 1 ? 0 : 2));  // mse and kl
    CHECK(count(report, ">validation, twin<") == (epochs == 1 ? 0 : 1));
    CHECK(count(report, "<th>validation_mse[twin]<td>2</tr>") == (epochs == 1 ? 1 : 0));
  }
}

TEST_CASE("NaN and infinity become null: the JSON is always valid") {
  const TemporaryFolder folder;
  run_demo(args_for(folder.path()), kNan);
  CHECK(test::Json::parse(read_file(folder / "summary.json"))["test_kl_nats"].is_null());
  const std::string metrics = read_file(folder / "metrics.jsonl");
  CHECK(test::Json::parse(metrics.substr(0, metrics.find('\n')))["kl"].is_null());
}

TEST_CASE("the headline is printed last, after the report's path; without --quiet the epochs too") {
  const TemporaryFolder folder;
  const std::string printed = run_demo(args_for(folder.path(), false));
  CHECK(contains(printed, "epoch 1/2  train_mse 1.25  validation_mse 0.5  kl 16"));
  CHECK(contains(printed, "\nreport: " + (folder / "report.html").string() + "\ntest_mse 0.0117"));
  CHECK(printed.ends_with("holds)\n"));
}

TEST_CASE("a figure holds if it beats its reference, in its direction and within its tolerance") {
  const auto holds = [](double value, const ResultOptions& options) { return Result{"f", value, options}.holds(); };
  CHECK_FALSE(holds(1, {}).has_value());
  CHECK(holds(1.09, {.reference = 1, .within = 0.1}) == true);
  CHECK(holds(1.11, {.reference = 1, .within = 0.1}) == false);
  CHECK(holds(0.95, {.reference = 0.9, .better = Better::higher}) == true);
  CHECK(holds(0.85, {.reference = 0.9, .better = Better::higher, .within = 0.1}) == true);
  CHECK(holds(246, {.reference = 247, .better = Better::near, .within = 0.005}) == true);
  CHECK(holds(240, {.reference = 247, .better = Better::near, .within = 0.005}) == false);
  CHECK(holds(-1.05, {.reference = -1, .better = Better::higher, .within = 0.1}) == true);
  for (const Better better : {Better::lower, Better::higher, Better::near})
    CHECK(holds(kNan, {.reference = 1, .better = better, .within = 10}) == false);
}

TEST_CASE("results of an earlier run are removed on request only, and never mixed with new ones") {
  const TemporaryFolder folder;
  Args args = args_for(folder.path());
  run_demo(args);
  CHECK(contains(error_of([&] { Run again(args); }), "has the results of a run: --overwrite removes them"));
  CHECK(std::filesystem::exists(folder / "summary.json"));
  args.overwrite = true;
  const Run unfinished(args);
  CHECK_FALSE(std::filesystem::exists(folder / "summary.json"));
  CHECK_FALSE(std::filesystem::exists(folder / "report.html"));
  CHECK(read_file(folder / "metrics.jsonl").empty());
}

TEST_CASE("two runs at once cannot write to one folder") {
  const TemporaryFolder folder;
  Args args = args_for(folder.path());
  args.overwrite = true;
  {
    const Run one(args);
    CHECK(error_of([&] { Run other(args); }) == folder.path().string() + ": another run is writing to this folder");
  }
  const Run later(args);
}

TEST_CASE("a loss that is not finite ends the run, says where, and leaves the checkpoint alone") {
  for (const double bad : {kNan, std::numeric_limits<double>::infinity()})
    for (const bool trace : {false, true}) {
      const TemporaryFolder folder;
      Args args = args_for(folder.path());
      args.trace = trace;
      args.save_every = 0;
      std::optional<Run> first(args);
      Run& run = *first;
      double weight = 1;
      run.keep("weight", weight);
      std::string said;
      try {
        for (const std::int64_t epoch : run.epochs(2)) {
          run.step({{"loss", 1}});
          weight = 2;
          const Var x = variable(full({}, -1));
          const double loss = epoch == 2 ? (std::isnan(bad) ? log(x).item() : bad) : 1;
          weight = epoch == 2 ? 3 : 2;
          run.step({{"error", 0}, {"loss", loss}});
          run.log_epoch();
        }
      } catch (const RunFailed& failed) {
        said = failed.what();
      }
      CHECK(said.starts_with(std::string("diverged: loss is ") + (std::isnan(bad) ? "nan" : "inf") +
                             " in step 2 of epoch 2"));
      CHECK(contains(said, "last.safetensors has an earlier state"));
      CHECK(contains(said, "--trace names the operation") == !trace);
      if (trace && std::isnan(bad)) CHECK(contains(said, "log"));
      first.reset();
      args.resume = true;
      Run later(args);
      later.keep("weight", weight);
      later.epochs(2);
      CHECK(weight == 2);
    }
}

TEST_CASE("runs are compared: the flags in which they differ, their results, and their curves in shared plots") {
  const TemporaryFolder folder;
  std::vector<FinishedRun> runs;
  for (const char* lr : {"0.1", "0.2"}) {
    Args args = args_for(folder / lr);
    args.config.emplace_back("rate", Value(std::string(lr)));
    run_demo(args, lr[2] == '1' ? 16 : kNan);
    runs.push_back(read_run(folder / lr));
  }
  std::filesystem::remove(folder / "0.2/summary.json");  // as if it were under way
  runs.push_back(read_run(folder / "0.2"));
  const Rows figures = figures_of(runs);
  CHECK(figures[0][2] == "rate");
  CHECK(std::find(figures[0].begin(), figures[0].end(), "lr") == figures[0].end());  // the same in all
  CHECK(figures[1][2] == "0.1");
  const auto mse = std::find(figures[0].begin(), figures[0].end(), "test_mse") - figures[0].begin();
  CHECK(figures[2].at(mse) == "0.0117");
  CHECK(figures[3].at(mse).empty());
  const Rows curves = curves_of(runs);
  CHECK(curves.size() == 1 + 3 * 2 * 3);
  CHECK(curves[2] == std::vector<std::string>{(folder / "0.1").string(), "1", "validation_mse", "0.5"});
  const std::string page = html_comparison(runs, folder / "compared");
  CHECK(contains(page, "href=\"../0.1/report.html\""));
  CHECK(contains(page, "validation_mse"));

  CHECK(contains(error_of([&] { read_run(folder / "none"); }), "has neither summary.json nor metrics.jsonl"));
  write(folder / "0.1/summary.json", "{]");
  CHECK(contains(error_of([&] { read_run(folder / "0.1"); }), "this is not the folder of a run"));
}

TEST_CASE("the report says what was run, when, where and with which models") {
  const TemporaryFolder folder;
  Args args = args_for(folder.path());
  args.command = "demo --lr <1>";
  Run run(args);
  Rng rng(1);
  nn::Linear one(3, 2, rng), two(3, 2, rng);
  run.keep("one", one, "two", two);
  run.finish();
  const std::string report = read_file(folder / "report.html");
  for (const std::string part : {"<th>command<td>demo --lr &lt;1&gt;", "<th>started<td>20", " cores, ",
                                 "<th>version<td>", "<summary><code>one, two</code></summary>", "8 parameters"})
    CHECK_MESSAGE(contains(report, part), part);
}

TEST_CASE("a folder that cannot be made or written to is an error that names it") {
  const TemporaryFolder folder;
  write(folder / "file", "x");
  CHECK(contains(error_of([&] { Run(args_for(folder / "file/inside")); }), "file/inside: cannot make this folder"));
  CHECK(contains(error_of([&] { Run(args_for(folder / "file")); }), (folder / "file").string()));
  if (::geteuid() == 0) return;  // root may write anywhere
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(contains(error_of([&] { Run(args_for(folder.path())); }), "cannot write to this folder"));
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
}

TEST_CASE("a full disk is an error, and the old file stays") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder /
                                      "summary.json");  // nothing can be renamed onto a folder that is not empty
  write(folder / "summary.json/x", "");
  CHECK(contains(error_of([&] { write_file(folder / "summary.json", "new"); }), "is a folder, not a file"));
  write(folder / "old", "old");
  write_file(folder / "old", "new");
  CHECK(read_file(folder / "old") == "new");
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("names that would leave the folder are refused") {
  const TemporaryFolder folder;
  Run run(args_for(folder.path()));
  for (const std::string name : {"", "../up", "a/b", "a b"}) {
    CAPTURE(name);
    CHECK(contains(error_of([&] { run.result(name, 1); }), "is not a valid name"));
    CHECK(contains(error_of([&] { run.picture(name, image_grid(ones({1, 4})), ""); }), "is not a valid name"));
  }
  CHECK(contains(error_of([&] { run.finish("absent"); }), "there is no result 'absent'"));
}

TEST_CASE("a table is printed in columns, shown in the report and written as CSV") {
  const TemporaryFolder folder;
  const std::vector<std::vector<std::string>> rows{{"name", "σ²"}, {"plain, old", "1.5"}, {"\"new\"", "12"}};
  std::string printed;
  {
    const Captured out(std::cout);
    Run run(args_for(folder.path(), false));
    run.table("spread", rows, "How <wide>.");
    run.finish();
    printed = out.text();
  }
  CHECK(printed.find("name        σ²\nplain, old  1.5\n\"new\"       12\n") != std::string::npos);
  CHECK(read_file(folder / "spread.csv") == "name,σ²\n\"plain, old\",1.5\n\"\"\"new\"\"\",12\n");
  const std::string report = read_file(folder / "report.html");
  CHECK(report.find("<h2>spread</h2>") != std::string::npos);
  CHECK(report.find("<tr><td>plain, old<td class=\"right\">1.5</tr>") != std::string::npos);
  CHECK(report.find("How &lt;wide&gt;.") != std::string::npos);
  Run run(args_for(folder / "other"));
  CHECK(error_of([&] {
          run.table("ragged", {{"a", "b"}, {"1"}}, "");
        }) == "run: table 'ragged' has rows of 2 and of 1 cells");
}

TEST_CASE("a run continues in the middle of an epoch, with its averages and lines") {
  const TemporaryFolder folder;
  const auto train = [&](const char* out, bool resume, std::int64_t stop_in, bool watch) {
    Args args = args_for(folder / out);
    args.epochs = 3;
    args.resume = resume;
    args.save_every = 0;
    args.command = "demo --out x";
    Run run(args);
    Tensor weight = zeros({2});
    double last = 0;
    run.keep("weight", weight);
    run.keep("last", last);
    run.keep_best("test_error");
    const Loader loader(reshape(arange(10), {10, 1}), {}, {.batch_size = 4});
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        weight = weight * 2 + sum(batch.images).item();
        if (epoch == stop_in && watch) std::raise(SIGINT);
        run.step({{"weight", max(weight).item()}}, batch.size());
      }
      last = max(weight).item();
      run.log_epoch({{"test_error", epoch == 2 ? 0.5 : kNan}});
    }
    run.result("last", last);
    run.finish();
    return last;
  };
  const double whole = train("whole", false, 0, false);
  std::string said;
  try {
    train("broken", false, 2, true);
  } catch (const Interrupted& interrupted) {
    said = interrupted.what();
    CHECK(interrupted.signal() == SIGINT);
  }
  CHECK(said == "interrupted in epoch 2 and saved; to continue: demo --out x --resume");
  CHECK(train("broken", true, 0, false) == whole);
  const auto lines = [&](const char* out) {
    std::vector<test::Json> all;
    std::istringstream text(read_file(folder / out / "metrics.jsonl"));
    for (std::string line; std::getline(text, line);) all.push_back(test::Json::parse(line).without("seconds"));
    return all;
  };
  CHECK(lines("whole").size() == 3);
  CHECK((lines("broken") == lines("whole")));
  CHECK(read_file(folder / "broken/best.safetensors").size() > 100);
  CHECK(train("broken", true, 0, false) == whole);  // it is complete already
  CHECK(train("fresh", true, 0, false) == whole);   // without a checkpoint it starts from the beginning
}

TEST_CASE("with patience a run ends when its validation figure gets no better, and keeps its best epoch") {
  const TemporaryFolder folder;
  const std::vector<double> errors{5, 3, 2, 4, 3, 1, 1};
  std::int64_t trained = 0;
  const auto weight_after = [&](std::int64_t patience, bool resume) {
    Args args = args_for(folder / std::to_string(patience));
    args.epochs = 7;
    args.patience = patience;
    args.resume = resume;
    Run run(args);
    double weight = 0;
    run.keep("weight", weight);
    run.keep_best("validation_error");
    trained = 0;
    for (const std::int64_t epoch : run.epochs(1)) {
      weight = static_cast<double>(epoch);
      ++trained;
      run.step({});
      run.log_epoch({{"validation_error", errors[static_cast<std::size_t>(epoch) - 1]}});
    }
    return weight;
  };
  CHECK(weight_after(2, false) == 3);
  CHECK(trained == 5);
  CHECK(weight_after(2, true) == 3);  // it is complete
  CHECK(trained == 0);
  CHECK(weight_after(3, false) == 6);
  CHECK(trained == 7);
  CHECK(weight_after(0, false) == 7);

  Args args = args_for(folder / "none");
  args.patience = 1;
  Run run(args);
  CHECK(contains(error_of([&] { run.epochs(1); }), "no validation figure to stop by"));
}

TEST_CASE("an epoch that is not logged is an error") {
  const TemporaryFolder folder;
  Run run(args_for(folder.path()));
  CHECK(contains(error_of([&] {
                   for ([[maybe_unused]] const std::int64_t epoch : run.epochs(1)) run.step({});
                 }),
                 "ended without log_epoch()"));
}

TEST_CASE("a run that cannot continue is an error") {
  const TemporaryFolder folder;
  Args args = args_for(folder / "out");
  args.resume = true;
  Run nothing(args);
  CHECK(error_of([&] { nothing.epochs(1); }) == "resume: this program keeps nothing, so it cannot continue");
  args.resume = false;
  args.out = folder / "other";
  Run run(args);
  double number = 0;
  run.keep("number", number);
  run.epochs(1);
  CHECK(contains(error_of([&] { run.epochs(1); }), "needs one loop over all epochs"));
  run.keep_best("accuracy");
  CHECK(error_of([&] {
          run.log_epoch({{"loss", 1}});
        }) == "keep_best: metrics: there is no 'accuracy' (there is 'loss')");
}

TEST_CASE("a checkpoint of a stranger is refused, however deep, long or wild its numbers are") {
  const Args args = args_for("out");
  const auto error_for = [&](const std::string& config, const std::string& run) {
    return error_of([&] { run_state_in({{"config", config}, {"run", run}}, args, "file"); });
  };
  const RunState state{.epoch = 2, .step = 3, .images = 4, .sums = {}, .seconds = 1.5, .best = {}, .epochs = {}};
  const nn::Metadata good = to_metadata(state, args);
  CHECK(run_state_in(good, args, "file").step == 3);
  const std::string config = good.at("config"), deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto run = [](const std::string& key, const std::string& value) {
    std::string text = "{";
    for (const auto& [name, usual] : std::map<std::string, std::string>{{"epoch", "1"},
                                                                        {"step", "0"},
                                                                        {"images", "0"},
                                                                        {"sums", "{}"},
                                                                        {"seconds", "0"},
                                                                        {"best", "null"},
                                                                        {"lines", "[]"}})
      text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + (name == key ? value : usual);
    return text + "}";
  };
  CHECK(error_for(config, run("", "")) == "no error");
  for (const char* key : {"epoch", "step", "images", "sums", "seconds", "best", "lines"})
    CHECK(error_for(config, run(key, deep)) == "file: this is not a checkpoint of an example: its JSON is too deep");
  for (const char* key : {"epoch", "step", "images"})
    for (const char* value : {"-1", "1e300", "9223372036854775808", "1.5", "\"1\"", "null"})
      CHECK(contains(error_for(config, run(key, value)), join(key, " must be a number from ")));
  std::string many = "{\"a\":1";
  for (int i = 0; i < 100'000; ++i) many += join(",\"", i, "\":1");
  CHECK(contains(error_for(config, run("sums", many + "}")), "an object has more than 1000 keys"));
  std::string flag = config;
  const std::size_t at = flag.find("\"lr\":") + 5;
  flag.replace(at, flag.find_first_of(",}", at) - at, '"' + std::string(100'000, 'x') + '"');
  CHECK(contains(error_for(flag, run("", "")), "the run that was saved had lr = "));
  CHECK(error_for(flag, run("", "")).size() < 200);
}
