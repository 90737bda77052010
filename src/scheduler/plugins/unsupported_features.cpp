// UnsupportedFeatures: refuses Pods that ask for something this scheduler cannot keep yet, naming the field.
// Such a wish is never ignored.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

// Sources that any node can mount and that nothing limits.
constexpr std::array unrestricted = {"azureFile", "cephfs", "fc",      "flexVolume", "flocker",
                                     "glusterfs", "nfs",    "quobyte", "scaleIO",    "photonPersistentDisk",
                                     "storageos"};

std::optional<std::string> unsupported_field(const api::Pod& pod) {
  for (std::size_t i = 0; i < pod.volumes.size(); ++i) {
    const auto& volume = pod.volumes[i];
    if (!volume.claim_name.empty()) return fmt::format("spec.volumes[{}].persistentVolumeClaim", i);
    if (volume.ephemeral) return fmt::format("spec.volumes[{}].ephemeral", i);
    if (!volume.other_source.empty() &&
        std::ranges::find(unrestricted, volume.other_source) == unrestricted.end()) {
      return fmt::format("spec.volumes[{}].{}", i, volume.other_source);
    }
  }
  if (pod.has_resource_claims) return "spec.resourceClaims";
  return std::nullopt;
}

class UnsupportedFeatures final : public Plugin {
 public:
  std::string_view name() const override { return "UnsupportedFeatures"; }
  Points points() const override { return static_cast<Points>(Point::pre_filter); }

  PreFilterResult pre_filter(CycleState&, const api::Pod& pod, const Snapshot&) const override {
    if (const auto field = unsupported_field(pod)) {
      return {unresolvable(fmt::format("pod uses {}, which this scheduler does not support", *field)), {}};
    }
    return {};
  }

  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_text(out, unsupported_field(pod).value_or(""));
    return true;
  }
};

}  // namespace

std::unique_ptr<Plugin> make_unsupported_features() {
  return std::make_unique<UnsupportedFeatures>();
}

}  // namespace actimanager::scheduler
