// SPDX-License-Identifier: MIT
// What a trained model is used for: every variant saves its outputs and is applied to new files.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/png.h"
#include "examples/support/uses.h"
#include "nn/checkpoint.h"
#include "nn/npy.h"
#include "nn/safetensors.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/examples/example_runs.h"
#include "tests/project/source_tree.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

struct Ended {
  int code;
  std::string said;
};
Ended run(const std::string& program, const std::vector<std::string>& flags) {
  const TemporaryFolder folder;
  const int code =
      Process(program, flags + std::vector<std::string>{"--quiet", "--threads", "1"}, folder / "log").wait();
  return {code, nn::read_file(folder / "log")};
}

// A model that was trained for an epoch on a few generated images, in folder/trained.
void train(const std::string& program, const TemporaryFolder& folder, const std::vector<std::string>& more) {
  std::vector<std::string> flags{"--epochs", "1", "--limit", "40", "--out", folder / "trained"};
  if (std::find(more.begin(), more.end(), "--data") == more.end()) flags.insert(flags.end(), {"--data", "generated"});
  const Ended ended = run(program, flags + more);
  REQUIRE_MESSAGE(ended.code == 0, program, " said: ", ended.said);
}
Ended apply(const TemporaryFolder& folder, const std::string& program, const std::string& file,
            const std::vector<std::string>& more = {}) {
  return run(
      program,
      std::vector<std::string>{"--apply", file, "--model", folder / "trained", "--out", folder / "applied"} + more);
}

std::vector<std::string> variants() {
  std::vector<std::string> names;
  for (const test::File& file : test::files())
    if (constexpr std::string_view kFolder = "examples/variants/";
        file.path.starts_with(kFolder) && file.path.ends_with(".cpp"))
      names.push_back(file.path.substr(kFolder.size(), file.path.size() - kFolder.size() - 4));
  return names;
}

// 60 rows of four columns in their own units, and a class that is the sign of the first.
std::string table(const std::string& heading) {
  std::string text = heading;
  Rng rng(3);
  for (int i = 0; i < 60; ++i) {
    const Tensor x = rng.normal({4}) * Tensor::from<float>({1, 10, 100, 1000}) + 5;
    text += select(x, 0, 0).item() > 5 ? "plus" : "minus";
    for (const float value : x.to_vector<float>()) text += "," + std::to_string(value);
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("every variant gives the same outputs when the finished run is applied to the rows that it saved") {
  const std::vector<std::string> names = variants();
  CHECK(names.size() >= 21);
  for (const std::string& name : names) {
    CAPTURE(name);
    std::vector<std::string> files{"inputs.npy", "codes.npy", "reconstructions.npy", "scores.npy"};
    if (name == "unet") files = {"inputs.npy", "codes.npy"};  // a code is the class of each pixel
    if (name == "denoising" || name == "overcomplete") files.erase(files.begin() + 1);
    std::string list;
    for (const std::string& file : files) list += (list.empty() ? "" : ",") + file;
    const TemporaryFolder folder;
    train(name, folder, {"--save", list});
    const Ended ended = apply(folder, name, folder / "trained/inputs.npy", {"--save", list});
    REQUIRE_MESSAGE(ended.code == 0, ended.said);
    for (const std::string& file : files)
      CHECK(nn::read_file(folder / ("trained/" + file)) == nn::read_file(folder / ("applied/" + file)));
    if (name == "recurrent") CHECK(std::filesystem::exists(folder / "applied/reconstructions.svg"));
  }
}

TEST_CASE("a model file has the weights and buffers of its models, and its flags come back by themselves") {
  const TemporaryFolder folder;
  train("undercomplete", folder, {"--code", "3", "--widths", "20,10", "--save", "codes.csv,inputs.png"});
  const nn::Safetensors file = nn::load_safetensors(folder / "trained/model.safetensors");
  CHECK(file.tensors.size() == 12);  // six layers, each with weight and bias
  CHECK(file.tensors[0].first == "model.encoder.0.weight");
  CHECK(file.tensors[0].second.shape() == Shape{20, 784});
  CHECK(file.metadata.at("program") == "undercomplete");
  CHECK(file.metadata.at("config").find("\"code\":3") != std::string::npos);
  CHECK(file.metadata.at("row") == "[1,28,28]");

  const Ended ended = apply(folder, "undercomplete", folder / "trained/inputs", {"--save", "codes.csv,scores.csv"});
  REQUIRE_MESSAGE(ended.code == 0, ended.said);
  const std::string codes = nn::read_file(folder / "applied/codes.csv");
  CHECK(codes.starts_with("row,z1,z2,z3\n"));
  CHECK(codes.find("trained/inputs/01.png,") != std::string::npos);  // rows have the names of their files
  CHECK(std::count(codes.begin(), codes.end(), '\n') == 41);

  CHECK(apply(folder, "undercomplete", folder / "trained/inputs", {"--code", "4"})
            .said.find("the model was trained with 3") != std::string::npos);
  CHECK(apply(folder, "undercomplete", folder / "trained/inputs", {"--data", "mnist"}).said.find("is for training") !=
        std::string::npos);
  CHECK(apply(folder, "variational", folder / "trained/inputs").said.find("was trained by undercomplete") !=
        std::string::npos);
  write(folder / "wide.csv", "1,2,3\n4,5,6\n");
  CHECK(apply(folder, "undercomplete", folder / "wide.csv").said.find("trained on rows of [1, 28, 28]") !=
        std::string::npos);
  CHECK(apply(folder, "undercomplete", folder / "absent.png").said.find("there is no such file") != std::string::npos);
}

TEST_CASE("a model file of a stranger is refused with a sentence") {
  const TemporaryFolder folder;
  train("undercomplete", folder, {"--code", "2", "--save", "inputs.npy"});
  const nn::Safetensors whole = nn::load_checkpoint(folder / "trained/model.safetensors");
  const auto said_of = [&](const std::string& key, const std::string& value, StateDict more = {}) {
    nn::Metadata metadata = whole.metadata;
    if (!key.empty()) metadata[key] = value;
    StateDict state = whole.tensors;
    state.insert(state.end(), more.begin(), more.end());
    nn::save_checkpoint(folder / "trained/model.safetensors", state, metadata);
    const Ended ended = apply(folder, "undercomplete", folder / "trained/inputs.npy", {"--overwrite"});
    CHECK(ended.code == (key.empty() && more.empty() ? 0 : 2));
    return ended.said;
  };
  CHECK(said_of("row", "[1,28,-28]").find("its row is [1,28,-28]") != std::string::npos);
  CHECK(said_of("row", "[1e300]").find("its row is") != std::string::npos);
  CHECK(said_of("row", "[]").find("its row is []") != std::string::npos);
  CHECK(said_of("row", R"(["x"])").find("not the trained model") != std::string::npos);
  CHECK(said_of("row", "[1,1,30]").find("trained on rows of [1, 1, 30]") != std::string::npos);
  CHECK(said_of("config", "[[[[[[]]]]]]").find("too deep") != std::string::npos);
  CHECK(said_of("config", R"({"code":"a\nb"})").find("--code: expects an integer") != std::string::npos);
  CHECK(said_of("config", R"({"code":3})").find("f32[3, 784]") != std::string::npos);
  CHECK(said_of("classes", "{").find("not the trained model") != std::string::npos);
  CHECK(said_of("", "", {{"data.shift", zeros({3})}, {"data.scale", zeros({3})}}).find("for each of 28 columns") !=
        std::string::npos);
  CHECK(said_of("", "", {{"data.shift", zeros({28})}, {"data.scale", zeros({1})}}).find("for each of 28 columns") !=
        std::string::npos);
  said_of("", "");
}

TEST_CASE("the columns of a table keep their names and units") {
  const TemporaryFolder folder;
  write(folder / "t.csv", table("kind,a,b,c,d\n"));
  train("undercomplete", folder,
        {"--data", folder / "t.csv", "--label", "kind", "--code", "2", "--batch-size", "8", "--save",
         "inputs.csv,labels.npy,reconstructions.csv"});
  const std::string inputs = nn::read_file(folder / "trained/inputs.csv");
  CHECK(inputs.starts_with("row,a,b,c,d\n"));
  const Tensor labels = nn::load_npy(folder / "trained/labels.npy");
  CHECK(labels.shape() == Shape{12});
  CHECK(min(labels).item() == 0);
  CHECK(max(labels).item() == 1);
  const nn::Safetensors model = nn::load_safetensors(folder / "trained/model.safetensors");
  CHECK(model.metadata.at("classes") == R"(["minus","plus"])");
  CHECK(model.tensors.back().first == "data.scale");
  CHECK(max(model.tensors.back().second).item() > 1000);  // the range of d

  // New rows: without the class, and far outside of what was seen.
  write(folder / "new.csv", "a,b,c,d\n5,5,5,5\n500,5,5,5\n");
  const Ended ended = apply(folder, "undercomplete", folder / "new.csv", {"--save", "inputs.csv,scores.npy"});
  REQUIRE_MESSAGE(ended.code == 0, ended.said);
  CHECK(nn::read_file(folder / "applied/inputs.csv").find("2,500,5,") != std::string::npos);
  const std::vector<float> scores = nn::load_npy(folder / "applied/scores.npy").to_vector<float>();
  CHECK(scores[1] > 100 * scores[0]);
}

TEST_CASE("samples, and outputs that a model cannot make") {
  const TemporaryFolder folder;
  train("variational", folder, {"--save", "samples.png,samples.npy", "--samples", "12"});
  CHECK(nn::load_npy(folder / "trained/samples.npy").shape() == Shape{12, 1, 28, 28});
  CHECK(read_png(folder / "trained/samples/12.png").width == 28);
  const auto complaint = [&](const std::string& program, const std::string& files) {
    const Ended ended =
        run(program, {"--data", "generated", "--limit", "20", "--save", files, "--out", folder / "other"});
    CHECK(ended.code == 2);
    return ended.said;
  };
  CHECK(complaint("undercomplete", "samples.npy").find("this model has no samples") != std::string::npos);
  CHECK(complaint("undercomplete", "codes.txt").find("with the ending .npy") != std::string::npos);
  CHECK(complaint("undercomplete", "codes").find("got 'codes'") != std::string::npos);
  CHECK(complaint("undercomplete", "scores.png").find("are no pictures") != std::string::npos);
  CHECK(complaint("without_kl", "codes.npy").find("nothing to save") != std::string::npos);
  CHECK(run("undercomplete", {"--apply", folder / "x.npy", "--model", folder / "nowhere"})
            .said.find("there is no trained model") != std::string::npos);
}

TEST_CASE("outputs come in pieces, and the score is the error of the reconstruction") {
  const Tensor x = Rng(1).normal({2500, 3});
  Uses uses;
  std::vector<std::int64_t> pieces;
  uses.reconstructions = [&](const Tensor& rows) {
    pieces.push_back(rows.size(0));
    return rows * 0.5;
  };
  CHECK(equal(of_rows(uses.reconstructions, x), x * 0.5));
  CHECK(pieces == std::vector<std::int64_t>{1000, 1000, 500});
  CHECK(allclose(scores_of(uses, x), mean(square(x * 0.5), {1}), 1e-6, 0));
  uses.scores = [](const Tensor& rows) { return sum(rows, {1}); };
  CHECK(equal(scores_of(uses, x), sum(x, {1})));
  CHECK(usual_outputs({}).empty());
}

TEST_CASE("numbers of the code that are the same for all rows are counted and warned of") {
  const TemporaryFolder folder;
  // A learning rate at which nearly all ReLUs die at once.
  const Ended ended = Ended{Process("undercomplete",
                                    {"--data", "generated", "--limit", "200", "--epochs", "3", "--lr", "3", "--threads",
                                     "1", "--out", folder / "trained"},
                                    folder / "log")
                                .wait(),
                            nn::read_file(folder / "log")};
  REQUIRE_MESSAGE(ended.code == 0, ended.said);
  const double dead =
      test::Json::parse(nn::read_file(folder / "trained/summary.json"))["dead_numbers_of_code"].number();
  CHECK(dead > 0);
  CHECK(ended.said.find("warning: " + std::to_string(static_cast<int>(dead)) + " of 32 numbers of the code") !=
        std::string::npos);
}
