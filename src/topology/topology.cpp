#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <actimanager/topology/topology.hpp>

namespace actimanager::topology {
namespace {

std::unexpected<Error> bad(std::string text) {
  return fail(Errc::invalid_argument, std::move(text));
}

template <class Part>
const Part* duplicate_id(const std::vector<Part>& sorted) {
  const auto it = std::ranges::adjacent_find(sorted, {}, &Part::id);
  return it == sorted.end() ? nullptr : &*it;
}

void sort(Parts& parts) {
  std::ranges::sort(parts.sockets, {}, &Socket::id);
  std::ranges::sort(parts.numa_nodes, {}, &NumaNode::id);
  const auto lowest_cpu = [](const auto& part) { return part.cpus.first(); };
  std::ranges::sort(parts.cores, [&](const Core& a, const Core& b) {
    return std::tuple(a.socket, lowest_cpu(a)) < std::tuple(b.socket, lowest_cpu(b));
  });
  std::ranges::sort(parts.caches, [&](const Cache& a, const Cache& b) {
    return std::tuple(a.level, lowest_cpu(a)) < std::tuple(b.level, lowest_cpu(b));
  });
}

// All CPUs there are.
Result<CpuSet> check_cores(const std::vector<Core>& cores) {
  CpuSet all;
  for (const auto& core : cores) {
    if (core.cpus.empty())
      return bad(fmt::format("core {} of socket {} has no CPU", core.id.value, core.socket.value));
    if (all.intersects(core.cpus)) {
      return bad(fmt::format("CPUs {} of core {} of socket {} are in another core too",
                             (all & core.cpus).to_string(), core.id.value, core.socket.value));
    }
    all |= core.cpus;
  }
  return all;
}

// Precondition: both are sorted by socket.
Result<void> check_sockets(const std::vector<Socket>& sockets, const std::vector<Core>& cores) {
  if (const auto* twice = duplicate_id(sockets))
    return bad(fmt::format("socket {} is there twice", twice->id.value));
  const auto homeless = [](const Core& core) {
    return bad(fmt::format("core {} is in socket {}, which is not there", core.id.value, core.socket.value));
  };
  auto core = cores.begin();
  for (const auto& socket : sockets) {
    if (socket.cpus.empty()) return bad(fmt::format("socket {} has no CPU", socket.id.value));
    if (core != cores.end() && core->socket < socket.id) return homeless(*core);
    CpuSet of_cores;
    std::set<CoreId> ids;
    for (; core != cores.end() && core->socket == socket.id; ++core) {
      if (!ids.insert(core->id).second)
        return bad(fmt::format("core {} of socket {} is there twice", core->id.value, socket.id.value));
      of_cores |= core->cpus;
    }
    if (of_cores != socket.cpus) {
      return bad(fmt::format("socket {}: its CPUs are {}, its cores' are {}", socket.id.value,
                             socket.cpus.to_string(), of_cores.to_string()));
    }
  }
  if (core != cores.end()) return homeless(*core);
  return {};
}

Result<void> check_numa_nodes(const std::vector<NumaNode>& nodes, const CpuSet& all) {
  if (const auto* twice = duplicate_id(nodes))
    return bad(fmt::format("NUMA node {} is there twice", twice->id.value));
  CpuSet seen;
  for (const auto& node : nodes) {
    if (const auto absent = node.cpus - all; !absent.empty())
      return bad(fmt::format("NUMA node {}: CPU {} is in no core", node.id.value, absent.first()->value));
    if (const auto both = seen & node.cpus; !both.empty())
      return bad(fmt::format("CPU {} is in two NUMA nodes", both.first()->value));
    seen |= node.cpus;
  }
  return {};
}

Result<void> check_caches(const Parts& parts, const CpuSet& all) {
  for (const auto& cache : parts.caches) {
    if (const auto absent = cache.cpus - all; !absent.empty())
      return bad(fmt::format("L{} cache: CPUs {} are in no core", cache.level, absent.to_string()));
  }
  for (const auto& kind : parts.cpu_kinds) {
    if (const auto absent = kind.cpus - all; !absent.empty())
      return bad(fmt::format("CPU kind {}: CPUs {} are in no core", kind.name, absent.to_string()));
  }
  return {};
}

}  // namespace

Result<Topology> Topology::make(Parts parts) {
  sort(parts);
  const auto cpus = check_cores(parts.cores);
  if (!cpus) return fail(cpus.error());
  if (auto right = check_sockets(parts.sockets, parts.cores); !right) return fail(std::move(right.error()));
  if (auto right = check_numa_nodes(parts.numa_nodes, *cpus); !right) return fail(std::move(right.error()));
  if (auto right = check_caches(parts, *cpus); !right) return fail(std::move(right.error()));

  Topology topology;
  topology.cpus_ = *cpus;
  if (const auto last = cpus->last()) topology.places_.resize(static_cast<std::size_t>(last->value) + 1);
  const auto fill = [&](const auto& list, int Place::* index) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (const CpuId cpu : list[i].cpus)
        topology.places_[static_cast<std::size_t>(cpu.value)].*index = static_cast<int>(i);
    }
  };
  fill(parts.cores, &Place::core);
  fill(parts.sockets, &Place::socket);
  fill(parts.numa_nodes, &Place::numa_node);
  topology.parts_ = std::move(parts);
  return topology;
}

const Topology::Place* Topology::place_of(CpuId cpu) const {
  return cpus_.contains(cpu) ? &places_[static_cast<std::size_t>(cpu.value)] : nullptr;
}

const Core* Topology::core_of(CpuId cpu) const {
  const auto* place = place_of(cpu);
  return place != nullptr ? &parts_.cores[static_cast<std::size_t>(place->core)] : nullptr;
}

const Socket* Topology::socket_of(CpuId cpu) const {
  const auto* place = place_of(cpu);
  return place != nullptr ? &parts_.sockets[static_cast<std::size_t>(place->socket)] : nullptr;
}

const NumaNode* Topology::numa_node_of(CpuId cpu) const {
  const auto* place = place_of(cpu);
  if (place == nullptr || place->numa_node < 0) return nullptr;
  return &parts_.numa_nodes[static_cast<std::size_t>(place->numa_node)];
}

CpuSet Topology::widen_to_cores(const CpuSet& cpus) const {
  CpuSet wide = cpus;
  for (const CpuId cpu : cpus) {
    if (const auto* core = core_of(cpu)) wide |= core->cpus;
  }
  return wide;
}

CpuSet Topology::widen_to_sockets(const CpuSet& cpus) const {
  CpuSet wide = cpus;
  for (const auto& socket : parts_.sockets) {
    if (socket.cpus.intersects(cpus)) wide |= socket.cpus;
  }
  return wide;
}

CpuSet Topology::widen_to_numa_nodes(const CpuSet& cpus) const {
  CpuSet wide = cpus;
  for (const auto& node : parts_.numa_nodes) {
    if (node.cpus.intersects(cpus)) wide |= node.cpus;
  }
  return wide;
}

NumaSet Topology::numa_nodes_of(const CpuSet& cpus) const {
  NumaSet ids;
  for (const auto& node : parts_.numa_nodes) {
    if (node.cpus.intersects(cpus)) ids.insert(node.id);
  }
  return ids;
}

NumaSet Topology::numa_ids() const {
  NumaSet ids;
  for (const auto& node : parts_.numa_nodes) ids.insert(node.id);
  return ids;
}

}  // namespace actimanager::topology
