#include <algorithm>
#include <map>

#include "choice.hpp"

namespace actimanager::allocator {
namespace {

using Cores = std::vector<std::size_t>;

// Where a core lies, from the outermost domain to the innermost: socket, NUMA node, L3 group.
int domain_of(const topology::Topology& topology, std::size_t core, int depth) {
  const CpuId cpu = *topology.cores()[core].cpus.first();
  if (depth == 0) return topology.cores()[core].socket.value;
  if (depth == 1) {
    const auto* node = topology.numa_node_of(cpu);
    return node != nullptr ? node->id.value : -1;
  }
  for (std::size_t i = 0; i < topology.caches().size(); ++i) {
    if (topology.caches()[i].level == 3 && topology.caches()[i].cpus.contains(cpu))
      return static_cast<int>(i);
  }
  return -1;
}
constexpr int depths = 3;

void gather_into(const topology::Topology& topology, Cores cores, std::size_t count, int depth, Cores& out) {
  while (count > 0) {
    if (depth == depths || cores.size() == count) {
      out.insert(out.end(), cores.begin(), cores.begin() + static_cast<std::ptrdiff_t>(count));
      return;
    }
    std::map<int, Cores> groups;
    for (const auto core : cores) groups[domain_of(topology, core, depth)].push_back(core);
    const Cores* tightest = nullptr;
    const Cores* largest = nullptr;
    for (const auto& [id, group] : groups) {
      if (group.size() >= count && (tightest == nullptr || group.size() < tightest->size()))
        tightest = &group;
      if (largest == nullptr || group.size() > largest->size()) largest = &group;
    }
    if (tightest != nullptr) return gather_into(topology, *tightest, count, depth + 1, out);
    // No domain has as many: take the roomiest whole, and look for the rest among the others.
    out.insert(out.end(), largest->begin(), largest->end());
    count -= largest->size();
    std::erase_if(cores,
                  [&](std::size_t core) { return std::ranges::find(*largest, core) != largest->end(); });
  }
}

}  // namespace

std::vector<std::size_t> gather(const topology::Topology& topology, std::vector<std::size_t> cores,
                                std::size_t count, Prefer prefer) {
  Cores out;
  if (prefer != Prefer::nothing && !topology.cpu_kinds().empty()) {
    const auto* wanted = prefer == Prefer::performance ? "performance" : "efficiency";
    Cores preferred;
    for (const auto& kind : topology.cpu_kinds()) {
      if (kind.name != wanted) continue;
      for (const auto core : cores) {
        if (kind.cpus.includes(topology.cores()[core].cpus)) preferred.push_back(core);
      }
    }
    if (preferred.size() >= count) {
      cores = std::move(preferred);
    } else {
      // All of them, and the rest among the others.
      std::erase_if(cores,
                    [&](std::size_t core) { return std::ranges::find(preferred, core) != preferred.end(); });
      count -= preferred.size();
      out = std::move(preferred);
    }
  }
  gather_into(topology, std::move(cores), count, 0, out);
  return out;
}

}  // namespace actimanager::allocator
