// Commands run as from a command line, on files that are gone when the test ends.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace actimanager::app::testing {

class Files {
 public:
  Files() { std::filesystem::create_directories(top_); }
  ~Files() { std::filesystem::remove_all(top_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  // Its path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(top_ / name) << text;
    return (top_ / name).string();
  }
  std::string top() const { return top_.string(); }

 private:
  static int next() {
    static std::atomic<int> count = 0;
    return ++count;
  }
  std::filesystem::path top_ =
      std::filesystem::temp_directory_path() /
      ("actimanager-test-" + std::to_string(getpid()) + "-" + std::to_string(next()));
};

struct Told {
  int status = 0;
  std::string out, err;
};

// What a command that writes to two streams said.
template <class Command, class Options>
Told told_by(Command command, const Options& options) {
  std::ostringstream out, err;
  const int status = command(options, out, err);
  return {status, out.str(), err.str()};
}

// Two nodes of four cores with two threads; b is tainted. A Pod and its binding on a.
inline constexpr auto* cluster_yaml = R"(
apiVersion: v1
kind: List
items:
- kind: Node
  metadata: {name: a, labels: {zone: x}}
  status: {allocatable: {cpu: "8", memory: 16Gi, pods: "110"}}
- kind: Node
  metadata: {name: b}
  spec: {taints: [{key: k, effect: NoSchedule}]}
  status: {allocatable: {cpu: "8", memory: 16Gi, pods: "110"}}
- kind: NodeCPUTopology
  metadata: {name: a-cputopology}
  spec:
    nodeName: a
    topology: &machine
      sockets: {"0": {cpus: [0, 1, 2, 3, 4, 5, 6, 7], cores: {"0": {cpus: [0, 4]}, "1": {cpus: [1, 5]},
                                                             "2": {cpus: [2, 6]}, "3": {cpus: [3, 7]}}}}
      numaNodes: {"0": {cpus: [0, 1, 2, 3, 4, 5, 6, 7]}}
      cpus: [0, 1, 2, 3, 4, 5, 6, 7]
- kind: NodeCPUTopology
  metadata: {name: b-cputopology}
  spec: {nodeName: b, topology: *machine}
- kind: ConfigMap
  metadata: {name: of-no-interest}
---
kind: Pod
metadata: {name: old, namespace: blue, uid: u-old, labels: {app: db}}
spec: {nodeName: a, schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "2"}}}]}
---
kind: PodCPUBinding
metadata:
  {name: old-pcb, namespace: blue, labels: {cslab.ece.ntua.gr/node-name: a},
   ownerReferences: [{apiVersion: v1, kind: Pod, name: old, uid: u-old, controller: true}]}
spec: {podName: old, cpuSet: [{cpuID: 0}, {cpuID: 4}], exclusivenessLevel: CPU}
)";

// Of Pod default/new of the next one.
inline constexpr auto* by_hand_yaml = R"(
---
kind: PodCPUBinding
metadata: {name: by-hand, namespace: default}
spec: {podName: new, cpuSet: [{cpuID: 2}, {cpuID: 6}], exclusivenessLevel: Core}
)";

inline constexpr auto* pods_yaml = R"(
kind: Pod
metadata: {name: new, labels: {cslab.ece.ntua.gr/workload-type: io-bound}}
spec: {schedulerName: maestro, containers: [{name: c, resources: {limits: {cpu: "2"}}}]}
---
kind: Pod
metadata: {name: huge}
spec: {schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "64"}}}]}
)";

}  // namespace actimanager::app::testing
