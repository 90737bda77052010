// Answers the cases of requeue_cases.py: whether a Pod that one plugin has refused is tried again after a
// change in the cluster. The objects go the way they go in the leader, from a watch through Feed to the
// queue.
//
//   requeue-answers cluster.json cases.json
#include <fstream>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/kind.hpp>
#include <actimanager/scheduler/feed.hpp>
#include <actimanager/scheduler/hints.hpp>

using namespace actimanager;
using nlohmann::json;

namespace {

// Longer than a first backoff, and shorter than what a refused Pod waits at most.
constexpr std::chrono::seconds patience{30};

template <class T>
std::shared_ptr<const T> decoded(const json& object) {
  if (object.is_null()) return nullptr;
  return std::make_shared<const T>(value_or_throw(api::decode<T>(object)));
}

class Case {
 public:
  Case(const scheduler::Scheduler& scheduler, const json& cluster) : scheduler_(scheduler) {
    for (const auto& object : cluster.at("items")) change(object.at("kind"), nullptr, object);
  }

  bool tried_again(const json& asked) {
    const auto pod = decoded<api::Pod>(asked.at("pod"));
    feed_.changed({nullptr, pod}, now_);
    refuse(*pod, asked.at("plugin").get<std::string>());
    change(asked.at("resource"), asked.at("old"), asked.at("new"));
    while (const auto next = queue_.pop(now_ + patience)) {
      if (next->pod->meta.uid == pod->meta.uid) return true;
    }
    return false;
  }

 private:
  // A Pod that is held back by PreEnqueue has been refused already.
  void refuse(const api::Pod& pod, const std::string& plugin) {
    while (const auto item = queue_.pop(now_)) {
      if (item->pod->meta.uid != pod.meta.uid) continue;
      return queue_.park(*item, {scheduler_.config().profile(pod.spec->scheduler_name)->plugin(plugin)},
                         now_);
    }
  }

  void change(const std::string& kind, const json& before, const json& after) {
    const bool known = watched<api::Node, api::Pod, api::Namespace, api::PersistentVolumeClaim,
                               api::PersistentVolume, api::StorageClass, api::CSINode, api::CSIDriver,
                               api::CSIStorageCapacity, api::VolumeAttachment>(kind, before, after) ||
                       kept<api::Service>(
                           kind, [&](const auto& service) { cache_.objects().set(service); }, after) ||
                       owner<api::ReplicationController, api::ReplicaSet, api::StatefulSet>(kind, after) ||
                       kind == api::Kind<api::PodDisruptionBudget>::kind || kind == "PriorityClass";
    if (!known) throw std::runtime_error("an object of an unknown kind: " + kind);
  }
  template <class... Ts>
  bool watched(const std::string& kind, const json& before, const json& after) {
    const auto changed = [&]<class T>(const scheduler::Change<T>* /*of this kind*/) {
      if (kind != api::Kind<T>::kind) return false;
      feed_.changed(scheduler::Change<T>{decoded<T>(before), decoded<T>(after)}, now_);
      return true;
    };
    return (changed(static_cast<const scheduler::Change<Ts>*>(nullptr)) || ...);
  }
  template <class T, class Keep>
  static bool kept(const std::string& kind, Keep keep, const json& object) {
    if (kind != api::Kind<T>::kind) return false;
    keep(*decoded<T>(object));
    return true;
  }
  template <class... Ts>
  bool owner(const std::string& kind, const json& object) {
    return (kept<Ts>(kind, [&](const auto& owner) { cache_.objects().set_owner(owner); }, object) || ...);
  }

  const scheduler::Scheduler& scheduler_;
  scheduler::Cache cache_;
  scheduler::Snapshot snapshot_;
  scheduler::Hints hints_{scheduler_, cache_};
  scheduler::SchedulingQueue queue_{
      {},
      [this](const api::Pod& pod) { return scheduler_.pre_enqueue(pod); },
      [this](const scheduler::ClusterEvent& event) { return hints_.about(event); }};
  scheduler::Feed feed_{scheduler_, cache_, snapshot_, queue_};
  scheduler::TimePoint now_{std::chrono::hours(1)};
};

json read(const char* path) {
  std::ifstream file(path);
  return json::parse(file);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: requeue-answers cluster.json cases.json\n";
    return 2;
  }
  const json cluster = read(argv[1]);
  const json cases = read(argv[2]);
  const scheduler::Scheduler scheduler(value_or_throw(
      scheduler::parse_config({{"apiVersion", "kubescheduler.config.k8s.io/v1"},
                               {"kind", "KubeSchedulerConfiguration"},
                               {"profiles", json::array({{{"schedulerName", "default-scheduler"}}})}})));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Case asked(scheduler, cluster);
    std::cout << json{{"case", i}, {"hint", asked.tried_again(cases[i]) ? "Queue" : "Skip"}} << "\n";
  }
  return std::cout.flush() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "requeue-answers: " << error.what() << "\n";
  return 1;
}
