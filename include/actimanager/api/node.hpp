// Node (core/v1), as far as scheduling uses it.
#pragma once

#include <string>
#include <vector>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/pod.hpp>

namespace actimanager::api {

struct Taint {
  std::string key, value, effect;
  bool operator==(const Taint&) const = default;
};

struct ContainerImage {
  std::vector<std::string> names;
  std::int64_t size_bytes = 0;
};

struct Node {
  ObjectMeta meta;
  bool unschedulable = false;
  std::vector<Taint> taints;
  ResourceList allocatable;
  std::vector<ContainerImage> images;
  std::string internal_ip;
  bool ready = false;

  static Result<Node> decode(const JsonValue& object);
};

}  // namespace actimanager::api
