#include "autograd/node.h"

namespace hourglass {
namespace {
std::atomic<std::uint64_t> next_id{1}, deleted{0};
thread_local bool is_recording = true;
}  // namespace

Node::Node(std::string_view op, const Shape& shape, Dtype dtype)
    : op_(op),
      id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      shape_(shape),
      dtype_(dtype),
      order_(static_cast<std::uint8_t>(walk_order())) {}

NodePtr::NodePtr(Node* node) noexcept : node_(node) {
  if (node_) node_->references_.fetch_add(1, std::memory_order_relaxed);
}

NodePtr::~NodePtr() {
  if (!node_ || node_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Deleting a node lets go of its inputs, which brings us back here, deeper in the stack. Only the first call deletes;
  // the others leave their node in its list.
  thread_local Node* doomed = nullptr;
  thread_local bool deleting = false;
  node_->next_doomed_ = std::exchange(doomed, node_);
  if (std::exchange(deleting, true)) return;
  std::uint64_t count = 0;
  for (; doomed != nullptr; ++count) delete std::exchange(doomed, doomed->next_doomed_);
  deleting = false;
  deleted.fetch_add(count, std::memory_order_relaxed);
}

std::int64_t live_nodes() { return static_cast<std::int64_t>(next_id - 1 - deleted); }

bool recording() { return is_recording; }
Recording::Recording(bool on) : before_(std::exchange(is_recording, on)) {}
Recording::~Recording() { is_recording = before_; }

Var variable(Tensor value) {
  check(is_floating(value.dtype()), "variable", "needs f32 or f64, got ", describe(value));
  NodePtr leaf(new Node("variable", value.shape(), value.dtype()));
  return {std::move(value), std::move(leaf)};
}

}  // namespace hourglass
