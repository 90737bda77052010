// explain(): one decision with everything that was said on the way: each plugin's verdict and score on every
// node, also where an earlier plugin had refused the node already. Slower than a decision, and with the same
// result: the same plugins on the same snapshot.
//
// A skipped plugin is listed under PreFilter as such and left out on the nodes. Scores are given for feasible
// nodes only, and also where there is only one, which a decision does not score; none where a plugin failed
// on a node, for then there is no decision.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/config.hpp>

namespace actimanager::scheduler {

struct Explanation {
  struct Verdict {
    std::string plugin;
    Code code = Code::success;
    std::vector<std::string> reasons;
    bool operator==(const Verdict&) const = default;
  };
  struct Score {
    std::string plugin;
    std::int64_t raw = 0;
    std::int64_t normalized = 0;  // [0, 100]
    std::int64_t weighted = 0;
    bool operator==(const Score&) const = default;
  };
  struct Node {
    std::string name;
    bool feasible = false;
    std::vector<Verdict> filters;  // none if a PreFilter refused the Pod
    std::vector<Score> scores;
    std::int64_t total = 0;
  };

  std::string pod;  // namespace/name
  std::vector<Verdict> pre_filter;
  std::vector<Node> nodes;  // by name
  std::string winner;       // "": nowhere
  std::optional<allocator::Placement> placement;
  std::string message;                          // why nowhere
  std::optional<PostFilterResult> post_filter;  // what could be done about it
};

Explanation explain(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot);

// {"pod", "preFilter": [{"plugin", "verdict", "reasons"}], "nodes": [{"name", "filters": […], "scores":
// [{"plugin", "raw", "normalized", "weighted"}], "total"}], "winner", "cpus", "exclusivenessLevel",
// "message", "postFilter": {"plugin", "verdict", "reasons", "nominated", "candidates": [{"node", "victims",
// "pdbViolations", "cpus"}]}}; winner, cpus, exclusivenessLevel, postFilter and nominated (one of the
// candidates) are null where there are none.
nlohmann::json encode(const Explanation& explanation);

}  // namespace actimanager::scheduler
