// Feed: what the watches say, for the cache and the queue: each change of an object is counted first, and
// then told to the Pods that wait for one like it. Follows kube-scheduler's event handlers of
// Kubernetes 1.35.
#pragma once

#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/queue.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::scheduler {

class Feed {
 public:
  // All outlive it. `snapshot` is brought up to date where it takes one to say where a Pod would find CPUs.
  Feed(const Scheduler& scheduler, Cache& cache, Snapshot& snapshot, SchedulingQueue& queue)
      : scheduler_(scheduler), cache_(cache), snapshot_(snapshot), queue_(queue) {}

  void changed(const Change<api::Node>& change, TimePoint now);
  // One that waits to be scheduled by us is in the queue afterwards; any other is not.
  void changed(const Change<api::Pod>& change, TimePoint now);
  void changed(const Change<api::NodeCPUTopology>& change, TimePoint now);
  void changed(const Change<api::PodCPUBinding>& change, TimePoint now);
  void changed(const Change<api::Namespace>& change, TimePoint now);
  void changed(const Change<api::PersistentVolumeClaim>& change, TimePoint now);
  void changed(const Change<api::PersistentVolume>& change, TimePoint now);
  void changed(const Change<api::StorageClass>& change, TimePoint now);
  void changed(const Change<api::CSINode>& change, TimePoint now);
  void changed(const Change<api::CSIDriver>& change, TimePoint now);
  void changed(const Change<api::CSIStorageCapacity>& change, TimePoint now);
  void changed(const Change<api::VolumeAttachment>& change, TimePoint now);

  // Whether the Pod is for the queue. One that is being deleted stays in it, as in kube-scheduler, and is
  // passed over when its turn comes.
  bool waits(const api::Pod& pod) const;

  // For each Pod once all watches are in: what a nominated Pod will find on its node shows only then.
  void renew_nomination(const PodPointer& pod);
  // What was assumed of the Pod does not come true.
  void forget(std::string_view uid, TimePoint now);
  // The same of the edit of a binding, which is still as it was.
  void forget_edit(const std::shared_ptr<const api::PodCPUBinding>& binding, TimePoint now);

 private:
  void gone(const PodPointer& before, const PodPointer& after, TimePoint now);
  void updated_without_node(const PodPointer& before, const PodPointer& after, TimePoint now);
  // Who waits for a node it was nominated for, as far as the API says so.
  void follow_nomination(const PodPointer& before, const PodPointer& after);
  void nominate(const PodPointer& pod, const std::string& node);
  void tell(std::vector<ClusterEvent> events, TimePoint now);
  template <class Known>
  void keep(Known& known, const Change<typename Known::Object>& change, TimePoint now);

  const Scheduler& scheduler_;
  Cache& cache_;
  Snapshot& snapshot_;
  SchedulingQueue& queue_;
};

}  // namespace actimanager::scheduler
