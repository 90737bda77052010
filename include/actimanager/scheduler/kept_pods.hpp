// KeptPods: makes a cluster's Pods small enough for a leader to keep them all. What only their nodes' agents
// ask for is taken away, and what Pods have in common with others, as those of one controller have nearly
// all, they share.
#pragma once

#include <cstddef>
#include <memory>

#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

class KeptPods {
 public:
  KeptPods();
  ~KeptPods();
  KeptPods(const KeptPods&) = delete;
  KeptPods& operator=(const KeptPods&) = delete;

  // What is left of it means the same to a scheduler. Gone are annotations that are not actimanager's, which
  // containers run and as what, and since when conditions are what they are.
  void reduce(api::Pod& pod);
  // How many different parts are remembered.
  std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::scheduler
