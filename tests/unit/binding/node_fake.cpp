#include "node_fake.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <actimanager/api/names.hpp>

namespace actimanager::binding::testing {
namespace {

// The machine without these CPUs, and without what has none left.
topology::testing::Machine without(const topology::Topology& machine, const CpuSet& offline) {
  auto parts = machine.parts();
  const auto drop = [&](auto& list) {
    for (auto& part : list) part.cpus -= offline;
  };
  drop(parts.sockets);
  drop(parts.cores);
  drop(parts.numa_nodes);
  drop(parts.caches);
  drop(parts.cpu_kinds);
  std::erase_if(parts.sockets, [](const auto& part) { return part.cpus.empty(); });
  std::erase_if(parts.cores, [](const auto& part) { return part.cpus.empty(); });
  std::erase_if(parts.caches, [](const auto& part) { return part.cpus.empty(); });
  return std::make_shared<topology::Topology>(value_or_throw(topology::Topology::make(std::move(parts))));
}

}  // namespace

NodeFake::NodeFake(topology::testing::Machine machine, CpuSet reserved)
    : machine_(std::move(machine)), facts_{machine_, std::move(reserved)} {}

api::Pod& NodeFake::add_pod(const std::string& name) {
  auto& pod = pods_[name];
  pod.meta.name = name;
  pod.meta.namespace_ = "default";
  pod.meta.uid = next_uid(name);
  ++incarnations_[name];
  pod.meta.creation_timestamp = next_second();
  pod.node_name = "node-a";
  pod.phase = "Running";
  pod.spec->containers = {{.name = "app"}};
  pod.spec->init_containers = {{.name = "setup"}};
  return pod;
}

std::string NodeFake::next_uid(const std::string& name) const {
  const auto it = incarnations_.find(name);
  return fmt::format("{}-{}", name, it == incarnations_.end() ? 1 : it->second + 1);
}

api::PodCPUBinding& NodeFake::bind(const std::string& name, const std::string& pod, const CpuSet& cpus,
                                   ExclusivenessLevel level) {
  auto& binding = bindings_[name];
  binding.meta.name = name;
  binding.meta.namespace_ = "default";
  binding.meta.uid = fmt::format("uid-{:03}", ++uids_);
  binding.meta.generation = 1;
  binding.meta.creation_timestamp = next_second();
  binding.spec = {.pod_name = pod, .cpu_set = cpus, .exclusiveness_level = level};
  return binding;
}

api::PodCPUBinding& NodeFake::place(const std::string& pod, const std::string& uid, const CpuSet& cpus,
                                    ExclusivenessLevel level) {
  auto& binding = bind(api::PodCPUBinding::name_for_pod(pod), pod, cpus, level);
  (*binding.meta.labels)[std::string(api::node_name_label)] = "node-a";
  *binding.meta.owner_references = {
      {.api_version = "v1", .kind = "Pod", .name = pod, .uid = uid, .controller = true}};
  return binding;
}

void NodeFake::edit(const std::string& name, const CpuSet& cpus, ExclusivenessLevel level) {
  auto& binding = bindings_.at(name);
  binding.spec.cpu_set = cpus;
  binding.spec.exclusiveness_level = level;
  ++binding.meta.generation;
}

void NodeFake::set_offline(const CpuSet& offline) {
  facts_.topology = without(*machine_, offline);
}

std::vector<BindingPointer> NodeFake::objects() const {
  std::vector<BindingPointer> objects;
  for (const auto& [name, binding] : bindings_) {
    objects.push_back(std::make_shared<api::PodCPUBinding>(binding));
  }
  return objects;
}

std::vector<Verdict> NodeFake::judge(const std::vector<BindingPointer>& objects) const {
  const auto by_key = [&](const std::string& key) -> PodPointer {
    const std::string prefix = "default/";
    const auto it = key.starts_with(prefix) ? pods_.find(key.substr(prefix.size())) : pods_.end();
    return it == pods_.end() ? nullptr : std::make_shared<api::Pod>(it->second);
  };
  const auto has_uid = [&](const std::string& uid) {
    return std::ranges::any_of(pods_, [&](const auto& pod) { return pod.second.meta.uid == uid; });
  };
  return admit(facts_, objects, {by_key, has_uid});
}

Verdict NodeFake::judge(const std::string& name) const {
  for (auto& verdict : judge(objects())) {
    if (verdict.binding->meta.name == name) return verdict;
  }
  throw std::out_of_range(name);
}

Desired NodeFake::desired() const {
  return desired_cpusets(facts_, judge(objects()));
}

bool NodeFake::reconcile() {
  bool changed = false;
  const auto now = next_second();
  for (const auto& verdict : judge(objects())) {
    if (verdict.kind == Verdict::Kind::not_ours) continue;
    auto& binding = bindings_.at(verdict.binding->meta.name);
    if (verdict.admitted() && verdict.pod && binding.owner_uid().empty()) {
      binding.meta.owner_references->push_back(
          {.api_version = "v1", .kind = "Pod", .name = verdict.pod->meta.name, .uid = verdict.pod->meta.uid});
      changed = true;
    }
    auto status = next_status(verdict, "node-a", {.complete = true}, *facts_.topology, now);
    changed = changed || status != binding.status;
    binding.status = std::move(status);
  }
  return changed;
}

}  // namespace actimanager::binding::testing
