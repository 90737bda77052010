// PodCPUBinding (pcb, namespaced): which CPUs a Pod runs on, and how far it keeps others away from them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::api {

// What else is kept free of others: nothing, the CPUs themselves, or every CPU of the cores / sockets / NUMA
// nodes they are in.
enum class ExclusivenessLevel { none, cpu, core, socket, numa };

// What becomes of the kernel's CFS quotas, by which CPU limits are kept, where exclusive CPUs do that
// already.
enum class CfsQuota { keep, lift };

// How far the kernel itself keeps away from the CPUs: not, or by a partition that its scheduler leaves alone.
enum class Isolation { none, partition };

enum class BindingStatus {
  unset,
  pending,                    // no agent can judge it yet
  pod_not_found,              // spec.podName names no Pod
  node_topology_not_found,    // the Pod's node has no topology
  invalid_cpu_set,            // the set is wrong in itself
  cpu_set_allocation_failed,  // the set is right but somebody else has the CPUs
  validated,                  // admitted: its CPUs are held
  applied,                    // and the kernel shows them on every container
  failed,                     // admitted, but the kernel refused
};

struct PodCPUBinding {
  struct Container {
    std::string name;
    CpuSet cpu_set;        // a subset of the Pod's
    NumaSet memory_nodes;  // empty: those of its CPUs
    bool operator==(const Container&) const = default;
  };
  struct Spec {
    std::string pod_name;
    CpuSet cpu_set;
    ExclusivenessLevel exclusiveness_level = ExclusivenessLevel::none;
    std::vector<Container> containers;
    CfsQuota cfs_quota = CfsQuota::keep;
    Isolation isolation = Isolation::none;
    bool operator==(const Spec&) const = default;
  };
  // What the agent admitted last. Keeps its CPUs until it is released, whatever the spec says by now.
  struct Admitted {
    std::int64_t generation = 0;
    CpuSet cpu_set;
    CpuSet exclusive_cpus;
    std::vector<Container> containers;
    CfsQuota cfs_quota = CfsQuota::keep;
    Isolation isolation = Isolation::none;
    bool operator==(const Admitted&) const = default;
  };
  struct ObservedContainer {  // as read back from the kernel
    std::string name;
    CpuSet cpu_set;
    NumaSet memory_nodes;
    bool operator==(const ObservedContainer&) const = default;
  };
  struct Status {
    BindingStatus resource_status = BindingStatus::unset;
    std::string node_name;
    std::int64_t observed_generation = 0;
    std::vector<Condition> conditions;
    std::optional<Admitted> admitted;
    NumaSet memory_nodes;
    std::vector<ObservedContainer> containers;
    bool operator==(const Status&) const = default;
  };

  ObjectMeta meta;
  Spec spec;
  // Set when the spec could be read but not understood (a CPU id beyond what any machine has, say): the text
  // names the field. Such a binding is there for everyone to see and is refused by its judge.
  std::string spec_error;
  Status status;

  // The Pod it names: "namespace/name".
  std::string pod_key() const;
  // Its reference to a Pod as its owner; nullptr: it has none.
  const OwnerReference* owner() const;
  // "": no Pod owns it.
  std::string owner_uid() const;
  // Made by a scheduler for its Pod, rather than by hand: the Pod controls it.
  bool is_scheduler_made() const;
  // Written by hand for this Pod. Not what names an earlier Pod of its name as the owner: it goes with that
  // one.
  bool is_by_hand_for(const ObjectMeta& pod) const;
  // The spec as it stands, by its agent; what was granted before may be in force.
  bool is_refused() const;
  // By label, else by status; "": neither says.
  const std::string& node_name() const;

  // "<pod>-pcb"; where that is longer than a name may be (253), the Pod's name is shortened and told by a
  // hash.
  static std::string name_for_pod(std::string_view pod_name);

  // Errors: invalid_argument, naming the field. A spec that the CRD's schema lets through always decodes.
  static Result<PodCPUBinding> decode(const JsonValue& object);
};

std::string_view to_string(ExclusivenessLevel level);
std::optional<ExclusivenessLevel> parse_exclusiveness_level(std::string_view text);
std::string_view to_string(CfsQuota quota);
std::optional<CfsQuota> parse_cfs_quota(std::string_view text);
std::string_view to_string(Isolation isolation);
std::optional<Isolation> parse_isolation(std::string_view text);
std::string_view to_string(BindingStatus status);

nlohmann::json encode(const PodCPUBinding::Spec& spec);
nlohmann::json encode(const PodCPUBinding::Status& status);

}  // namespace actimanager::api
