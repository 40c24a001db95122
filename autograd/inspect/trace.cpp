// SPDX-License-Identifier: MIT
#include "autograd/inspect/trace.h"

#include "autograd/node.h"

namespace hourglass {

void Trace::on_op(const OpEvent& event) {
  if (!event.node) return;
  Note& note = notes_[event.node->id()];
  note.value = statistics_of(event.value);
  for (const Operand& operand : event.operands)
    note.inputs.push_back(
        {operand.node ? operand.node->id() : 0, join(describe(operand.value)), statistics_of(operand.value)});
  note.stack = CallStack::here();
  note.path = scope_path();
  if (const Node* node = differentiated_node()) note.rule = node->op().name;
}

const Trace::Note* Trace::note(std::uint64_t node) const {
  const auto found = notes_.find(node);
  return found == notes_.end() ? nullptr : &found->second;
}

void Trace::look_up_all() const {
  std::vector<CallStack> stacks;
  for (const auto& [id, note] : notes_) stacks.push_back(note.stack);
  sites_.look_up(stacks);
}

}  // namespace hourglass
