// ImageLocality: nodes that have the Pod's images already, the larger the better; an image counts for less
// the fewer nodes have it, so that Pods do not all go where the first one went.
#include <algorithm>

#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

constexpr std::int64_t mebibyte = std::int64_t{1024} * 1024;
constexpr std::int64_t least_size = 23 * mebibyte;
constexpr std::int64_t most_per_container = 1000 * mebibyte;

std::string with_tag(const std::string& image) {
  const auto colon = image.rfind(':');
  const auto slash = image.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? image : image + ":latest";
}

class ImageLocality final : public Plugin {
 public:
  std::string_view name() const override { return "ImageLocality"; }
  Points points() const override { return Point::pre_score | Point::score; }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList&) const override {
    auto images = std::make_unique<Images>();
    const auto add = [&](const std::vector<api::Container>& containers) {
      for (const auto& container : containers) {
        std::string image = with_tag(container.image);
        const int nodes = snapshot.nodes_with_image(image);
        images->wanted.push_back({std::move(image), static_cast<double>(nodes) / snapshot.node_count()});
      }
    };
    add(pod.spec->init_containers);
    add(pod.spec->containers);
    state.write(this, std::move(images));
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto* images = state.read<Images>(this);
    if (images == nullptr || images->wanted.empty()) return 0;
    std::int64_t sum = 0;
    for (const auto& [name, spread] : images->wanted) {
      if (spread == 0) continue;
      // Of one name listed twice, the later entry counts.
      for (auto it = node.node->images.rbegin(); it != node.node->images.rend(); ++it) {
        if (std::ranges::find(it->names, name) == it->names.end()) continue;
        sum += static_cast<std::int64_t>(static_cast<double>(it->size_bytes) * spread);
        break;
      }
    }
    const auto most = most_per_container * std::ssize(images->wanted);
    return max_node_score * (std::clamp(sum, least_size, most) - least_size) / (most - least_size);
  }

  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    for (const auto& container : pod.spec->init_containers) sign_text(out, container.image);
    for (const auto& container : pod.spec->containers) sign_text(out, container.image);
    return true;
  }

 private:
  struct Image {
    std::string name;
    double spread;  // the part of all nodes that have it
  };
  struct Images : CycleState::Data {
    std::vector<Image> wanted;
  };
};

}  // namespace

std::unique_ptr<Plugin> make_image_locality(api::JsonCursor) {
  return std::make_unique<ImageLocality>();
}

}  // namespace actimanager::scheduler
