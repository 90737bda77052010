// Hints: all plugins' queueing hints, asked for the Pods that those plugins have refused.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/queue.hpp>
#include <actimanager/scheduler/queueing_hint.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::scheduler {

class Hints final : public Surroundings {
 public:
  // Both outlive it.
  Hints(const Scheduler& scheduler, const Cache& cache);

  // For SchedulingQueue.
  Hopeful about(const ClusterEvent& event) const;

  const Objects& objects() const override { return cache_.objects(); }
  bool may_get_cpus(const api::Pod& pod, std::string_view node) const override;

 private:
  struct Registered {
    const Plugin* plugin;
    Interest interest;
  };
  // The node as it is once Pods of lower priority have made way.
  const NodeInfo& left_by_less_important(std::int32_t priority, const NodeInfo& node) const;

  const Scheduler& scheduler_;
  const Cache& cache_;
  std::array<std::vector<Registered>, std::variant_size_v<AnyChange>> registered_;  // by kind

  // Of the last Pod's question, which the next one often asks, too.
  struct Left {
    std::uint64_t generation = 0;
    std::int32_t priority = 0;
    NodeInfo node;
  };
  mutable std::optional<Left> left_;
};

}  // namespace actimanager::scheduler
