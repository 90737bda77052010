#include <actimanager/api/node.hpp>

#include "resources_json.hpp"

namespace actimanager::api {

Result<Node> Node::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  Node node;
  node.meta = decode_meta(root["metadata"]);
  node.unschedulable = root["spec"]["unschedulable"].boolean();
  root["spec"]["taints"].each([&](JsonCursor item) {
    node.taints.push_back({item["key"].string(), item["value"].string(), item["effect"].string()});
  });
  const auto status = root["status"];
  node.allocatable = decode_resource_list(status["allocatable"]);
  status["images"].each([&](JsonCursor item) {
    ContainerImage image{.size_bytes = item["sizeBytes"].integer()};
    item["names"].each([&](JsonCursor name) { image.names.push_back(name.string()); });
    node.images.push_back(std::move(image));
  });
  status["addresses"].each([&](JsonCursor item) {
    if (item["type"].string() == "InternalIP" && node.internal_ip.empty())
      node.internal_ip = item["address"].string();
  });
  const auto conditions = decode_conditions(status["conditions"]);
  const auto* ready = find_condition(conditions, "Ready");
  node.ready = ready != nullptr && ready->status == ConditionStatus::true_;
  return reader.finish(std::move(node));
}

}  // namespace actimanager::api
