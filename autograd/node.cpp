// SPDX-License-Identifier: MIT
#include "autograd/node.h"

#include "tensor/ops.h"

namespace hourglass {
namespace {
std::atomic<std::uint64_t> next_id{1}, deleted{0};
thread_local bool is_recording = true;
}  // namespace

Node::Node(const Op& op, const Shape& shape, Dtype dtype)
    : op_(&op),
      id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      shape_(shape),
      dtype_(dtype),
      order_(static_cast<std::uint8_t>(walk_order())) {}

void Node::release() {
  release_rules();
  for (int i = 0; i < input_count_; ++i) inputs_[i] = {};
  released_ = true;
}

// ---- recorded nodes

RecordedNode* RecordedNode::make(const Op& op, const Tensor& value, std::size_t inputs, std::size_t bytes) {
  static_assert(sizeof(RecordedNode) % alignof(void*) == 0);
  const std::size_t head = sizeof(RecordedNode) + inputs * (sizeof(NodePtr) + sizeof(RuleOfInput));
  void* const block = ::operator new(head + bytes);
  auto* const node = new (block) RecordedNode(op, value.shape(), value.dtype());
  node->room_ = static_cast<std::byte*>(block) + head;
  node->set_inputs({node->inputs(), inputs});
  for (std::size_t i = 0; i < inputs; ++i) {
    new (node->inputs() + i) NodePtr;
    new (node->rules() + i) RuleOfInput{};
  }
  return node;
}

void RecordedNode::release_rules() {
  for (int i = 0; i < input_count(); ++i)
    if (const RuleOfInput rule = std::exchange(rules()[i], {}); rule.type != nullptr) rule.type->destroy(rule.captured);
  if (Tensor* const output = std::exchange(output_, nullptr)) output->~Tensor();
}

const void* RecordedNode::find_rule(int i, const std::type_info& type) const {
  const RuleOfInput& rule = rules()[i];
  return rule.type != nullptr && *rule.type->info == type ? rule.captured : nullptr;
}

Var recorded(const Op& op, Tensor value, RecordedNode* node, std::size_t operands, bool listed) {
  NodePtr owner(node);
  if (Observing::active()) [[unlikely]]
    Observing::op(op, value, owner, operands, listed);
  return {std::move(value), std::move(owner)};
}

// ---- ownership

NodePtr::NodePtr(Node* node) noexcept : node_(node) {
  if (node_) node_->references_.fetch_add(1, std::memory_order_relaxed);
}

NodePtr::~NodePtr() {
  if (!node_ || node_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Deleting a node releases its inputs, which calls this again, deeper in the stack. Only the first call deletes; the
  // others leave their node in its list.
  thread_local Node* doomed = nullptr;
  thread_local bool deleting = false;
  node_->next_doomed_ = std::exchange(doomed, node_);
  if (std::exchange(deleting, true)) return;
  std::uint64_t count = 0;
  for (; doomed != nullptr; ++count) delete std::exchange(doomed, doomed->next_doomed_);
  deleting = false;
  deleted.fetch_add(count, std::memory_order_relaxed);
}

Var handle(const NodePtr& node) { return {broadcast_to(zeros({}, node->dtype()), node->shape()), node}; }

std::int64_t live_nodes() { return static_cast<std::int64_t>(next_id - 1 - deleted); }

bool recording() { return is_recording; }
Recording::Recording(bool on) : before_(std::exchange(is_recording, on)) {}
Recording::~Recording() { is_recording = before_; }

Var constant(Scalar value, Dtype dtype) { return constant(scalar(value, dtype)); }
Var variable(Tensor value) {
  check(is_floating(value.dtype()), "variable", "needs f32 or f64, got ", describe(value));
  static constexpr Op op{.name = "variable", .formula = "given"};
  NodePtr leaf(new Node(op, value.shape(), value.dtype()));
  return {std::move(value), std::move(leaf)};
}

}  // namespace hourglass
