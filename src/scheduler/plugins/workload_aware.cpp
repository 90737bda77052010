// WorkloadAware: the Pod's workload class decides which CPUs of a node it gets, the policy which node.
//
//   memory-bound  threads spread evenly over NUMA nodes     MemoryBoundExclusiveSockets: level Socket
//   cpu-bound     one thread on each of as many idle cores  (the default)
//   io-bound      sibling threads packed on few cores
//   best-effort   one logical CPU                           BestEffortSharedCPUs: level None
//
// Level CPU otherwise; the feature PhysicalCores makes it Core. Within the policy's order, nodes where the
// class gets all it asks for come before nodes where it has to make do.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <actimanager/api/names.hpp>

#include "cpu_plugins.hpp"
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

using allocator::Shape;
using api::ExclusivenessLevel;

struct WorkloadArgs {
  bool balanced = false;  // else the fullest node that fits
  bool physical_cores = false;
  bool exclusive_sockets = false;
  bool shared_best_effort = false;
};

struct WorkloadClass {
  std::string_view label;
  Shape shape;
};
constexpr std::array classes = {
    WorkloadClass{"memory-bound", Shape::spread}, WorkloadClass{"cpu-bound", Shape::one_per_core},
    WorkloadClass{"io-bound", Shape::packed}, WorkloadClass{"best-effort", Shape::single}};

std::string_view label_of(const api::Pod& pod) {
  const auto* label = pod.meta.label(api::workload_type_label);
  return label == nullptr || label->empty() ? std::string_view("cpu-bound") : std::string_view(*label);
}

// Scores before normalizing: where the class is served in full this much more.
constexpr std::int64_t parts = 1'000'000;

class WorkloadAware final : public Plugin {
 public:
  explicit WorkloadAware(WorkloadArgs args) : args_(args) {}

  std::string_view name() const override { return "WorkloadAware"; }
  Points points() const override {
    return Point::pre_filter | Point::filter | Point::pre_score | Point::score | Point::reserve;
  }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    if (snapshot.is_bound_by_hand(pod.meta)) return {skip(), {}};
    const auto label = label_of(pod);
    const auto found = std::ranges::find(classes, label, &WorkloadClass::label);
    if (found == classes.end()) {
      return {unresolvable(
                  fmt::format("label {}: \"{}\" is not one of memory-bound, cpu-bound, io-bound, best-effort",
                              api::workload_type_label, label)),
              {}};
    }
    if (!state.cpu_wish) state.cpu_wish.emplace();
    state.cpu_wish->cpus = found->shape == Shape::single ? 1 : allocator::cpu_count(pod);
    state.cpu_wish->milli_cpu = to_resources(pod_requests(pod)).milli_cpu;
    state.cpu_wish->shape = found->shape;
    state.cpu_wish->class_level = level_for(found->shape);
    // Where the Pod asks for a level itself, PodIsolation looks.
    if (pod.meta.annotation(api::exclusiveness_level_annotation) != nullptr) return {};
    return {check_binding_wishes(pod, *state.cpu_wish->class_level), {}};
  }

  Status pre_score(CycleState& state, const api::Pod&, const Snapshot&, const NodeList&) const override {
    return state.cpu_wish ? Status{} : skip();
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    return filter_cpus(state, node);
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto fit = allocator::fits(node.cpus, state.cpu_wish->request(node));
    const std::int64_t all = (node.cpus.topology().cpus() - node.cpus.reserved()).size();
    const std::int64_t used = all - node.cpus.free_size();
    const auto fullness = all == 0 ? 0 : used * parts / all;
    return (fit.ideal ? parts : 0) + (args_.balanced ? parts - fullness : fullness);
  }
  bool normalizes() const override { return true; }
  void normalize(const CycleState&, const NodeList&, std::span<std::int64_t> scores) const override {
    if (scores.empty()) return;
    const auto [lowest, highest] = std::ranges::minmax(scores);
    const auto range = static_cast<double>(highest - lowest);
    for (auto& score : scores) {
      score = range == 0
                  ? max_node_score
                  : static_cast<std::int64_t>(static_cast<double>((score - lowest) * max_node_score) / range);
    }
  }

  Status reserve(CycleState& state, const api::Pod& pod, const NodeInfo& node) const override {
    return reserve_cpus(state, pod, node);
  }

  std::vector<Interest> interests() const override {
    auto interests = cpu_interests();
    const auto after_labels = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      return queue_if(is_itself(waiting, change) && label_of(*change.before) != label_of(*change.after));
    };
    interests.push_back(on<api::Pod>(Action::pod_labels, after_labels));
    return interests;
  }
  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string& out) const override {
    if (snapshot.is_bound_by_hand(pod.meta)) {
      sign_text(out, "by hand");  // no label has a space
      return true;
    }
    sign_text(out, label_of(pod));
    sign_binding_wishes(out, pod);
    fmt::format_to(std::back_inserter(out), "{}/{}", allocator::cpu_count(pod),
                   to_resources(pod_requests(pod)).milli_cpu);
    return true;
  }

 private:
  ExclusivenessLevel level_for(Shape shape) const {
    if (shape == Shape::spread && args_.exclusive_sockets) return ExclusivenessLevel::socket;
    if (shape == Shape::single && args_.shared_best_effort) return ExclusivenessLevel::none;
    return args_.physical_cores ? ExclusivenessLevel::core : ExclusivenessLevel::cpu;
  }

  WorkloadArgs args_;
};

}  // namespace

std::unique_ptr<Plugin> make_workload_aware(api::JsonCursor args) {
  WorkloadArgs read;
  const auto policy = args["policy"].string("MaximumUtilization");
  if (policy == "Balanced" || policy == "PolicyBalanced") {
    read.balanced = true;
  } else if (policy != "MaximumUtilization" && policy != "PolicyMaximumUtilization") {
    args["policy"].fail(fmt::format("\"{}\" is not one of MaximumUtilization, Balanced", policy));
  }
  args["features"].each([&](api::JsonCursor item) {
    const auto feature = item.string();
    if (feature == "PhysicalCores") {
      read.physical_cores = true;
    } else if (feature == "MemoryBoundExclusiveSockets") {
      read.exclusive_sockets = true;
    } else if (feature == "BestEffortSharedCPUs") {
      read.shared_best_effort = true;
    } else {
      item.fail(fmt::format(
          "\"{}\" is not one of PhysicalCores, MemoryBoundExclusiveSockets, BestEffortSharedCPUs", feature));
    }
  });
  return std::make_unique<WorkloadAware>(read);
}

}  // namespace actimanager::scheduler
