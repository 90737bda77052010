#include "priority_classes.hpp"

#include <fmt/format.h>

#include <actimanager/api/json_cursor.hpp>

namespace actimanager::app {

using nlohmann::json;

PriorityClasses::PriorityClasses()
    : classes_{{"system-cluster-critical", {.value = 2'000'000'000, .preemption_policy = {}}},
               {"system-node-critical", {.value = 2'000'001'000, .preemption_policy = {}}}} {}

Result<void> PriorityClasses::add(const api::JsonValue& object) {
  api::JsonReader reader(object);
  const auto root = reader.root();
  const auto name = root["metadata"]["name"].string();
  Class given{.value = root["value"].integer_between(INT32_MIN, INT32_MAX, 0),
              .preemption_policy = root["preemptionPolicy"].string()};
  const bool is_default = root["globalDefault"].boolean();
  if (reader.error()) return fail(*reader.error());
  // Of several, the API takes the one with the lowest value.
  const auto known = classes_.find(default_);
  if (is_default && (known == classes_.end() || given.value < known->second.value)) default_ = name;
  classes_.insert_or_assign(name, std::move(given));
  return {};
}

Result<void> PriorityClasses::apply(json& pod) const {
  const auto spec = pod.find("spec");
  if (spec == pod.end() || !spec->is_object()) return {};
  if (spec->contains("priority") && !(*spec)["priority"].is_null()) return {};
  auto name = default_;
  if (const auto named = spec->find("priorityClassName"); named != spec->end() && named->is_string()) {
    if (const auto text = named->get<std::string>(); !text.empty()) name = text;
  }
  if (name.empty()) return {};
  const auto found = classes_.find(name);
  if (found == classes_.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("spec.priorityClassName: the cluster has no PriorityClass \"{}\"", name));
  }
  const auto& [value, policy] = found->second;
  (*spec)["priority"] = value;
  if (!policy.empty() && !spec->contains("preemptionPolicy")) (*spec)["preemptionPolicy"] = policy;
  return {};
}

}  // namespace actimanager::app
