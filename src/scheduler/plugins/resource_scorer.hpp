// What NodeResourcesFit's strategies and NodeResourcesBalancedAllocation share: for each resource of a list,
// how much of a node would be requested with the Pod on it, and how much there is.
#pragma once

#include <string>
#include <vector>

#include "plugins.hpp"

namespace actimanager::scheduler {

struct ResourceSpec {
  std::string name;
  std::int64_t weight = 1;
};

// `resources` of the arguments; cpu and memory with weight 1 where it is left out. Weights must be in
// [1, max_weight].
std::vector<ResourceSpec> read_resources(api::JsonCursor list, std::int64_t max_weight);

struct Share {
  std::int64_t requested = 0;
  std::int64_t allocatable = 0;  // 0: the node has none, or the Pod does not care: leave it out
};

class ResourceScorer {
 public:
  enum class Count {
    requested,  // what Pods ask for, Pod-level requests included
    non_zero,   // containers without cpu or memory requests weigh something all the same; as upstream's
                // strategies do, the Pod to be placed counts by its containers alone
  };
  ResourceScorer(std::vector<ResourceSpec> resources, Count count)
      : resources_(std::move(resources)), non_zero_(count == Count::non_zero) {}

  const std::vector<ResourceSpec>& resources() const { return resources_; }
  // What the Pod asks of each.
  std::vector<std::int64_t> requests(const api::Pod& pod) const;
  Share share(std::size_t resource, std::int64_t request, const NodeInfo& node) const;

 private:
  std::vector<ResourceSpec> resources_;
  bool non_zero_;
};

// The text that two Pods share when NodeResources plugins cannot tell them apart.
void sign_requests(std::string& out, const api::Pod& pod);

}  // namespace actimanager::scheduler
