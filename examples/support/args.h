// SPDX-License-Identifier: MIT
// The command line that all examples share. Errors become one line on stderr and an exit code.
#pragma once
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "examples/support/datasets.h"
#include "tensor/state_dict.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace hourglass::examples {

/// What a program is, and its defaults for the shared flags.
struct About {
  std::string name{};         ///< "variational": the default of --out is runs/variational
  std::string title{};        ///< "Variational autoencoder", the report's heading
  std::string summary{};      ///< a sentence or two: what it learns and what to look at
  std::string objective{};    ///< what training minimises, as a formula in plain text
  std::int64_t steps = 2150;  ///< of an optimizer
  std::int64_t batch_size = 128;
  double lr = 1e-3;
  std::int64_t validation = 5000;  ///< images that are set aside, see DataOptions
  bool trains = true;              ///< has the flags of a training run
  bool own_data = false;           ///< makes its own data, and so has no flags that choose others
  bool photos = false;             ///< learns from whole photographs, see load_photos, and is applied to such
  bool draws = true;               ///< has --seed, if it does not train
};

using Value = std::variant<bool, std::int64_t, double, std::string>;

/// The shared flags as the user gave them.
struct Args {
  About about;
  DataOptions data;           ///< --data and the flags about data
  std::int64_t steps = 0;     ///< --steps: how long to train
  std::int64_t epochs = 0;    ///< --epochs, if given: this many, however many steps they are
  std::int64_t patience = 0;  ///< epochs without improvement before training stops; 0: never stops early
  std::int64_t batch_size = 0;
  double lr = 0;
  std::uint64_t seed = 0;
  std::int64_t threads = 1;  ///< already set when the body runs
  std::filesystem::path out;
  bool quiet = false;
  bool resume = false;                                ///< continue from the checkpoint in --out, if there is one
  bool overwrite = false;                             ///< replace the results of an earlier run in --out
  bool trace = false;                                 ///< look for the op that gives the first NaN
  double save_every = 30;                             ///< seconds between checkpoints
  std::vector<std::string> save{};                    ///< outputs to keep, see Output
  std::int64_t samples = 100;                         ///< in samples.npy
  std::filesystem::path model{};                      ///< the trained model for --apply (data.apply has the files)
  StateDict weights{};                                ///< what that file has
  std::string command{};                              ///< as it was typed, for the message that says how to continue
  std::vector<std::pair<std::string, Value>> config;  ///< every flag, shared or own, with its value, for the report

  /// How many epochs of `batches` steps each: --epochs, or as many as --steps needs, rounded; from 1 to 200.
  std::int64_t epochs_of(std::int64_t batches) const;
};

/// Training failed, for instance because the loss became NaN: exit code 1.
class RunFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Training was interrupted by Ctrl-C and saved. The message says how to continue.
class Interrupted : public std::exception {
 public:
  Interrupted(int signal, std::string message) : signal_(signal), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  int signal() const { return signal_; }

 private:
  int signal_;
  std::string message_;
};

/// The program's work ended early, and well: a trained model was applied to files.
struct Applied {};

/// The numbers that a flag accepts, both ends included.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

/// Collects flags, then runs the body. A complete main():
///
///     int main(int argc, char** argv) {
///       std::int64_t code = 20;
///       Program program({.name = "variational", .title = "Variational autoencoder", .summary = "..."});
///       program.flag("--code", code, "numbers in the code", {.min = 1});
///       return program.run(argc, argv, [&](const Args& args) { train(args, code); });
///     }
class Program {
 public:
  explicit Program(About about);
  ~Program();

  /// The variable's value is the default; it must live until run() returns.
  void flag(const std::string& name, std::int64_t& value, const std::string& help, Range range = {.min = 1});
  void flag(const std::string& name, double& value, const std::string& help, Range range = {});
  /// A switch: --name.
  void flag(const std::string& name, bool& value, const std::string& help);
  /// Any text, or one of the choices.
  void flag(const std::string& name, std::string& value, const std::string& help,
            const std::vector<std::string>& choices = {});
  /// Comma-separated: --widths 512,256,128.
  void flag(const std::string& name, std::vector<std::int64_t>& values, const std::string& help,
            Range range = {.min = 1});
  void flag(const std::string& name, std::vector<double>& values, const std::string& help, Range range = {});
  /// This flag says how a trained model is used, not what it is: it may be another one with --apply.
  void free_for_use(const std::string& name) { free_for_use_.push_back(name); }
  /// What follows without a flag, at least one.
  void positional(const std::string& name, std::vector<std::string>& values, const std::string& help);

  /// Parses the flags, sets the number of threads and calls the body. Returns the exit code of the program: 0 (also
  /// after --help); 2 for an error that the user can correct (flags, data, files: any hourglass::Error); 128 + the
  /// signal after an interruption (130 for Ctrl-C); 1 for any other exception. Errors are one line on stderr.
  int run(int argc, const char* const* argv, const std::function<void(const Args&)>& body);

 private:
  void set_flag(const std::string& help, const std::vector<std::string>& sets, const std::string& others,
                bool (*fits)(const std::filesystem::path&));
  void path_flag(const std::string& name, std::filesystem::path& value, const std::string& help,
                 const std::string& type);
  void data_flags();
  void read_data_flags();
  void training_flags();
  void photo_flags();
  void use_flags();
  void apply_flags();
  void choose_folder();
  std::vector<std::string> flags_of_model();
  std::string suggestion(int argc, const char* const* argv) const;
  template <class T>
  void list_flag(const std::string& name, std::vector<T>& values, const std::string& help, const char* type_name,
                 const char* expected, Range range);

  Args args_;
  std::string resize_, binarize_ = "none";
  std::filesystem::path model_;
  std::vector<std::string> free_for_use_;
  std::size_t shared_settings_ = 0;  // the others are the program's own
  std::int64_t seed_ = 0;
  std::unique_ptr<CLI::App> app_;
  std::vector<std::function<std::pair<std::string, Value>()>> settings_;  // each reads a flag after parsing
};

}  // namespace hourglass::examples
