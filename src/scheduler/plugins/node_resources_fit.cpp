// NodeResourcesFit: no node without room for the Pod's requests; of the others, the emptiest, the fullest or
// what a curve says, as scoringStrategy tells.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "../labels.hpp"
#include "helpers.hpp"
#include "hints.hpp"
#include "resource_scorer.hpp"

namespace actimanager::scheduler {
namespace {

enum class Strategy { least_allocated, most_allocated, requested_to_capacity_ratio };

struct CurvePoint {
  std::int64_t utilization = 0;  // percent
  std::int64_t score = 0;        // [0, 100]
};

std::int64_t on_curve(const std::vector<CurvePoint>& curve, std::int64_t utilization) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (utilization > curve[i].utilization) continue;
    if (i == 0) return curve[0].score;
    const auto& from = curve[i - 1];
    return from.score + (curve[i].score - from.score) * (utilization - from.utilization) /
                            (curve[i].utilization - from.utilization);
  }
  return curve.back().score;
}

struct FitArgs {
  Strategy strategy = Strategy::least_allocated;
  std::vector<ResourceSpec> resources;
  std::vector<CurvePoint> curve;
  std::vector<std::string> ignored_resources;
  std::vector<std::string> ignored_groups;
};

class NodeResourcesFit final : public Plugin {
 public:
  explicit NodeResourcesFit(FitArgs args)
      : args_(std::move(args)), scorer_(args_.resources, ResourceScorer::Count::non_zero) {}

  std::string_view name() const override { return "NodeResourcesFit"; }
  Points points() const override {
    return Point::pre_filter | Point::filter | Point::pre_score | Point::score;
  }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod, const Snapshot&) const override {
    auto wanted = std::make_unique<Wanted>();
    wanted->requests = to_resources(pod_requests(pod));
    wanted->scored = scorer_.requests(pod);
    state.write(this, std::move(wanted));
    return {};
  }

  Status filter(const CycleState& state, const api::Pod& pod, const NodeInfo& node) const override {
    const auto* wanted = state.read<Wanted>(this);
    return wanted != nullptr ? fit(wanted->requests, node) : fit(to_resources(pod_requests(pod)), node);
  }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList&) const override {
    if (state.read<Wanted>(this) == nullptr) return pre_filter(state, pod, snapshot).status;
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto& wanted = state.read<Wanted>(this)->scored;
    std::int64_t sum = 0;
    std::int64_t weights = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto share = scorer_.share(i, wanted[i], node);
      if (share.allocatable == 0) continue;
      const auto score = of_one(share);
      // The curve leaves out what scores nothing.
      if (args_.strategy == Strategy::requested_to_capacity_ratio && score <= 0) continue;
      sum += score * args_.resources[i].weight;
      weights += args_.resources[i].weight;
    }
    if (weights == 0) return 0;
    if (args_.strategy == Strategy::requested_to_capacity_ratio) {
      return static_cast<std::int64_t>(std::round(static_cast<double>(sum) / static_cast<double>(weights)));
    }
    return sum / weights;
  }

  std::vector<Interest> interests() const override {
    return resource_interests([this](const Resources& requested, const Resources& allocatable) {
      NodeInfo empty;
      empty.allocatable = allocatable;
      return fit(requested, empty).ok();
    });
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_requests(out, pod);
    return true;
  }

 private:
  struct Wanted : CycleState::Data {
    Resources requests;
    std::vector<std::int64_t> scored;
  };

  bool ignored(const std::string& resource) const {
    if (!is_extended_resource(resource)) return false;
    return std::ranges::find(args_.ignored_resources, resource) != args_.ignored_resources.end() ||
           std::ranges::find(args_.ignored_groups, resource.substr(0, resource.find('/'))) !=
               args_.ignored_groups.end();
  }

  Status fit(const Resources& wanted, const NodeInfo& node) const {
    Status status;
    const auto refuse = [&](std::string reason, bool hopeless) {
      status.reasons.push_back(std::move(reason));
      if (status.code != Code::unschedulable_and_unresolvable) {
        status.code = hopeless ? Code::unschedulable_and_unresolvable : Code::unschedulable;
      }
    };
    if (std::ssize(node.pods) + 1 > node.allocatable.pods) refuse("Too many pods", false);
    const auto check = [&](std::string_view name, std::int64_t want, std::int64_t used, std::int64_t have) {
      if (want > 0 && want > have - used) refuse(fmt::format("Insufficient {}", name), want > have);
    };
    check("cpu", wanted.milli_cpu, node.requested.milli_cpu, node.allocatable.milli_cpu);
    check("memory", wanted.memory, node.requested.memory, node.allocatable.memory);
    check("ephemeral-storage", wanted.ephemeral_storage, node.requested.ephemeral_storage,
          node.allocatable.ephemeral_storage);
    for (const auto& [name, want] : wanted.scalars) {
      if (!ignored(name)) check(name, want, node.requested.scalar(name), node.allocatable.scalar(name));
    }
    return status;
  }

  std::int64_t of_one(const Share& share) const {
    const auto requested = share.requested;
    const auto there = share.allocatable;
    switch (args_.strategy) {
      case Strategy::least_allocated:
        return requested > there ? 0 : (there - requested) * max_node_score / there;
      case Strategy::most_allocated:
        return std::min(requested, there) * max_node_score / there;
      case Strategy::requested_to_capacity_ratio:
        return on_curve(args_.curve, requested > there ? 100 : requested * 100 / there);
    }
    return 0;
  }

  FitArgs args_;
  ResourceScorer scorer_;
};

std::vector<CurvePoint> read_curve(api::JsonCursor shape) {
  std::vector<CurvePoint> curve;
  shape.each([&](api::JsonCursor item) {
    only_fields(item, {"utilization", "score"});
    const auto utilization = item["utilization"].integer_between(0, 100, 0);
    const auto score = item["score"].integer_between(0, 10, 0);
    if (!curve.empty() && utilization <= curve.back().utilization) {
      item["utilization"].fail("values must be sorted in increasing order");
    }
    curve.push_back({utilization, score * 10});
  });
  return curve;
}

}  // namespace

std::unique_ptr<Plugin> make_node_resources_fit(api::JsonCursor args) {
  FitArgs read;
  args["ignoredResources"].each([&](api::JsonCursor item) {
    read.ignored_resources.push_back(item.string());
    if (!is_qualified_name(read.ignored_resources.back())) item.fail("is not a resource's name");
  });
  args["ignoredResourceGroups"].each([&](api::JsonCursor item) {
    read.ignored_groups.push_back(item.string());
    if (read.ignored_groups.back().contains('/')) item.fail("a resource group's name can't contain '/'");
    if (!is_qualified_name(read.ignored_groups.back())) item.fail("is not a resource group's name");
  });
  const auto strategy = args["scoringStrategy"];
  only_fields(strategy, {"type", "resources", "requestedToCapacityRatio"});
  only_fields(strategy["requestedToCapacityRatio"], {"shape"});
  const auto type = strategy["type"].string("LeastAllocated");
  if (type == "MostAllocated") {
    read.strategy = Strategy::most_allocated;
  } else if (type == "RequestedToCapacityRatio") {
    read.strategy = Strategy::requested_to_capacity_ratio;
  } else if (type != "LeastAllocated") {
    strategy["type"].fail(
        fmt::format("\"{}\" is not one of LeastAllocated, MostAllocated, RequestedToCapacityRatio", type));
  }
  read.resources = read_resources(strategy["resources"], 100);
  read.curve = read_curve(strategy["requestedToCapacityRatio"]["shape"]);
  if (read.strategy == Strategy::requested_to_capacity_ratio && read.curve.empty()) {
    strategy.fail("requestedToCapacityRatio.shape: at least one point must be specified");
    read.curve.push_back({});
  }
  return std::make_unique<NodeResourcesFit>(std::move(read));
}

}  // namespace actimanager::scheduler
