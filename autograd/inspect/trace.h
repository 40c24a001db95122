// SPDX-License-Identifier: MIT
// Trace: what each op's values were like, where it was called and in which module, noted while the program runs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "autograd/inspect/call_site.h"
#include "autograd/inspect/statistics.h"
#include "autograd/observe.h"

namespace hourglass {

/// Takes a note of every op that this thread records while the Trace lives. Notes are small: they hold statistics, and
/// the tensors are not kept.
class Trace : public Observer {
 public:
  struct Input {
    std::uint64_t node;  // 0 for a constant
    std::string description;
    Statistics statistics;
  };
  struct Note {
    Statistics value;
    std::vector<Input> inputs;
    CallStack stack;
    std::string path;  // of modules
    std::string rule;  // the op whose derivative this op is a part of: "tanh"
  };

  /// Null for a node that was made before the Trace.
  const Note* note(std::uint64_t node) const;
  std::size_t size() const { return notes_.size(); }
  /// The line of the program that called the op: see CallSites.
  std::string line_of(const Note& note) const { return sites_.line_of(note.stack); }
  /// Looks up the lines of all notes at once, which is much faster than one by one.
  void look_up_all() const;

  void on_op(const OpEvent& event) override;

 private:
  std::unordered_map<std::uint64_t, Note> notes_;
  mutable CallSites sites_;
};

}  // namespace hourglass
