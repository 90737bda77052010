// For unordered sets of pointers to objects that are searched by "namespace/name", or "name", which objects
// do not have in one piece: with their keys kept beside them, many small ones would take a good deal more.
#pragma once

#include <string>
#include <string_view>

#include <actimanager/api/meta.hpp>
#include <actimanager/core/string_hash.hpp>

namespace actimanager::api {

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(const auto& object) const { return of(object->meta.namespace_, object->meta.name); }
  std::size_t operator()(std::string_view key) const {
    const auto slash = key.find('/');
    if (slash == std::string_view::npos) return of({}, key);
    return of(key.substr(0, slash), key.substr(slash + 1));
  }

 private:
  static std::size_t of(std::string_view name_space, std::string_view name) {
    return StringHash{}(name_space) * 31 + StringHash{}(name);
  }
};

struct KeyEqual {
  using is_transparent = void;
  bool operator()(const auto& a, const auto& b) const {
    return a->meta.name == b->meta.name && a->meta.namespace_ == b->meta.namespace_;
  }
  bool operator()(std::string_view key, const auto& object) const { return is_key(key, object->meta); }
  bool operator()(const auto& object, std::string_view key) const { return is_key(key, object->meta); }

 private:
  static bool is_key(std::string_view key, const ObjectMeta& meta) {
    if (meta.namespace_.empty()) return key == meta.name;
    const auto length = meta.namespace_.size();
    return key.size() == length + 1 + meta.name.size() && key.starts_with(meta.namespace_) &&
           key[length] == '/' && key.ends_with(meta.name);
  }
};

}  // namespace actimanager::api
