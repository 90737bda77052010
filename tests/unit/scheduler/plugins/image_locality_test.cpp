#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("ImageLocality prefers nodes that have the images") {
  const auto plugin = make(make_image_locality);
  const auto with = [](std::string name, std::vector<api::ContainerImage> images) {
    auto node = make_node(std::move(name));
    node->images = std::move(images);
    return node;
  };
  constexpr std::int64_t mebibyte = 1024 * 1024;
  auto pod = make_pod("p");
  pod.spec->containers[0].image = "registry:5000/app";
  const std::vector nodes = {with("n0", {}), with("n1", {{{"registry:5000/app:latest"}, 1000 * mebibyte}}),
                             with("n2", {{{"registry:5000/app:latest"}, 4000 * mebibyte}}),
                             with("n3", {{{"registry:5000/app:1"}, 4000 * mebibyte}})};
  // Half of the nodes have it: it counts for half its size; no more than 1000 MiB count, nothing below 23.
  CHECK(scored(*plugin, pod, nodes) == Scores{0, 48, 100, 0});
}
