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

}  // namespace

Result<Topology> Topology::make(Parts parts) {
  std::ranges::sort(parts.sockets, {}, &Socket::id);
  std::ranges::sort(parts.numa_nodes, {}, &NumaNode::id);
  const auto lowest_cpu = [](const auto& part) { return part.cpus.first(); };
  std::ranges::sort(parts.cores, [&](const Core& a, const Core& b) {
    return std::tuple(a.socket, lowest_cpu(a)) < std::tuple(b.socket, lowest_cpu(b));
  });
  std::ranges::sort(parts.caches, [&](const Cache& a, const Cache& b) {
    return std::tuple(a.level, lowest_cpu(a)) < std::tuple(b.level, lowest_cpu(b));
  });
  if (const auto* twice = duplicate_id(parts.sockets))
    return bad(fmt::format("socket {} is there twice", twice->id.value));
  if (const auto* twice = duplicate_id(parts.numa_nodes)) {
    return bad(fmt::format("NUMA node {} is there twice", twice->id.value));
  }

  Topology topology;
  for (const auto& core : parts.cores) {
    if (core.cpus.empty())
      return bad(fmt::format("core {} of socket {} has no CPU", core.id.value, core.socket.value));
    if (topology.cpus_.intersects(core.cpus)) {
      return bad(fmt::format("CPUs {} of core {} of socket {} are in another core too",
                             (topology.cpus_ & core.cpus).to_string(), core.id.value, core.socket.value));
    }
    topology.cpus_ |= core.cpus;
  }
  if (const auto last = topology.cpus_.last())
    topology.places_.resize(static_cast<std::size_t>(last->value) + 1);
  const auto place = [&](CpuId cpu) -> Place& {
    return topology.places_[static_cast<std::size_t>(cpu.value)];
  };

  // Both are sorted by socket, so the cores of each socket follow each other.
  std::size_t c = 0;
  for (std::size_t s = 0; s < parts.sockets.size(); ++s) {
    const auto& socket = parts.sockets[s];
    if (socket.cpus.empty()) return bad(fmt::format("socket {} has no CPU", socket.id.value));
    CpuSet of_cores;
    std::set<CoreId> core_ids;
    while (c < parts.cores.size() && parts.cores[c].socket < socket.id) ++c;
    for (; c < parts.cores.size() && parts.cores[c].socket == socket.id; ++c) {
      const auto& core = parts.cores[c];
      if (!core_ids.insert(core.id).second) {
        return bad(fmt::format("core {} of socket {} is there twice", core.id.value, socket.id.value));
      }
      of_cores |= core.cpus;
      for (const CpuId cpu : core.cpus) place(cpu) = {static_cast<int>(c), static_cast<int>(s), -1};
    }
    if (of_cores != socket.cpus) {
      return bad(fmt::format("socket {}: its CPUs are {}, its cores' are {}", socket.id.value,
                             socket.cpus.to_string(), of_cores.to_string()));
    }
  }
  for (const auto& core : parts.cores) {
    if (place(*core.cpus.first()).socket < 0) {
      return bad(
          fmt::format("core {} is in socket {}, which is not there", core.id.value, core.socket.value));
    }
  }
  for (std::size_t n = 0; n < parts.numa_nodes.size(); ++n) {
    for (const CpuId cpu : parts.numa_nodes[n].cpus) {
      if (!topology.cpus_.contains(cpu)) {
        return bad(
            fmt::format("NUMA node {}: CPU {} is in no core", parts.numa_nodes[n].id.value, cpu.value));
      }
      if (place(cpu).numa_node >= 0) return bad(fmt::format("CPU {} is in two NUMA nodes", cpu.value));
      place(cpu).numa_node = static_cast<int>(n);
    }
  }
  for (const auto& cache : parts.caches) {
    if (!topology.cpus_.includes(cache.cpus)) {
      return bad(fmt::format("L{} cache: CPUs {} are in no core", cache.level,
                             (cache.cpus - topology.cpus_).to_string()));
    }
  }
  for (const auto& kind : parts.cpu_kinds) {
    if (!topology.cpus_.includes(kind.cpus)) {
      return bad(fmt::format("CPU kind {}: CPUs {} are in no core", kind.name,
                             (kind.cpus - topology.cpus_).to_string()));
    }
  }
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
