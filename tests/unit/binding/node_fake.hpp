// NodeFake: one node with its Pods and bindings, as the API server and the node's agent together would hold
// them. Everything happens one second after the other; Pods and bindings are in namespace "default" and named
// without it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <actimanager/binding/admission.hpp>
#include <actimanager/binding/desired.hpp>
#include <actimanager/binding/status.hpp>

#include "machines.hpp"

namespace actimanager::binding::testing {

using api::ExclusivenessLevel;
using enum api::ExclusivenessLevel;

class NodeFake {
 public:
  explicit NodeFake(topology::testing::Machine machine, CpuSet reserved = {});

  // Its UID is "<name>-1", and "<name>-2" and so on if there was one of the name before; its containers are
  // "app" and the init container "setup".
  api::Pod& add_pod(const std::string& name);
  // That the next Pod of this name will have.
  std::string next_uid(const std::string& name) const;
  void remove_pod(const std::string& name) { pods_.erase(name); }
  api::Pod& pod(const std::string& name) { return pods_.at(name); }

  // Made by hand: it has no owner before it is admitted.
  api::PodCPUBinding& bind(const std::string& name, const std::string& pod, const CpuSet& cpus,
                           ExclusivenessLevel level);
  // Made by a scheduler for the Pod of this UID.
  api::PodCPUBinding& place(const std::string& pod, const std::string& uid, const CpuSet& cpus,
                            ExclusivenessLevel level);
  // A new generation of its spec.
  void edit(const std::string& name, const CpuSet& cpus, ExclusivenessLevel level);
  void remove(const std::string& name) { bindings_.erase(name); }
  api::PodCPUBinding& binding(const std::string& name) { return bindings_.at(name); }
  const std::map<std::string, api::PodCPUBinding>& bindings() const { return bindings_; }

  void set_reserved(const CpuSet& reserved) { facts_.reserved = reserved; }
  // As the kernel would after hotplug: only online CPUs are in a topology.
  void set_offline(const CpuSet& offline);
  const NodeFacts& facts() const { return facts_; }
  void forget_topology() { facts_.topology.reset(); }

  std::vector<BindingPointer> objects() const;
  std::vector<Verdict> judge(const std::vector<BindingPointer>& objects) const;
  Verdict judge(const std::string& name) const;
  Desired desired() const;
  // What an agent writes: owners and statuses. Returns whether any of them changed.
  bool reconcile();

 private:
  api::Time next_second() { return now_ += std::chrono::seconds(1); }

  topology::testing::Machine machine_;
  NodeFacts facts_;
  api::Time now_{std::chrono::seconds(1'700'000'000)};
  int uids_ = 0;
  std::map<std::string, int> incarnations_;
  std::map<std::string, api::Pod> pods_;
  std::map<std::string, api::PodCPUBinding> bindings_;
};

}  // namespace actimanager::binding::testing
