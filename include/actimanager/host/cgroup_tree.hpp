// CgroupTree: where kubelet put Pods and containers in this machine's cpuset hierarchy. Found by walking and
// by name, never by building a path from a UID, so that every driver, runtime and nesting (kind) is the same
// to it. Only reads: it never creates a cgroup.
//
// Names follow kubelet's pkg/kubelet/cm (cgroup_manager_linux.go, pod_container_manager_linux.go) and the
// scope names of containerd, CRI-O and cri-dockerd.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup.hpp>
#include <actimanager/host/cgroup_names.hpp>

namespace actimanager::host {

// A cgroup below a container's own: crun's "<scope>/container", or what the workload made itself.
struct NestedCgroup {
  std::shared_ptr<Cgroup> cgroup;
  std::vector<NestedCgroup> nested;
};

struct ContainerCgroup {
  std::string
      id;  // the runtime's; the directory's name where that is no container's (a helper such as conmon)
  std::shared_ptr<Cgroup> cgroup;
  std::vector<NestedCgroup> nested;

  // The one below that the runtime has made for the processes, crun's; nullptr: there is none. All others are
  // the workload's own affair.
  const std::shared_ptr<Cgroup>* inner() const;
};

struct PodCgroup {
  std::string uid;  // kubelet's: for static Pods the config hash, not the UID of the mirror Pod
  std::shared_ptr<Cgroup> cgroup;
  std::vector<ContainerCgroup> containers;  // by id; the sandbox is one of them
};

struct CgroupTreeOptions {
  std::string path = "/sys/fs/cgroup";
  CgroupDriver driver = CgroupDriver::unknown;  // only narrows: Pods of the other driver's names are left out
};

class CgroupTree {
 public:
  // The hierarchy that has cpuset: v2 at <path> or <path>/unified where the controller is there, else v1 at
  // <path>/cpuset or <path> itself. Errors: not_found, saying what was looked for.
  static Result<CgroupTree> open(CgroupTreeOptions options);

  // The same place in v1's hierarchy of the cpu controller, by its path: "cpu" or "cpu,cpuacct" in place of
  // "cpuset". Precondition: v1; on v2 there is one hierarchy for all. Errors: not_found.
  Result<CgroupTree> beside_with_cpu() const;

  CgroupVersion version() const { return version_; }
  const Cgroup& root() const { return *root_; }
  // As last seen; unknown before any Pod was.
  CgroupDriver driver() const { return driver_; }
  // The directories that Pods appear in and those above them, as of the last scan(), parents first: what to
  // watch.
  const std::vector<std::shared_ptr<Cgroup>>& levels() const { return levels_; }
  // Whether a level is a kubepods directory or below one: in others nothing is a Pod, whatever its name.
  bool has_pods(const Cgroup& level) const;

  // Every Pod of every kubepods directory up to 6 levels below the hierarchy. A cgroup that is still the same
  // directory as before keeps its handle; one that vanishes meanwhile is left out. Errors: the hierarchy
  // itself cannot be read; no more files can be opened, or there is no memory for that.
  Result<std::vector<PodCgroup>> scan();

  // The Pod of this UID (kubelet's), in the levels of the last scan().
  std::optional<PodCgroup> find_pod(std::string_view uid);
  // Why the last find_pod() may not have found what is there: no more files can be opened.
  const std::optional<Error>& exhaustion() const { return exhaustion_; }

 private:
  CgroupTree(std::shared_ptr<Cgroup> root, CgroupVersion version, CgroupTreeOptions options)
      : root_(std::move(root)), version_(version), options_(std::move(options)) {}

  struct FoundPod {
    PodName name;
    std::shared_ptr<Cgroup> level;
    std::string directory;
    std::shared_ptr<Cgroup> cgroup;
  };
  void note(const Error& error);
  std::shared_ptr<Cgroup> child(const Cgroup& parent, const std::string& name);
  // Whether Pods appear in it or below.
  bool walk(const std::shared_ptr<Cgroup>& level, int depth, bool inside_kubepods,
            std::vector<FoundPod>& pods);
  std::vector<NestedCgroup> nested_of(const Cgroup& cgroup, int depth);
  PodCgroup fill(std::string uid, std::shared_ptr<Cgroup> cgroup);
  std::optional<PodCgroup> pod_at(const std::shared_ptr<Cgroup>& level, const std::string& name,
                                  std::string_view uid);

  std::shared_ptr<Cgroup> root_;
  CgroupVersion version_;
  CgroupTreeOptions options_;
  CgroupDriver driver_ = CgroupDriver::unknown;
  std::optional<Error> exhaustion_;  // of the walk that is under way, or was last
  std::vector<std::shared_ptr<Cgroup>> levels_;
  struct Place {
    std::shared_ptr<Cgroup> level;
    std::string name;  // of the Pod's directory in it
  };
  std::unordered_map<std::string, Place> places_;                   // where a Pod was last found, by UID
  std::unordered_map<std::string, std::shared_ptr<Cgroup>> known_;  // by path: open handles
  std::unordered_map<std::string, std::shared_ptr<Cgroup>> seen_;   // by the walk that is under way
};

}  // namespace actimanager::host
