#include "fit_error.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actimanager::scheduler {
namespace {

std::string available(int node_count, const std::vector<std::string>& reasons) {
  auto text = fmt::format("0/{} nodes are available:", node_count);
  if (!reasons.empty()) text += fmt::format(" {}.", fmt::join(reasons, ", "));
  return text;
}

}  // namespace

void Reasons::add(const Status& status, int nodes) {
  for (const auto& reason : status.reasons) nodes_by_reason_[reason] += nodes;
  nodes_ += nodes;
}

void Reasons::add(const std::string& reason, int nodes) {
  if (nodes > 0) add(unschedulable(reason), nodes);
}

std::string fit_error(int node_count, const Reasons& reasons) {
  std::vector<std::string> lines;
  for (const auto& [reason, nodes] : reasons.nodes_by_reason_) {
    lines.push_back(fmt::format("{} {}", nodes, reason));
  }
  std::ranges::sort(lines);
  return available(node_count, lines);
}

std::string fit_error(int node_count, const Status& refusal) {
  return available(node_count, refusal.reasons);
}

}  // namespace actimanager::scheduler
