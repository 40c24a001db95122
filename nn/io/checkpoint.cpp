// SPDX-License-Identifier: MIT
#include "nn/io/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include <zlib.h>

#include "nn/context.h"
#include "nn/io/limits.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

constexpr const char *kFormat = "format", *kFormatValue = "hourglass checkpoint 1", *kChecksum = "crc32";

// Covers the metadata, and all names, shapes and numbers in order. The safetensors format itself
// has no checksum.
std::string checksum(const StateDict& state, const Metadata& metadata) {
  uLong sum = crc32(0, nullptr, 0);
  const auto add = [&](const void* data, std::size_t bytes) {
    sum = crc32_z(sum, static_cast<const Bytef*>(data), bytes);
  };
  const auto add_text = [&](const std::string& text) { add(text.c_str(), text.size() + 1); };
  for (const auto& [key, value] : metadata) {
    if (key == kChecksum) continue;
    add_text(key);
    add_text(value);
  }
  for (const auto& [name, x] : state) {
    add_text(name);
    add_text(join(describe(x)));
    const Tensor packed = contiguous(x);
    dispatch(packed.dtype(), [&]<class T>() {
      if (packed.numel() > 0) add(packed.data<T>(), static_cast<std::size_t>(packed.numel()) * sizeof(T));
    });
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08lx", static_cast<unsigned long>(sum));
  return text;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const StateDict& state, Metadata metadata) {
  metadata[kFormat] = kFormatValue;
  metadata[kChecksum] = checksum(state, metadata);
  save_safetensors(path, state, metadata);
}

Safetensors load_checkpoint(const std::filesystem::path& path) {
  Safetensors file = load_safetensors(path);
  in_context(path.string(), [&] {
    check(file.metadata[kFormat] == kFormatValue, "checkpoint", "this is no checkpoint, or one of another version");
    const std::string there = file.metadata[kChecksum], here = checksum(file.tensors, file.metadata);
    check(there == here, "checkpoint", "the file is damaged: its checksum should be ", one_line(there), " and is ",
          here);
  });
  file.metadata.erase(kFormat);
  file.metadata.erase(kChecksum);
  return file;
}

namespace {

const Tensor& only(const StateDict& state, const Tensor& like) {
  check(state.size() == 1 && state[0].first.empty(), "checkpoint", "expected a single entry with an empty name");
  const Tensor& value = state[0].second;
  check(value.shape() == like.shape() && value.dtype() == like.dtype(), "checkpoint", "it is ", describe(like),
        " here and ", describe(value), " there");
  return value;
}

Tensor packed(const Rng& rng) {
  const auto [key, draw] = rng.state();
  return Tensor::from({std::bit_cast<std::int64_t>(key), std::bit_cast<std::int64_t>(draw)});
}
void unpack(const StateDict& state, Rng& rng) {
  const auto numbers = only(state, packed(rng)).to_vector<std::int64_t>();
  rng.restore({std::bit_cast<std::uint64_t>(numbers[0]), std::bit_cast<std::uint64_t>(numbers[1])});
}

}  // namespace

void Checkpoint::add_part(const std::string& name, std::function<StateDict()> state,
                          std::function<void(const StateDict&)> restore) {
  check(!name.empty() && name.find('.') == std::string::npos, "checkpoint", "'", name,
        "' is no name for a part: it must not be empty, nor have a dot");
  const bool taken = std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) { return part.name == name; });
  check(!taken, "checkpoint", "there is a part '", name, "' already");
  parts_.push_back({name, std::move(state), std::move(restore)});
}

void Checkpoint::add(const std::string& name, Tensor& tensor) {
  add_part(
      name,
      [&tensor] {
        return StateDict{{"", tensor}};
      },
      [&tensor](const StateDict& state) { tensor = only(state, tensor); });
}

void Checkpoint::add(const std::string& name, std::int64_t& number) {
  add_part(
      name,
      [&number] {
        return StateDict{{"", scalar(number, Dtype::i64)}};
      },
      [&number](const StateDict& state) { number = *only(state, scalar(number, Dtype::i64)).data<std::int64_t>(); });
}

void Checkpoint::add(const std::string& name, double& number) {
  add_part(
      name,
      [&number] {
        return StateDict{{"", scalar(number, Dtype::f64)}};
      },
      [&number](const StateDict& state) { number = only(state, scalar(number, Dtype::f64)).item(); });
}

void Checkpoint::add(const std::string& name, Rng& rng) {
  add_part(
      name,
      [&rng] {
        return StateDict{{"", packed(rng)}};
      },
      [&rng](const StateDict& state) { unpack(state, rng); });
}

void Checkpoint::add(const std::string& name, Module& module) {
  add_part(
      name,
      [&module] {
        StateDict state = module.state_dict();
        for (const RandomState& own : module.random_states()) state.emplace_back(own.name(), packed(own.rng()));
        return state;
      },
      [&module](const StateDict& state) {
        std::unordered_map<std::string, Rng*> generators;
        for (const RandomState& own : module.random_states()) generators.emplace(own.name(), &own.rng());
        StateDict weights;
        for (const auto& [entry, value] : state) {
          const auto own = generators.find(entry);
          if (own == generators.end()) {
            weights.emplace_back(entry, value);
            continue;
          }
          unpack({{"", value}}, *own->second);
          generators.erase(own);
        }
        if (!generators.empty()) fail("checkpoint", "there is no random state '", generators.begin()->first, "'");
        module.load_state_dict(weights);
      });
}

StateDict Checkpoint::state_dict() const {
  StateDict all;
  for (const Part& part : parts_)
    for (auto& [name, value] : part.state()) all.emplace_back(name.empty() ? part.name : part.name + "." + name, value);
  return all;
}

void Checkpoint::load_state_dict(const StateDict& state) {
  std::vector<StateDict> shares(parts_.size());
  for (const auto& [name, value] : state) {
    const std::size_t dot = name.find('.');
    const std::string owner = name.substr(0, dot);
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.name == owner; });
    check(part != parts_.end(), "checkpoint", "has a part '", one_line(owner), "', which this run does not have");
    shares[static_cast<std::size_t>(part - parts_.begin())].emplace_back(
        dot == std::string::npos ? "" : name.substr(dot + 1), value);
  }
  std::vector<StateDict> before;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    before.push_back(parts_[i].state());
    check(!shares[i].empty() || before[i].empty(), "checkpoint", "has no part '", parts_[i].name, "'");
  }
  const auto restore = [&](const std::vector<StateDict>& states) {
    for (std::size_t i = 0; i < parts_.size(); ++i) in_context(parts_[i].name, [&] { parts_[i].restore(states[i]); });
  };
  try {
    restore(shares);
  } catch (const Error&) {
    restore(before);
    throw;
  }
}

void Checkpoint::save(const std::filesystem::path& path, Metadata metadata) const {
  save_checkpoint(path, state_dict(), std::move(metadata));
}

Metadata Checkpoint::load(const std::filesystem::path& path) {
  Safetensors file = load_checkpoint(path);
  in_context(path.string(), [&] { load_state_dict(file.tensors); });
  return std::move(file.metadata);
}

}  // namespace hourglass::nn
