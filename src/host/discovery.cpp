#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <ranges>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hwloc.h>

#include <actimanager/host/discovery.hpp>

namespace actimanager::host {
namespace {

using topology::Topology;

struct Destroy {
  void operator()(hwloc_topology* hwloc) const { hwloc_topology_destroy(hwloc); }
};
using Hwloc = std::unique_ptr<hwloc_topology, Destroy>;

struct FreeBitmap {
  void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};

std::vector<hwloc_obj_t> objects_of(hwloc_topology* hwloc, hwloc_obj_type_t type) {
  std::vector<hwloc_obj_t> objects;
  for (hwloc_obj_t object = nullptr; (object = hwloc_get_next_obj_by_type(hwloc, type, object)) != nullptr;) {
    objects.push_back(object);
  }
  return objects;
}

// Bits outside `known` are CPUs that hwloc knows of but that are not online.
CpuSet to_cpu_set(hwloc_const_bitmap_t bitmap, const CpuSet& known) {
  CpuSet cpus;
  if (bitmap == nullptr) return cpus;
  for (const CpuId cpu : known) {
    if (hwloc_bitmap_isset(bitmap, static_cast<unsigned>(cpu.value)) != 0) cpus.insert(cpu);
  }
  return cpus;
}

bool is_id(unsigned os_index) {
  return os_index <= static_cast<unsigned>(CpuSet::max_id);
}

// Package and core ids can be any number the firmware likes; beyond nine digits they mean "none".
bool is_hardware_id(unsigned os_index) {
  return os_index <= 999'999'999;
}

Result<CpuSet> cpus_of(hwloc_topology* hwloc) {
  CpuSet cpus;
  for (const auto* pu : objects_of(hwloc, HWLOC_OBJ_PU)) {
    if (!is_id(pu->os_index)) {
      return fail(Errc::out_of_range, fmt::format("CPU {} is above {}", pu->os_index, CpuSet::max_id));
    }
    cpus.insert(CpuId{static_cast<int>(pu->os_index)});
  }
  if (cpus.empty()) return fail(Errc::invalid_argument, "it has no CPU");
  return cpus;
}

// A socket for each package, and one more for CPUs in none (machines that report no packages).
void read_sockets_and_cores(hwloc_topology* hwloc, topology::Parts& parts) {
  struct Found {
    std::map<hwloc_obj_t, CpuSet> cores;  // by core, or by PU where it is in no core
    bool core_ids_usable = true;
    CpuSet cpus;
  };
  std::map<hwloc_obj_t, Found> packages;  // nullptr: in no package
  for (auto* pu : objects_of(hwloc, HWLOC_OBJ_PU)) {
    auto& package = packages[hwloc_get_ancestor_obj_by_type(hwloc, HWLOC_OBJ_PACKAGE, pu)];
    auto* core = hwloc_get_ancestor_obj_by_type(hwloc, HWLOC_OBJ_CORE, pu);
    const CpuId cpu{static_cast<int>(pu->os_index)};
    package.cores[core != nullptr ? core : pu].insert(cpu);
    package.cpus.insert(cpu);
  }
  std::set<unsigned> package_ids;
  for (auto& [package, found] : packages) {
    if (package != nullptr && is_hardware_id(package->os_index)) package_ids.insert(package->os_index);
    std::set<unsigned> core_ids;
    for (const auto& [core, cpus] : found.cores) core_ids.insert(core->os_index);
    found.core_ids_usable = core_ids.size() == found.cores.size() &&
                            std::ranges::all_of(core_ids, is_hardware_id) &&
                            std::ranges::all_of(found.cores, [&](const auto& core) {
                              return core.first->type == found.cores.begin()->first->type;
                            });
  }
  const bool package_ids_usable = package_ids.size() == packages.size();

  std::vector<const std::pair<const hwloc_obj_t, Found>*> in_order;
  for (const auto& package : packages) in_order.push_back(&package);
  std::ranges::sort(in_order, {}, [](const auto* package) { return package->second.cpus.first(); });
  int next_id = 0;
  for (const auto* entry : in_order) {
    const auto& [package, found] = *entry;
    const SocketId socket{package_ids_usable ? static_cast<int>(package->os_index) : next_id++};
    parts.sockets.push_back({socket, found.cpus});
    for (const auto& [core, cpus] : found.cores) {
      const int id = found.core_ids_usable ? static_cast<int>(core->os_index) : cpus.first()->value;
      parts.cores.push_back({CoreId{id}, socket, cpus});
    }
  }
}

// The SLIT matrix, row by row in the order of `nodes`; empty where there is none or it makes no sense.
std::vector<std::vector<int>> read_distances(hwloc_topology* hwloc, const std::vector<hwloc_obj_t>& nodes) {
  constexpr hwloc_uint64_t largest = 65535;
  hwloc_distances_s* distances = nullptr;
  unsigned count = 1;
  if (hwloc_distances_get_by_type(hwloc, HWLOC_OBJ_NUMANODE, &count, &distances,
                                  HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0 ||
      count == 0) {
    return {};
  }
  const auto release = [hwloc](hwloc_distances_s* d) { hwloc_distances_release(hwloc, d); };
  const std::unique_ptr<hwloc_distances_s, decltype(release)> owner(distances, release);

  std::vector<unsigned> index;  // of each node in the matrix
  for (auto* node : nodes) {
    const int i = hwloc_distances_obj_index(distances, node);
    if (i < 0) return {};
    index.push_back(static_cast<unsigned>(i));
  }
  std::vector<std::vector<int>> rows;
  for (const unsigned from : index) {
    auto& row = rows.emplace_back();
    for (const unsigned to : index) {
      const auto value = distances->values[from * distances->nbobjs + to];
      if (value > largest) return {};
      row.push_back(static_cast<int>(value));
    }
  }
  return rows;
}

// hwloc lists a node without CPUs of its own (HBM, CXL) with the CPUs near it. The kernel has each CPU in
// one node: the node with the fewest CPUs, and of equals the first, is it.
Result<void> read_numa_nodes(hwloc_topology* hwloc, const CpuSet& online, topology::Parts& parts) {
  auto nodes = objects_of(hwloc, HWLOC_OBJ_NUMANODE);
  std::ranges::sort(nodes, {}, [](hwloc_obj_t node) { return node->os_index; });
  const auto distances = read_distances(hwloc, nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!is_id(nodes[i]->os_index)) {
      return fail(Errc::out_of_range,
                  fmt::format("NUMA node {} is above {}", nodes[i]->os_index, NumaSet::max_id));
    }
    parts.numa_nodes.push_back({.id = NumaId{static_cast<int>(nodes[i]->os_index)},
                                .cpus = to_cpu_set(nodes[i]->cpuset, online),
                                .memory_bytes = nodes[i]->attr->numanode.local_memory,
                                .distances = distances.empty() ? std::vector<int>{} : distances[i]});
  }
  std::vector<topology::NumaNode*> by_size;
  for (auto& node : parts.numa_nodes) by_size.push_back(&node);
  std::ranges::sort(by_size, {}, [](const auto* node) { return std::pair(node->cpus.size(), node->id); });
  CpuSet taken;
  for (auto* node : by_size) {
    node->cpus -= taken;
    taken |= node->cpus;
  }
  return {};
}

void read_caches(hwloc_topology* hwloc, const CpuSet& online, topology::Parts& parts) {
  for (const auto* cache : objects_of(hwloc, HWLOC_OBJ_L3CACHE)) {
    auto cpus = to_cpu_set(cache->cpuset, online);
    if (!cpus.empty()) {
      parts.caches.push_back({.level = 3, .cpus = std::move(cpus), .size_bytes = cache->attr->cache.size});
    }
  }
}

// Intel says which cores are which; elsewhere the kind hwloc ranks highest is the performance one.
void read_cpu_kinds(hwloc_topology* hwloc, const CpuSet& online, topology::Parts& parts) {
  const int count = hwloc_cpukinds_get_nr(hwloc, 0);
  if (count < 2) return;
  CpuSet performance, efficiency;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<hwloc_bitmap_s, FreeBitmap> bitmap(hwloc_bitmap_alloc());
    int rank = -1;
    unsigned info_count = 0;
    hwloc_info_s* infos = nullptr;
    if (bitmap == nullptr || hwloc_cpukinds_get_info(hwloc, static_cast<unsigned>(i), bitmap.get(), &rank,
                                                     &info_count, &infos, 0) != 0) {
      return;
    }
    std::string_view core_type;
    for (unsigned n = 0; n < info_count; ++n) {
      if (std::string_view(infos[n].name) == "CoreType") core_type = infos[n].value;
    }
    if (core_type.empty() && rank < 0) return;  // kinds that nobody can rank
    const bool fast = core_type.empty() ? rank == count - 1 : core_type == "IntelCore";
    (fast ? performance : efficiency) |= to_cpu_set(bitmap.get(), online);
  }
  if (performance.empty() || efficiency.empty() || performance.intersects(efficiency)) return;
  parts.cpu_kinds = {{"performance", performance}, {"efficiency", efficiency}};
}

Result<Hwloc> make_hwloc() {
  hwloc_topology* raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return fail(Errc::unavailable, "hwloc does not start");
  Hwloc hwloc(raw);
  // Without this flag CPUs outside the process's own cpuset would be missing.
  if (hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) != 0) {
    return fail(Errc::unavailable, "hwloc refuses its flags");
  }
  return hwloc;
}

Result<Topology> load(const Hwloc& hwloc, Errc code, const std::string& what, std::string_view complaint) {
  if (hwloc_topology_load(hwloc.get()) != 0) return fail(code, fmt::format("{}: {}", what, complaint));
  auto topology = from_hwloc(hwloc.get());
  if (!topology) return fail(std::move(topology.error()).wrap(what));
  return topology;
}

Result<Topology> from_xml(const std::string& path, std::string_view origin) {
  const auto what = fmt::format("{}{}", origin, path);
  errno = 0;
  if (std::ifstream file(path); !file || file.peek() == std::ifstream::traits_type::eof()) {
    const int reason = errno;
    return fail(
        Errc::invalid_argument,
        fmt::format("{}: {}", what, reason != 0 ? std::generic_category().message(reason) : "is empty"));
  }
  const auto hwloc = make_hwloc();
  if (!hwloc) return fail(hwloc.error());
  constexpr std::string_view complaint = "not an hwloc XML topology (lstopo writes one: lstopo machine.xml)";
  if (hwloc_topology_set_xml(hwloc->get(), path.c_str()) != 0) {
    return fail(Errc::invalid_argument, fmt::format("{}: {}", what, complaint));
  }
  return load(*hwloc, Errc::invalid_argument, what, complaint);
}

// hwloc makes as many as it is told to, however long that takes.
bool has_too_many_cpus(std::string_view description) {
  std::int64_t cpus = 1;
  for (const auto part : std::views::split(description, ' ')) {
    std::string_view word(part.begin(), part.end());
    if (word.find('=') != word.npos) continue;  // an attribute
    if (const auto colon = word.find(':'); colon != word.npos) word.remove_prefix(colon + 1);
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    if (error == std::errc::result_out_of_range || count > CpuSet::max_id + 1) return true;
    if (error == std::errc() && count > 0) cpus *= count;
    if (cpus > CpuSet::max_id + 1) return true;
  }
  return false;
}

Result<Topology> from_synthetic(const std::string& description, std::string_view origin) {
  const auto what = fmt::format("{}\"{}\"", origin, description);
  if (has_too_many_cpus(description)) {
    return fail(Errc::invalid_argument, fmt::format("{}: more than {} CPUs", what, CpuSet::max_id + 1));
  }
  const auto hwloc = make_hwloc();
  if (!hwloc) return fail(hwloc.error());
  constexpr std::string_view complaint =
      "not an hwloc synthetic topology such as \"pack:2 [numa] l3:1 core:4 pu:2\"";
  if (hwloc_topology_set_synthetic(hwloc->get(), description.c_str()) != 0) {
    return fail(Errc::invalid_argument, fmt::format("{}: {}", what, complaint));
  }
  return load(*hwloc, Errc::invalid_argument, what, complaint);
}

}  // namespace

Result<Topology> from_hwloc(hwloc_topology* hwloc) {
  const auto online = cpus_of(hwloc);
  if (!online) return fail(online.error());
  topology::Parts parts;
  read_sockets_and_cores(hwloc, parts);
  if (const auto read = read_numa_nodes(hwloc, *online, parts); !read) return fail(read.error());
  read_caches(hwloc, *online, parts);
  read_cpu_kinds(hwloc, *online, parts);
  return Topology::make(std::move(parts));
}

Result<Topology> discover(const DiscoveryOptions& options) {
  if (!options.xml_file.empty() && !options.synthetic.empty()) {
    return fail(Errc::invalid_argument, "an XML file and a synthetic topology exclude each other");
  }
  if (!options.xml_file.empty()) return from_xml(options.xml_file, "");
  if (!options.synthetic.empty()) return from_synthetic(options.synthetic, "synthetic topology ");
  // hwloc would read these itself, but fall back to this machine without a word where they are wrong.
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  if (const auto path = variable("HWLOC_XMLFILE"); !path.empty()) return from_xml(path, "HWLOC_XMLFILE=");
  if (const auto text = variable("HWLOC_SYNTHETIC"); !text.empty()) {
    return from_synthetic(text, "HWLOC_SYNTHETIC=");
  }
  const auto hwloc = make_hwloc();
  if (!hwloc) return fail(hwloc.error());
  return load(*hwloc, Errc::unavailable, "this machine's topology", "hwloc could not read it");
}

namespace {

template <class Set>
Result<Set> read_list(const char* path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    return fail(std::error_code(errno != 0 ? errno : EIO, std::generic_category()),
                fmt::format("{}: read", path));
  }
  auto ids = Set::parse(text);
  if (!ids) return fail(std::move(ids.error()).wrap(path));
  return ids;
}

}  // namespace

Result<CpuSet> online_cpus() {
  return read_list<CpuSet>("/sys/devices/system/cpu/online");
}

Result<CpuSet> present_cpus() {
  return read_list<CpuSet>("/sys/devices/system/cpu/present");
}

Result<Hardware> hardware() {
  auto online = online_cpus();
  if (!online) return fail(std::move(online.error()));
  auto memory = read_list<NumaSet>("/sys/devices/system/node/has_memory");
  if (!memory && memory.error().code == std::errc::no_such_file_or_directory) memory = NumaSet();
  if (!memory) return fail(std::move(memory.error()));
  return Hardware{std::move(*online), std::move(*memory)};
}

}  // namespace actimanager::host
