#include "meta_json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace actimanager::api {
namespace {

using nlohmann::json;

constexpr std::string_view condition_status_names[] = {"Unknown", "False", "True"};

}  // namespace

Time decode_time(JsonCursor text) {
  if (!text) return {};
  const auto time = parse_time(text.string());
  if (!time) text.fail("expected an RFC 3339 time");
  return time.value_or(Time{});
}

StringMap decode_string_map(JsonCursor object) {
  StringMap map;
  object.each_member([&](std::string_view key, JsonCursor value) { map.emplace(key, value.string()); });
  return map;
}

ObjectMeta decode_meta(JsonCursor metadata) {
  ObjectMeta meta;
  meta.name = metadata["name"].string();
  meta.namespace_ = metadata["namespace"].string();
  meta.uid = metadata["uid"].string();
  meta.resource_version = metadata["resourceVersion"].string();
  meta.generation = metadata["generation"].integer();
  meta.creation_timestamp = decode_time(metadata["creationTimestamp"]);
  if (const auto deleted = metadata["deletionTimestamp"]) meta.deletion_timestamp = decode_time(deleted);
  meta.labels = decode_string_map(metadata["labels"]);
  meta.annotations = decode_string_map(metadata["annotations"]);
  metadata["ownerReferences"].each([&](JsonCursor owner) {
    meta.owner_references->push_back({.api_version = owner["apiVersion"].string(),
                                      .kind = owner["kind"].string(),
                                      .name = owner["name"].string(),
                                      .uid = owner["uid"].string(),
                                      .controller = owner["controller"].boolean()});
  });
  return meta;
}

namespace {

// The API takes any word from those who write a Pod's or a Node's; it is neither True nor False then.
ConditionStatus decode_condition_status(JsonCursor status) {
  const auto word = std::ranges::find(condition_status_names, std::string_view(status.string()));
  if (word == std::end(condition_status_names)) return ConditionStatus::unknown;
  return static_cast<ConditionStatus>(word - std::begin(condition_status_names));
}

}  // namespace

std::vector<Condition> decode_conditions(JsonCursor list) {
  std::vector<Condition> conditions;
  list.each([&](JsonCursor item) {
    conditions.push_back({.type = item["type"].string(),
                          .status = decode_condition_status(item["status"]),
                          .reason = item["reason"].string(),
                          .message = item["message"].string(),
                          .observed_generation = item["observedGeneration"].integer(),
                          .last_transition_time = decode_time(item["lastTransitionTime"])});
  });
  return conditions;
}

json encode(const std::vector<Condition>& conditions) {
  json list = json::array();
  for (const auto& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", condition_status_names[static_cast<int>(condition.status)]},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"observedGeneration", condition.observed_generation},
                    {"lastTransitionTime", format_time(condition.last_transition_time)}});
  }
  return list;
}

CpuSet decode_cpu_list(JsonCursor text) {
  auto set = CpuSet::parse(text.string());
  if (!set) text.fail(set.error().context);
  return set ? std::move(*set) : CpuSet{};
}

NumaSet decode_numa_list(JsonCursor text) {
  auto set = NumaSet::parse(text.string());
  if (!set) text.fail(set.error().context);
  return set ? std::move(*set) : NumaSet{};
}

}  // namespace actimanager::api
