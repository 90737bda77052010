#include "machines.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace actimanager::topology::testing {
namespace {

Machine build(Parts parts) {
  auto made = Topology::make(std::move(parts));
  if (!made) throw std::logic_error(made.error().message());
  return std::make_shared<const Topology>(std::move(*made));
}

}  // namespace

Machine make_machine(const Plan& plan) {
  Parts parts;
  const int numa_per_socket = std::max(1, plan.numa_per_socket);
  const int total_cores = plan.sockets * numa_per_socket * plan.cores_per_numa;
  int core_number = 0;
  for (int s = 0; s < plan.sockets; ++s) {
    Socket socket{SocketId{s}, {}};
    for (int n = 0; n < numa_per_socket; ++n) {
      NumaNode node{.id = NumaId{s * numa_per_socket + n}};
      Cache half[2];
      for (int c = 0; c < plan.cores_per_numa; ++c, ++core_number) {
        Core core{CoreId{n * plan.cores_per_numa + c}, SocketId{s}, {}};
        for (int t = 0; t < plan.threads; ++t) {
          core.cpus.insert(
              CpuId{plan.siblings_last ? core_number + t * total_cores : core_number * plan.threads + t});
        }
        socket.cpus |= core.cpus;
        node.cpus |= core.cpus;
        half[c * 2 / plan.cores_per_numa].cpus |= core.cpus;
        parts.cores.push_back(core);
      }
      if (plan.l3_per_half_numa) {
        parts.caches.push_back(half[0]);
        parts.caches.push_back(half[1]);
      } else {
        parts.caches.push_back({.cpus = node.cpus});
      }
      if (plan.numa_per_socket > 0) parts.numa_nodes.push_back(node);
    }
    parts.sockets.push_back(socket);
  }
  return build(std::move(parts));
}

Machine one_socket_smt() {
  return make_machine({});
}
Machine dual_socket_smt() {
  return make_machine({.sockets = 2});
}
Machine four_numa_nodes() {
  return make_machine({.sockets = 2, .numa_per_socket = 2, .cores_per_numa = 2, .threads = 1});
}

Machine hybrid() {
  Parts parts;
  parts.sockets = {{SocketId{0}, CpuSet::range(0, 7)}};
  parts.cores = {{CoreId{0}, SocketId{0}, {0, 1}}, {CoreId{1}, SocketId{0}, {2, 3}},
                 {CoreId{2}, SocketId{0}, {4}},    {CoreId{3}, SocketId{0}, {5}},
                 {CoreId{4}, SocketId{0}, {6}},    {CoreId{5}, SocketId{0}, {7}}};
  parts.numa_nodes = {{.id = NumaId{0}, .cpus = CpuSet::range(0, 7)}};
  parts.cpu_kinds = {{"performance", CpuSet::range(0, 3)}, {"efficiency", CpuSet::range(4, 7)}};
  return build(std::move(parts));
}

Machine random_machine(std::mt19937& random, int max_cpus) {
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  std::vector<int> ids(static_cast<std::size_t>(max_cpus));
  std::iota(ids.begin(), ids.end(), 0);
  if (pick(0, 1) == 0) {  // sparse
    for (auto& id : ids) id = id * 7 % 300 + (id * 7 / 300) * 300;
  }
  if (pick(0, 1) == 0) std::ranges::shuffle(ids, random);

  Parts parts;
  const int sockets = pick(1, 3);
  const int threads = pick(1, 3);
  std::size_t next = 0;
  for (int s = 0; s < sockets && next < ids.size(); ++s) {
    Socket socket{SocketId{s * 3}, {}};
    const int cores = pick(1, 4);
    for (int c = 0; c < cores && next < ids.size(); ++c) {
      Core core{CoreId{c * 2}, socket.id, {}};  // the same ids in every socket
      const int own_threads = pick(0, 3) == 0 ? 1 : threads;
      for (int t = 0; t < own_threads && next < ids.size(); ++t) core.cpus.insert(CpuId{ids[next++]});
      socket.cpus |= core.cpus;
      parts.cores.push_back(core);
    }
    parts.sockets.push_back(socket);
  }
  const int numa = pick(0, 3);  // 0: none; 1: a node per socket; 2: nodes by core; 3: one for all
  for (std::size_t i = 0; numa == 1 && i < parts.sockets.size(); ++i) {
    parts.numa_nodes.push_back({.id = NumaId{static_cast<int>(i)}, .cpus = parts.sockets[i].cpus});
  }
  if (numa == 2) {
    const int nodes = pick(1, 4);
    for (int n = 0; n < nodes; ++n) parts.numa_nodes.push_back({.id = NumaId{n * 2}});
    for (const auto& core : parts.cores) {
      if (pick(0, 9) == 0) continue;  // in no NUMA node
      parts.numa_nodes[static_cast<std::size_t>(pick(0, nodes - 1))].cpus |= core.cpus;
    }
  }
  if (numa == 3) {
    NumaNode all{.id = NumaId{0}};
    for (const auto& socket : parts.sockets) all.cpus |= socket.cpus;
    parts.numa_nodes = {all, {.id = NumaId{1}}};  // and one of memory only
  }
  if (pick(0, 1) == 0) {
    for (const auto& socket : parts.sockets) parts.caches.push_back({.cpus = socket.cpus});
  }
  if (pick(0, 2) == 0) {
    CpuKind fast{"performance", {}}, slow{"efficiency", {}};
    for (const auto& core : parts.cores) (pick(0, 1) == 0 ? fast : slow).cpus |= core.cpus;
    parts.cpu_kinds = {fast, slow};
  }
  return build(std::move(parts));
}

}  // namespace actimanager::topology::testing
