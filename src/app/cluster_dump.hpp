// A cluster as files: what `kubectl get … -o yaml` or `-o json` prints. A file holds one object, a List or
// several of either; a directory holds such files (*.json, *.yaml, *.yml). Kinds that are missing are empty,
// kinds that the scheduler does not use are passed over.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::app {

// The objects of a file or directory, Lists taken apart. Errors: not_found, invalid_argument, naming the
// file.
Result<std::vector<nlohmann::json>> read_objects(const std::string& path);

class ClusterDump {
 public:
  // Errors: as of read_objects(), and an object that cannot be understood, naming it and its field.
  static Result<ClusterDump> read(const std::vector<std::string>& paths);

  // Errors: invalid_argument, naming the object and its field.
  Result<void> add(std::string_view kind, const api::JsonValue& object);

  // Pods of this scheduler that wait for a node they were nominated for, and not behind a gate, are counted
  // there. Once, when all is added.
  void nominate(const scheduler::Scheduler& scheduler);
  // The books of a scheduler that has seen all of it.
  scheduler::Cache& cache() { return *cache_; }
  // By namespace/name; nullptr: there is none.
  scheduler::PodPointer pod(const std::string& key) const;

 private:
  std::unique_ptr<scheduler::Cache> cache_ = std::make_unique<scheduler::Cache>();
  std::map<std::string, scheduler::PodPointer> pods_;
};

// The Pods of a file as somebody wrote them, with the defaults that the API server fills in where they count
// for scheduling: namespace, schedulerName, requests that only limits give. A Pod without a UID is given its
// namespace/name as one. Errors: as of ClusterDump, and a file without Pods.
Result<std::vector<scheduler::PodPointer>> read_pods(const std::string& path);

}  // namespace actimanager::app
