// SPDX-License-Identifier: MIT
#include "autograd/inspect/profile.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <map>
#include <ostream>
#include <sstream>
#include <utility>

#include "tensor/error.h"
#include "tensor/work_done.h"

namespace hourglass {

Profile::Profile() : start_(Clock::now()) {}

void Profile::on_work(const WorkDone& work) {
  events_.push_back(
      {std::string(work.op), Event::Kind::kernel, walk_order() > 0, work.begin, work.end, work.flops, work.bytes});
}
void Profile::on_scope(std::string_view name, bool begins) {
  const Clock::time_point now = Clock::now();
  events_.push_back(
      {std::string(name), begins ? Event::Kind::scope_begin : Event::Kind::scope_end, walk_order() > 0, now, now});
}

namespace {
double seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }
}  // namespace

std::vector<Profile::Row> Profile::rows() const {
  std::map<std::pair<bool, std::string>, Row> by_op;
  for (const Event& event : events_) {
    if (event.kind != Event::Kind::kernel) continue;
    Row& row = by_op[{event.backward, event.name}];
    row.op = event.name;
    row.backward = event.backward;
    ++row.calls;
    row.seconds += seconds(event.end - event.begin);
    row.flops += event.flops;
    row.bytes += event.bytes;
  }
  std::vector<Row> rows;
  for (auto& [key, row] : by_op) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
  return rows;
}

double Profile::wall_seconds() const { return seconds(Clock::now() - start_); }
double Profile::kernel_seconds() const {
  double total = 0;
  for (const Event& event : events_)
    if (event.kind == Event::Kind::kernel) total += seconds(event.end - event.begin);
  return total;
}

std::ostream& operator<<(std::ostream& out, const Profile& profile) {
  const double wall = profile.wall_seconds(), kernels = profile.kernel_seconds();
  std::ostringstream table;
  table << std::fixed;
  for (const bool backward : {false, true}) {
    double total = 0;
    for (const Profile::Row& row : profile.rows())
      if (row.backward == backward) total += row.seconds;
    table << std::left << std::setw(26) << (backward ? "backward" : "forward") << std::right << std::setw(9) << "calls"
          << std::setw(12) << "ms" << std::setw(9) << "share" << std::setw(12) << "MB" << std::setw(12) << "MFLOP"
          << std::setw(10) << "GFLOP/s" << '\n';
    for (const Profile::Row& row : profile.rows()) {
      if (row.backward != backward) continue;
      table << "  " << std::left << std::setw(24) << row.op << std::right << std::setw(9) << row.calls
            << std::setprecision(3) << std::setw(12) << row.seconds * 1e3 << std::setprecision(1) << std::setw(7)
            << 100 * row.seconds / kernels << " %" << std::setprecision(2) << std::setw(12)
            << static_cast<double>(row.bytes) * 1e-6 << std::setw(12) << row.flops * 1e-6 << std::setprecision(1)
            << std::setw(10) << (row.seconds > 0 ? row.flops / row.seconds * 1e-9 : 0) << '\n';
    }
    table << "  " << std::left << std::setw(24) << "together" << std::right << std::setw(9) << ""
          << std::setprecision(3) << std::setw(12) << total * 1e3 << std::setprecision(1) << std::setw(7)
          << (kernels > 0 ? 100 * total / kernels : 0) << " %\n";
  }
  table << "kernels took " << std::setprecision(3) << kernels * 1e3 << " of " << wall * 1e3 << " ms ("
        << std::setprecision(1) << 100 * kernels / wall << " %)\n";
  return out << table.str();
}

std::string Profile::trace_json() const {
  const auto quoted = [](const std::string& text) {
    std::ostringstream result;
    result << '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') result << '\\' << c;
      else if (static_cast<unsigned char>(c) < 0x20)
        result << "\\u" << std::hex << std::setw(4) << std::setfill('0') << static_cast<int>(c) << std::dec;
      else result << c;
    }
    result << '"';
    return result.str();
  };
  const auto microseconds = [](Clock::duration time) { return seconds(time) * 1e6; };
  std::ostringstream out;
  out << std::fixed << std::setprecision(3) << "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
      << R"({"name": "process_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "hourglass"}})";
  for (const Event& event : events_) {
    out << ",\n{\"name\": " << quoted(event.name) << ", \"cat\": \""
        << (event.kind == Event::Kind::kernel ? event.backward ? "backward" : "forward" : "module")
        << "\", \"pid\": 1, \"tid\": 1, \"ts\": " << microseconds(event.begin - start_);
    switch (event.kind) {
      case Event::Kind::scope_begin: out << R"(, "ph": "B"})"; break;
      case Event::Kind::scope_end: out << R"(, "ph": "E"})"; break;
      case Event::Kind::kernel:
        out << R"(, "ph": "X", "dur": )" << microseconds(event.end - event.begin)
            << ", \"args\": {\"bytes\": " << event.bytes << ", \"flops\": " << event.flops << "}}";
        break;
    }
  }
  out << "\n]}\n";
  return out.str();
}

void Profile::write_trace(const std::string& path) const {
  std::ofstream file(path);
  file << trace_json();
  file.close();
  check(file.good(), "Profile", "cannot write ", path);
}

}  // namespace hourglass
