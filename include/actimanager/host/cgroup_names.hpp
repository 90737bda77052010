// What a cgroup directory's name says about a Pod: the kubelet's and the container runtimes' conventions,
// systemd and cgroupfs drivers alike. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace actimanager::host {

enum class CgroupDriver { unknown, systemd, cgroupfs };
std::string_view to_string(CgroupDriver driver);  // "" for unknown

// "kubepods", "kubepods.slice", "kubelet-kubepods.slice": the level above all Pods.
bool is_kubepods(std::string_view name);
// "burstable", "besteffort", "kubepods-burstable.slice", …: between it and the Pods.
bool is_qos_class(std::string_view name);

struct PodName {
  std::string uid;  // with dashes, as the API has it
  CgroupDriver driver = CgroupDriver::unknown;
};
// "pod<uid>" (cgroupfs), "…-pod<uid with _>.slice" (systemd); nullopt for any other name. The uid of a static
// Pod is the hash of its manifest.
std::optional<PodName> parse_pod_name(std::string_view name);

// The container's id: "<64 hex>", "<runtime>-<64 hex>.scope"; nullopt for any other name, a runtime's helpers
// ("crio-conmon-…") among them.
std::optional<std::string> parse_container_name(std::string_view name);

}  // namespace actimanager::host
