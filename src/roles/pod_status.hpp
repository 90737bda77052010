// Patches (strategic merge) of what the leader says in a Pod's status.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <actimanager/api/pod.hpp>

namespace actimanager::roles {

// What was seen of the Pod when it is said: its generation.
inline nlohmann::json condition_json(const api::Pod& pod, std::string_view type, std::string_view status,
                                     std::string_view reason, const std::string& message) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", message},
          {"observedGeneration", pod.meta.generation},
          {"lastTransitionTime", api::format_time(now)}};
}

// Of this very Pod, not of a later one of its name.
inline nlohmann::json status_patch(const api::Pod& pod) {
  return {{"metadata", {{"uid", pod.meta.uid}}}, {"status", nlohmann::json::object()}};
}
inline nlohmann::json status_patch(const api::Pod& pod, nlohmann::json condition) {
  auto patch = status_patch(pod);
  patch["status"]["conditions"] = nlohmann::json::array({std::move(condition)});
  return patch;
}
inline void set_nominated_node(nlohmann::json& patch, const std::string& node) {
  patch["status"]["nominatedNodeName"] = node.empty() ? nlohmann::json(nullptr) : nlohmann::json(node);
}

}  // namespace actimanager::roles
