// SPDX-License-Identifier: MIT
// The part of Run that is about models of whole pictures.
#include <iostream>
#include <set>
#include <utility>

#include "examples/support/photos.h"
#include "examples/support/run.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

// Where the result for a picture belongs: its name with the ending .png, and a number if there was one of this name.
fs::path result_name(const std::string& name, std::set<fs::path>& used) {
  const fs::path first = fs::path(name).replace_extension(".png");
  fs::path path = first;
  for (int number = 2; !used.insert(path).second; ++number)
    path = first.parent_path() / join(first.stem().string(), '-', number, ".png");
  return path;
}

}  // namespace

Run::Run(const Args& args, const PhotoSet& data) : Run(args) {
  image_ = {data.channels, 0, 0};  // of any size
  note_data(data.name, data.origin, {std::ssize(data.train), std::ssize(data.validation), std::ssize(data.test)},
            "pictures");
}

void Run::use_pictures(const std::function<Tensor(const Tensor& picture)>& f) {
  uses_.emplace();
  const Args& args = record_.args;
  if (args.data.apply.empty()) return;
  load_model();
  record_.args.about.title += ", applied to new pictures";
  constexpr std::int64_t kShown = 4, kSide = 256;
  std::vector<Tensor> shown;
  std::set<fs::path> used;
  std::int64_t count = 0;
  for (const PhotoFile& file : find_photos(args.data.apply)) {
    const Photo photo =
        read_photo(file, {.channels = static_cast<int>(image_[0]), .skip_unreadable = args.data.skip_unreadable});
    if (photo.pixels.numel() == 0) continue;
    const Tensor before = values_of(photo), after = f(before);
    const fs::path name = result_name(file.name, used);
    write_png(path(name.string()), to_image(after));
    ++count;
    if (!args.quiet)
      std::cout << "saved: " << path(name.string()).string() << ' ' << after.size(2) << " x " << after.size(1)
                << std::endl;
    if (std::ssize(shown) < 2 * kShown) {
      const auto part = [&](const Tensor& picture) {
        const Tensor middle = middle_of(picture, kSide);
        return unsqueeze(pad(middle, {{0, kSide - middle.size(1)}, {0, kSide - middle.size(2)}}), 0);
      };
      shown.push_back(part(before));
      shown.push_back(part(after));
    }
  }
  check(count > 0, "--apply", "no picture could be read");
  images("pictures", concat(shown, 0), {.columns = 2, .scale = 1, .column_labels = {"before", "after"}},
         join("The middle of the first pictures, at full size, and what the model makes of them."));
  result("pictures", static_cast<double>(count));
  finish();
  throw Applied();
}

}  // namespace hourglass::examples
