// SPDX-License-Identifier: MIT
#include "tensor/work.h"

#include <chrono>
#include <utility>
#include <vector>

#include "tensor/work_done.h"

namespace hourglass {

constinit thread_local Watch* detail::watch = nullptr;

namespace {
thread_local int depth = 0;  // of works within works
thread_local WorkDone under_way;
thread_local std::vector<std::string_view> scopes;
}  // namespace

Watch::Watch() : outer_(std::exchange(detail::watch, this)) {}

// Usually the innermost watch is destroyed first, but a watch on the heap may be destroyed before
// the watches inside it.
Watch::~Watch() {
  Watch** place = &detail::watch;
  while (*place != nullptr && *place != this) place = &(*place)->outer_;
  if (*place == this) *place = outer_;
}

void detail::note_bytes(std::int64_t bytes) {
  if (depth > 0) under_way.bytes += bytes;
}

void Work::begin(std::string_view op, double flops, std::int64_t bytes) {
  marked_ = true;
  if (depth++ == 0) under_way = {op, std::chrono::steady_clock::now(), {}, flops, bytes};
}

void Work::end() {
  if (--depth > 0) return;
  under_way.end = std::chrono::steady_clock::now();
  const WorkDone done = under_way;
  for (Watch* watch = detail::watch; watch != nullptr; watch = watch->outer_) watch->on_work(done);
}

void NamedScope::begin(std::string_view name) {
  if (name.empty()) return;
  marked_ = true;
  scopes.push_back(name);
  for (Watch* watch = detail::watch; watch != nullptr; watch = watch->outer_) watch->on_scope(name, true);
}

void NamedScope::end() {
  for (Watch* watch = detail::watch; watch != nullptr; watch = watch->outer_) watch->on_scope(scopes.back(), false);
  scopes.pop_back();
}

std::string scope_path() {
  std::string path;
  for (const std::string_view name : scopes) (path += path.empty() ? "" : ".") += name;
  return path;
}

}  // namespace hourglass
