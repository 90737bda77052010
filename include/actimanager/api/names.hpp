// The names by which users and actimanager know each other: the API group, labels, annotations.
#pragma once

#include <string_view>

namespace actimanager::api {

inline constexpr std::string_view group = "cslab.ece.ntua.gr";
inline constexpr std::string_view version = "v1alpha1";
inline constexpr std::string_view group_version = "cslab.ece.ntua.gr/v1alpha1";

inline constexpr std::string_view workload_type_label = "cslab.ece.ntua.gr/workload-type";
inline constexpr std::string_view exclusiveness_level_annotation = "cslab.ece.ntua.gr/exclusiveness-level";
inline constexpr std::string_view cfs_quota_annotation = "cslab.ece.ntua.gr/cfs-quota";
inline constexpr std::string_view isolation_annotation = "cslab.ece.ntua.gr/isolation";
inline constexpr std::string_view node_name_label = "cslab.ece.ntua.gr/node-name";  // on bindings

}  // namespace actimanager::api
