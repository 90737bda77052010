// NodeResourcesBalancedAllocation: nodes on which the listed resources would be used in like proportion.
#include <algorithm>
#include <cmath>
#include <set>

#include "resource_scorer.hpp"

namespace actimanager::scheduler {
namespace {

class NodeResourcesBalancedAllocation final : public Plugin {
 public:
  explicit NodeResourcesBalancedAllocation(std::vector<ResourceSpec> resources)
      : scorer_(std::move(resources), ResourceScorer::Count::requested) {}

  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  Points points() const override { return Point::pre_score | Point::score; }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot&, const NodeList&) const override {
    auto wanted = std::make_unique<Wanted>();
    wanted->requests = scorer_.requests(pod);
    // Pods that ask for nothing would all go to the one node that happens to be balanced best.
    if (std::ranges::all_of(wanted->requests, [](auto request) { return request == 0; })) return skip();
    state.write(this, std::move(wanted));
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto& wanted = state.read<Wanted>(this)->requests;
    std::vector<double> fractions;
    double total = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto share = scorer_.share(i, wanted[i], node);
      if (share.allocatable == 0) continue;
      fractions.push_back(
          std::min(1.0, static_cast<double>(share.requested) / static_cast<double>(share.allocatable)));
      total += fractions.back();
    }
    double deviation = 0;
    if (fractions.size() == 2) {
      deviation = std::abs((fractions[0] - fractions[1]) / 2);
    } else if (fractions.size() > 2) {
      const double mean = total / static_cast<double>(fractions.size());
      double sum = 0;
      for (const double fraction : fractions) sum = sum + (fraction - mean) * (fraction - mean);
      deviation = std::sqrt(sum / static_cast<double>(fractions.size()));
    }
    return static_cast<std::int64_t>((1 - deviation) * static_cast<double>(max_node_score));
  }

  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_requests(out, pod);
    return true;
  }

 private:
  struct Wanted : CycleState::Data {
    std::vector<std::int64_t> requests;
  };
  ResourceScorer scorer_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_balanced_allocation(api::JsonCursor args) {
  auto resources = read_resources(args["resources"], 1);
  std::set<std::string_view> seen;
  for (const auto& resource : resources) {
    if (!seen.insert(resource.name).second)
      args["resources"].fail("\"" + resource.name + "\" is there twice");
  }
  return std::make_unique<NodeResourcesBalancedAllocation>(std::move(resources));
}

}  // namespace actimanager::scheduler
