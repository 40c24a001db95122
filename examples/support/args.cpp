// SPDX-License-Identifier: MIT
#include "examples/support/args.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <iostream>
#include <map>
#include <numeric>
#include <string_view>
#include <system_error>
#include <thread>

#include <CLI/CLI.hpp>

#include "examples/support/fields.h"
#include "examples/support/files.h"
#include "examples/support/run_json.h"
#include "examples/support/text.h"
#include "nn/limits.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

std::string describe(const char* kind, Range range) {
  std::string text = kind;
  if (std::isfinite(range.min) && std::isfinite(range.max))
    text += " from " + number(range.min, 15) + " to " + number(range.max, 15);
  else if (std::isfinite(range.min)) text += " of at least " + number(range.min, 15);
  else if (std::isfinite(range.max)) text += " of at most " + number(range.max, 15);
  return text;
}

/// Accepts text that is one number of type T, finite and in range. (CLI11's own Range accepts NaN.)
template <class T>
CLI::Validator validator_in(const char* kind, Range range) {
  return CLI::Validator(
      [kind, range](const std::string& text) -> std::string {
        T value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        const auto real = static_cast<double>(value);
        if (whole && std::isfinite(real) && real >= range.min && real <= range.max) return {};
        return "expects " + describe(kind, range) + ", got '" + join(nn::one_line(text)) + "'";
      },
      "");
}

CLI::Validator non_empty() {
  return CLI::Validator([](const std::string& text) { return text.empty() ? "is empty" : ""; }, "");
}

template <class T>
std::string join_comma(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : ",") + number(static_cast<double>(value), 15);
  return text;
}

/// The name of a flag in the configuration: --batch-size becomes batch_size.
std::string plain(std::string name) {
  name.erase(0, name.find_first_not_of('-'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

Program::Program(About about) : app_(std::make_unique<CLI::App>(about.summary, about.name)) {
  args_.about = std::move(about);
  args_.steps = args_.about.steps;
  args_.batch_size = args_.about.batch_size;
  args_.lr = args_.about.lr;
  args_.data.validation = args_.about.validation;
  args_.threads = num_threads();
  args_.out = std::filesystem::path("runs") / args_.about.name;
  app_->get_formatter()->column_width(36);
  if (args_.about.trains) training_flags();
  else if (args_.about.draws) flag("--seed", seed_, "seed of all random numbers", {.min = 0});
  shared_settings_ = settings_.size();
}

void Program::data_flags() {
  const char* const what =
      "what to learn from: fashion-mnist, mnist, generated, folder (of pictures, see --data-dir), or a path (a folder, "
      ".npy, .npz, .csv, .tsv, IDX)";
  app_->add_option("--data", args_.data.name, what)
      ->type_name("SET")
      ->capture_default_str()
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool is_set = text == "fashion-mnist" || text == "mnist" || text == "generated" || text == "folder";
            std::error_code unreadable;
            if (is_set || (!text.empty() && std::filesystem::exists(text, unreadable))) return std::string();
            return join("expects fashion-mnist, mnist, generated, folder or a path, got '", nn::one_line(text), "'");
          },
          ""));
  settings_.emplace_back([this] { return std::pair{std::string("data"), Value(args_.data.name)}; });
  app_->add_option("--data-dir", args_.data.folder,
                   "folder with the set's IDX files (default: the usual places) or with pictures")
      ->type_name("DIR")
      ->check(non_empty());
  settings_.emplace_back([this] { return std::pair{std::string("data_dir"), Value(args_.data.folder.string())}; });
  app_->add_option("--series", args_.data.series,
                   "series with classes (UCR .tsv, .csv or .arff) instead of --data: a row each, of equal length")
      ->type_name("FILE")
      ->check(non_empty());
  settings_.emplace_back([this] { return std::pair{std::string("series"), Value(args_.data.series.string())}; });
  flag("--binarize", binarize_, "makes pixels 0 or 1", {"none", "threshold", "static", "dynamic"});
}

// Whole photographs, of any size.
void Program::photo_flags() {
  args_.data.name = "photos";
  app_->add_option("--data", args_.data.name,
                   "what to learn from: photos (examples/data.sh photos installs them), generated, or a folder of PNG "
                   "and JPEG pictures of any size")
      ->type_name("SET")
      ->capture_default_str()
      ->check(CLI::Validator(
          [](const std::string& text) {
            std::error_code unreadable;
            if (text == "photos" || text == "generated" || std::filesystem::is_directory(text, unreadable))
              return std::string();
            return join("expects photos, generated or a folder, got '", nn::one_line(text), "'");
          },
          ""));
  settings_.emplace_back([this] { return std::pair{std::string("data"), Value(args_.data.name)}; });
  flag("--grey", args_.data.grey, "turns coloured pictures into grey ones");
  flag("--skip-unreadable", args_.data.skip_unreadable, "names pictures that cannot be read and leaves them out");
  apply_flags();
}

// How files are read, and what is made of them.
void Program::use_flags() {
  flag("--label", args_.data.label, "column of a table that has the classes: its name, or its number from 1");
  flag("--grey", args_.data.grey, "turns coloured pictures into grey ones");
  flag("--resize", resize_, "HxW: stretches pictures to this height and width");
  app_->add_option("--save", args_.save,
                   "outputs for the test set: codes, reconstructions, scores, samples, inputs, labels; each as .npy or "
                   ".csv, pictures also as .png")
      ->type_name("FILE,...")
      ->delimiter(',');
  flag("--samples", args_.samples, "how many samples are saved");
  apply_flags();
}

void Program::apply_flags() {
  app_->add_option("--apply", args_.data.apply,
                   args_.about.photos ? "files or folders: repairs these pictures, of any size, without training"
                                      : "files or folders: makes the outputs of --save for these, without training")
      ->type_name("FILE...")
      ->check(non_empty());
  app_->add_option("--model", model_, "trained model for --apply: the folder of a run, or its model.safetensors")
      ->type_name("PATH")
      ->default_str((args_.out / "").string())
      ->check(non_empty());
}

// The flags of the program itself are what they were when the model for --apply was trained, and so are those about
// pictures and tables unless the user says otherwise.
std::vector<std::string> Program::flags_of_model() {
  const auto was_given = [this](const std::string& name) {
    const CLI::Option* const option = app_->get_option_no_throw(name);
    return option != nullptr && option->count() > 0;
  };
  for (const char* other : {"--data", "--data-dir", "--resume"})
    check(!was_given(other), other, "is for training, not for --apply");
  const std::filesystem::path usual = std::filesystem::path("runs") / args_.about.name;
  const TrainedModel trained = read_model(model_.empty() ? usual : model_);
  const std::string file = trained.file.string();
  check(trained.program == args_.about.name, file, "this model was trained by ", trained.program);
  args_.model = trained.file;
  args_.data.trained_on = trained.row;
  args_.data.classes = trained.classes;
  args_.data.scaling = trained.scaling;
  std::vector<std::string> flags;
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    std::string name = settings_[i]().first;
    const bool is_own = i >= shared_settings_;
    if (!is_own && name != "series" && name != "label" && name != "grey" && name != "resize") continue;
    const auto saved =
        std::find_if(trained.config.begin(), trained.config.end(), [&](const auto& one) { return one.first == name; });
    if (saved == trained.config.end()) continue;
    std::replace(name.begin(), name.end(), '_', '-');
    name.insert(0, "--");
    if (was_given(name))
      check(!is_own, name, "the model was trained with ", saved->second.empty() ? "another value" : saved->second,
            "; leave the flag out");
    else if (!saved->second.empty()) flags.push_back(join(name, '=', saved->second));
  }
  return flags;
}

// What text flags mean.
void Program::read_data_flags() {
  const bool reads = !args_.about.own_data || !args_.data.apply.empty();
  check(reads || (args_.data.label.empty() && !args_.data.grey && resize_.empty()), args_.about.name,
        "makes its own data; --label, --grey and --resize are for files of --apply");
  const std::map<std::string, Binarize> ways{{"none", Binarize::none},
                                             {"threshold", Binarize::threshold},
                                             {"static", Binarize::by_chance},
                                             {"dynamic", Binarize::at_each_step}};
  args_.data.binarize = ways.at(binarize_);
  if (resize_.empty()) return;
  PictureSize& size = args_.data.resize;
  const char* const end = resize_.data() + resize_.size();
  const auto [cross, wrong] = std::from_chars(resize_.data(), end, size.height);
  const bool has_cross = wrong == std::errc() && cross != end && *cross == 'x';
  const auto [rest, also_wrong] = std::from_chars(has_cross ? cross + 1 : end, end, size.width);
  check(has_cross && also_wrong == std::errc() && rest == end && size.height > 0 && size.width > 0 &&
            size.height <= 4096 && size.width <= 4096,
        "--resize", "expects height and width from 1 to 4096, for instance 28x28, got '", nn::one_line(resize_), "'");
}

void Program::training_flags() {
  if (args_.about.photos) {
    photo_flags();
  } else if (args_.about.own_data) {
    args_.data.name = "generated";
    flag("--data", args_.data.name, "image set", {"generated"});
  } else {
    data_flags();
  }
  if (!args_.about.photos) use_flags();
  flag("--limit", args_.data.limit, "maximum number of training, validation and test images; 0: all", {.min = 0});
  flag("--validation", args_.data.validation,
       "images that are taken from the training images for choices, at most a seventh");
  flag("--steps", args_.steps, "training steps, rounded to whole epochs, 200 at most");
  flag("--epochs", args_.epochs, "passes over the training images, instead of --steps");
  app_->get_option("--epochs")->default_str("");
  flag("--patience", args_.patience,
       "stop when the validation figure was not better for so many epochs, and keep the best; 0: never", {.min = 0});
  flag("--batch-size", args_.batch_size, "images per step");
  flag("--lr", args_.lr, "learning rate", {.min = 0});
  flag("--seed", seed_, "seed of all random numbers: weights, order of the images, noise", {.min = 0});
  flag("--threads", args_.threads,
       "number of threads, at most as many as there are cores; the results do not depend on it");
  app_->add_option("--out", args_.out, "folder for the report, results and pictures")
      ->type_name("DIR")
      ->default_str((args_.out / "").string() + ", or with a number if that has results")
      ->check(non_empty());
  flag("--overwrite", args_.overwrite, "replace the results of an earlier run in --out");
  flag("--resume", args_.resume, "continue the run in --out where it stopped, if there is one");
  flag("--save-every", args_.save_every, "seconds between checkpoints in --out", {.min = 0});
  flag("--trace", args_.trace, "if the loss becomes NaN, name the operation that gave the first NaN (slower)");
  flag("--quiet", args_.quiet, "print only the final result");
  settings_.emplace_back([this] { return std::pair{std::string("out"), Value(args_.out.string())}; });
}

Program::~Program() = default;

std::int64_t Args::epochs_of(std::int64_t batches) const {
  if (epochs > 0) return epochs;
  const double rounded = std::round(static_cast<double>(steps) / static_cast<double>(batches));
  return static_cast<std::int64_t>(std::clamp(rounded, 1.0, 200.0));
}

void Program::flag(const std::string& name, std::int64_t& value, const std::string& help, Range range) {
  app_->add_option(name, value, help)
      ->type_name("N")
      ->capture_default_str()
      ->check(validator_in<std::int64_t>("an integer", range));
  settings_.emplace_back([name, &value] { return std::pair{plain(name), Value(value)}; });
}

void Program::flag(const std::string& name, double& value, const std::string& help, Range range) {
  app_->add_option(name, value, help)
      ->type_name("X")
      ->default_str(number(value))
      ->check(validator_in<double>("a number", range));
  settings_.emplace_back([name, &value] { return std::pair{plain(name), Value(value)}; });
}

void Program::flag(const std::string& name, bool& value, const std::string& help) {
  app_->add_flag(name, value, help);
  settings_.emplace_back([name, &value] { return std::pair{plain(name), Value(value)}; });
}

void Program::flag(const std::string& name, std::string& value, const std::string& help,
                   const std::vector<std::string>& choices) {
  CLI::Option* const option = app_->add_option(name, value, help)->type_name("NAME")->capture_default_str();
  if (!choices.empty()) {
    std::string list;
    for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
    option->description(help + ": " + list);
    option->check(CLI::Validator(
        [list, choices](const std::string& text) {
          const bool known = std::find(choices.begin(), choices.end(), text) != choices.end();
          return known ? std::string() : "expects one of " + list + ", got '" + join(nn::one_line(text)) + "'";
        },
        ""));
  }
  settings_.emplace_back([name, &value] { return std::pair{plain(name), Value(value)}; });
}

template <class T>
void Program::list_flag(const std::string& name, std::vector<T>& values, const std::string& help, const char* type_name,
                        const char* expected, Range range) {
  const auto set = [&values](const std::string& text) {
    values.clear();
    // (CLI11's own lists drop empty items.)
    for (const std::string& item : fields_of(text, ',', {})) {
      T& value = values.emplace_back();
      std::from_chars(item.data(), item.data() + item.size(), value);
    }
  };
  const CLI::Validator each = validator_in<T>(expected, range);
  const auto check_all = [each](const std::string& text) {
    std::string complaint;
    for (std::string& item : fields_of(text, ',', {}))
      if (complaint.empty()) complaint = each(item);
    return complaint;
  };
  app_->add_option_function<std::string>(name, set, help)
      ->type_name(type_name)
      ->default_str(join_comma(values))
      ->check(CLI::Validator(check_all, ""));
  settings_.emplace_back([name, &values] { return std::pair{plain(name), Value(join_comma(values))}; });
}
void Program::flag(const std::string& name, std::vector<std::int64_t>& values, const std::string& help, Range range) {
  list_flag(name, values, help, "N,N,...", "integers, each", range);
}
void Program::flag(const std::string& name, std::vector<double>& values, const std::string& help, Range range) {
  list_flag(name, values, help, "X,X,...", "numbers, each", range);
}

// A folder of its own for each run: runs/NAME, then runs/NAME-2 and so on, unless --out names one.
void Program::choose_folder() {
  if (app_->get_option("--out")->count() > 0 || args_.resume || args_.overwrite) return;
  if (!args_.data.apply.empty()) args_.out = args_.model.parent_path().string() + "-applied";
  const std::filesystem::path first = args_.out;
  for (int number = 2; has_results(args_.out); ++number) args_.out = join(first.string(), '-', number);
  if (args_.out != first) args_.command += " --out " + args_.out.string();
}

// "; did you mean --epochs?" for the first flag that does not exist, if one that exists is nearly the same.
std::string Program::suggestion(int argc, const char* const* argv) const {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i], name = word.substr(0, word.find('='));
    if (!name.starts_with("--") || app_->get_option_no_throw(std::string(name)) != nullptr) continue;
    std::string nearest;
    std::size_t least = 3;  // edits
    for (const CLI::Option* option : app_->get_options())
      if (const std::size_t edits = edits_between(name, option->get_name()); edits < least) {
        least = edits;
        nearest = option->get_name();
      }
    return nearest.empty() ? "" : "; did you mean " + nearest + "?";
  }
  return "";
}

void Program::positional(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  app_->add_option(name, values, help)->type_name("")->required()->check(non_empty());
}

int Program::run(int argc, const char* const* argv, const std::function<void(const Args&)>& body) {
  const auto complain = [&](const std::string& what) {
    const std::string name = args_.about.name + ": ";
    std::cerr << (what.starts_with(name) ? "" : name) << what << '\n';
  };
  try {
    app_->parse(argc, argv);
    args_.command = command_line(argc, argv);
    if (!args_.data.apply.empty()) {
      const std::vector<std::string> more = flags_of_model();
      std::vector<const char*> all(argv, argv + argc);
      for (const std::string& flag : more) all.push_back(flag.c_str());
      app_->parse(static_cast<int>(all.size()), all.data());
    }
    check(model_.empty() || !args_.data.apply.empty(), "--model", "is for --apply");
    if (args_.about.trains) choose_folder();
    read_data_flags();
    if (const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency()); args_.threads > cores) {
      if (!args_.quiet) std::cout << "threads: " << cores << ", as many as there are cores" << std::endl;
      args_.threads = cores;
    }
    for (const auto& setting : settings_) args_.config.push_back(setting());
    args_.seed = static_cast<std::uint64_t>(seed_);
    set_num_threads(static_cast<int>(args_.threads));
    body(args_);
    std::cout.flush();
    check(std::cout.good(), "stdout", "cannot be written to");
    return 0;
  } catch (const Applied&) {
    return 0;
  } catch (const CLI::CallForHelp& help) {
    return app_->exit(help);
  } catch (const CLI::ParseError& error) {
    complain(join(nn::one_line(error.what(), 300), suggestion(argc, argv), " (see --help)"));
    return 2;
  } catch (const Interrupted& interrupted) {
    complain(interrupted.what());
    return 128 + interrupted.signal();
  } catch (const Error& error) {
    complain(error.what());
    return 2;
  } catch (const std::exception& error) {
    complain(error.what());
    return 1;
  }
}

}  // namespace hourglass::examples
