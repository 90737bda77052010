// ResourceRef: where an object, or a collection, lives in the API: the one place that makes paths.
#pragma once

#include <string>
#include <string_view>

#include <actimanager/api/kind.hpp>

namespace actimanager::kube {

struct ResourceRef {
  std::string_view group, version, plural;  // static strings; group "" is core
  std::string namespace_;                   // "": cluster scope, or all namespaces
  std::string name;                         // "": the collection
  std::string_view subresource;

  // "/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>/<subresource>", every part
  // percent-encoded.
  std::string path() const;
  // "pods default/web", for messages.
  std::string describe() const;
};

template <class T>
ResourceRef resource(std::string_view namespace_ = {}, std::string_view name = {},
                     std::string_view subresource = {}) {
  using Kind = api::Kind<T>;
  return {Kind::group, Kind::version, Kind::plural, std::string(namespace_), std::string(name), subresource};
}
template <class T>
ResourceRef resource_of(const T& object, std::string_view subresource = {}) {
  return resource<T>(object.meta.namespace_, object.meta.name, subresource);
}

inline ResourceRef lease_resource(std::string_view namespace_, std::string_view name = {}) {
  return {"coordination.k8s.io", "v1", "leases", std::string(namespace_), std::string(name), {}};
}
inline ResourceRef event_resource(std::string_view namespace_, std::string_view name = {}) {
  return {"", "v1", "events", std::string(namespace_), std::string(name), {}};
}

}  // namespace actimanager::kube
