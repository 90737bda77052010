#include <fmt/format.h>

#include <actimanager/kube/resource.hpp>
#include <actimanager/net/http.hpp>

namespace actimanager::kube {

std::string ResourceRef::path() const {
  std::string path =
      group.empty() ? fmt::format("/api/{}", version) : fmt::format("/apis/{}/{}", group, version);
  if (!namespace_.empty()) path += "/namespaces/" + net::percent_encode(namespace_);
  path += fmt::format("/{}", plural);
  if (!name.empty()) path += "/" + net::percent_encode(name);
  if (!subresource.empty()) path += fmt::format("/{}", subresource);
  return path;
}

std::string ResourceRef::describe() const {
  std::string text(plural);
  if (!subresource.empty()) text += fmt::format("/{}", subresource);
  if (!name.empty()) text += " " + (namespace_.empty() ? name : namespace_ + "/" + name);
  return text;
}

}  // namespace actimanager::kube
