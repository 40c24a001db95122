// SPDX-License-Identifier: MIT
// The flags that examples share.
#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>

#include "examples/support/args.h"
#include "examples/support/flag_checks.h"
#include "examples/support/run_json.h"

namespace hourglass::examples {

// --data: the name of a set, or a path that `fits`. `others` says in words which paths those are.
void Program::set_flag(const std::string& help, const std::vector<std::string>& sets, const std::string& others,
                       bool (*fits)(const std::filesystem::path&)) {
  std::string names;
  for (const std::string& set : sets) names += set + ", ";
  app_->add_option("--data", args_.data.name, help)
      ->type_name("SET")
      ->capture_default_str()
      ->check(CLI::Validator(
          [=](const std::string& text) {
            const bool is_set = std::find(sets.begin(), sets.end(), text) != sets.end();
            if (is_set || (!text.empty() && fits(text))) return std::string();
            return join("expects ", names.substr(0, names.size() - 2), " or ", others, ", got '", nn::one_line(text),
                        "'");
          },
          ""));
  settings_.emplace_back([this] { return std::pair{std::string("data"), Value(args_.data.name)}; });
}

void Program::path_flag(const std::string& name, std::filesystem::path& value, const std::string& help,
                        const std::string& type) {
  app_->add_option(name, value, help)->type_name(type)->check(non_empty());
  settings_.emplace_back([name, &value] { return std::pair{plain(name), Value(value.string())}; });
}

void Program::data_flags() {
  set_flag(
      "what to learn from: fashion-mnist, mnist, generated, folder (of pictures, see --data-dir), or a path (a folder, "
      ".npy, .npz, .csv, .tsv, IDX)",
      {"fashion-mnist", "mnist", "generated", "folder"}, "a path", [](const std::filesystem::path& path) {
        std::error_code unreadable;
        return std::filesystem::exists(path, unreadable);
      });
  path_flag("--data-dir", args_.data.folder,
            "folder with the set's IDX files (default: the usual places) or with pictures", "DIR");
  path_flag("--series", args_.data.series,
            "series with classes (UCR .tsv, .csv or .arff) instead of --data: a row each, of equal length", "FILE");
  flag("--binarize", binarize_, "makes pixels 0 or 1", {"none", "threshold", "static", "dynamic"});
}

// Whole photographs, of any size.
void Program::photo_flags() {
  args_.data.name = "photos";
  set_flag(
      "what to learn from: photos (examples/data.sh photos installs them), generated, or a folder of PNG and JPEG "
      "pictures of any size",
      {"photos", "generated"}, "a folder", [](const std::filesystem::path& path) {
        std::error_code unreadable;
        return std::filesystem::is_directory(path, unreadable);
      });
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
  args_.weights = trained.weights;
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
    const bool is_free = std::find(free_for_use_.begin(), free_for_use_.end(), name) != free_for_use_.end();
    if (was_given(name))
      check(!is_own || is_free, name, "the model was trained with ",
            saved->second.empty() ? "another value" : saved->second, "; leave the flag out");
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
       "epochs without improvement of the validation figure before training stops and keeps the best; 0: never",
       {.min = 0});
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

}  // namespace hourglass::examples
