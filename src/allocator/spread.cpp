// Memory-bound: threads spread evenly over the memory controllers.
#include <algorithm>
#include <numeric>

#include "choice.hpp"

namespace actimanager::allocator {

std::vector<CpuSet> memory_domains(const topology::Topology& topology) {
  std::vector<CpuSet> nodes;
  CpuSet covered;
  for (const auto& node : topology.numa_nodes()) {
    if (node.cpus.empty()) continue;  // memory only
    nodes.push_back(node.cpus);
    covered |= node.cpus;
  }
  if (nodes.size() >= topology.sockets().size()) {
    if (const CpuSet rest = topology.cpus() - covered; !rest.empty()) nodes.push_back(rest);
    return nodes;
  }
  nodes.clear();
  for (const auto& socket : topology.sockets()) nodes.push_back(socket.cpus);
  return nodes;
}

std::vector<int> deal(const std::vector<int>& capacities, int count) {
  std::vector<int> dealt(capacities.size(), 0);
  // The roomiest first, so that what does not divide evenly goes where it is missed least.
  std::vector<std::size_t> order(capacities.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(-capacities[i], i); });
  while (count > 0) {
    int open = 0;
    for (const auto i : order) open += dealt[i] < capacities[i] ? 1 : 0;
    if (open == 0) break;
    const int share = std::max(1, count / open);
    for (const auto i : order) {
      const int given = std::min({share, capacities[i] - dealt[i], count});
      dealt[i] += given;
      count -= given;
    }
  }
  return dealt;
}

namespace {

std::vector<int> sizes_within(const std::vector<CpuSet>& domains, const CpuSet& open) {
  std::vector<int> sizes;
  for (const auto& domain : domains) sizes.push_back(domain.count_common(open));
  return sizes;
}

// `count` CPUs of `open`: one on each idle core while there are any, then of the cores that are in use
// already, then siblings.
CpuSet one_per_core_first(const topology::Topology& topology, const CpuSet& open, int count) {
  const auto idle = whole_cores(topology, open);
  const auto wanted = static_cast<std::size_t>(count);
  CpuSet chosen;
  for (const auto core : gather(topology, idle, std::min(wanted, idle.size()), Prefer::performance)) {
    chosen.insert(*topology.cores()[core].cpus.first());
  }
  int missing = count - chosen.size();
  CpuSet in_idle;
  for (const auto core : idle) in_idle |= topology.cores()[core].cpus;
  for (const CpuSet& rest : {open - in_idle, in_idle - chosen}) {
    for (const CpuId cpu : rest) {
      if (missing == 0) return chosen;
      chosen.insert(cpu);
      --missing;
    }
  }
  return chosen;
}

}  // namespace

std::optional<CpuSet> choose_spread(const topology::Topology& topology, const CpuSet& open, int count) {
  if (open.size() < count) return std::nullopt;
  const auto domains = memory_domains(topology);
  const auto shares = deal(sizes_within(domains, open), count);
  CpuSet chosen;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (shares[i] > 0) chosen |= one_per_core_first(topology, open & domains[i], shares[i]);
  }
  return chosen;
}

bool spread_is_even(const Occupancy& occupancy, const CpuSet& open, int count) {
  const auto domains = memory_domains(occupancy.topology());
  const auto now = deal(sizes_within(domains, open), count);
  // What the machine would give if nobody else were on it.
  const auto best = deal(sizes_within(domains, occupancy.topology().cpus() - occupancy.reserved()), count);
  const auto widest = [](const std::vector<int>& shares) {
    const auto [least, most] = std::ranges::minmax(shares);
    return most - least;
  };
  return !now.empty() && widest(now) <= std::max(1, widest(best));
}

}  // namespace actimanager::allocator
