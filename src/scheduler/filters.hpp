// Filters: what the Filter plugins of a profile say about one Pod on one node, also if some Pods were more or
// fewer there than there are.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

class Filters {
 public:
  // Those that PreFilter did not skip: of its own plugins, and of Filter's.
  Filters() = default;
  Filters(std::vector<const Plugin*> pre_filter, std::vector<const Plugin*> filter)
      : pre_filter_(std::move(pre_filter)), filter_(std::move(filter)) {}

  const std::vector<const Plugin*>& plugins() const { return filter_; }

  // What the first plugin that refuses says, else success. Pods that are nominated for the node and not less
  // important are taken to be there, and then not to be: the Pod must fit either way.
  Status ask(const CycleState& state, const api::Pod& pod, const NodeInfo& node) const;
  // The same of one plugin.
  Status ask(const Plugin& plugin, const CycleState& state, const api::Pod& pod, const NodeInfo& node) const;

 private:
  friend class Trial;
  template <class Ask>
  Status with_nominated(const CycleState& state, const api::Pod& pod, const NodeInfo& node, Ask ask) const;

  std::vector<const Plugin*> pre_filter_, filter_;
};

// A node as it would be with some Pods more or fewer. The plugins' state follows.
class Trial {
 public:
  // The arguments outlive the Trial.
  Trial(const Filters& filters, const CycleState& state, const api::Pod& pod, const NodeInfo& node)
      : filters_(filters), state_(state), pod_(pod), node_(node) {}

  void add(const PodPointer& other, const PodCpus& cpus);
  // Precondition: it is there.
  void remove(const PodPointer& other, const PodCpus& cpus);

  Status ask() const { return filters_.ask(state_, pod_, node_); }
  const NodeInfo& node() const { return node_; }
  const CycleState& state() const { return state_; }

 private:
  const Filters& filters_;
  CycleState state_;
  const api::Pod& pod_;
  NodeInfo node_;
};

// Those of a profile's plugins that PreFilter did not skip.
std::vector<const Plugin*> without(const std::vector<const Plugin*>& plugins,
                                   const std::set<const Plugin*>& skipped);

}  // namespace actimanager::scheduler
