// SPDX-License-Identifier: MIT
#include "examples/support/args.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <iostream>
#include <string_view>
#include <system_error>
#include <thread>

#include "examples/support/fields.h"
#include "examples/support/files.h"
#include "examples/support/flag_checks.h"
#include "examples/support/text.h"
#include "nn/limits.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

template <class T>
std::string join_comma(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : ",") + number(static_cast<double>(value), 15);
  return text;
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
