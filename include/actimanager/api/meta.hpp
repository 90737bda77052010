// What every Kubernetes object carries, as far as actimanager uses it (apimachinery meta/v1). Fields that are
// not used are not kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/flat_map.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/core/shared.hpp>

namespace actimanager::api {

using StringMap = boost::container::flat_map<std::string, std::string, std::less<>>;
using Time = std::chrono::sys_seconds;

struct OwnerReference {
  std::string api_version, kind, name, uid;
  bool controller = false;
  bool operator==(const OwnerReference&) const = default;
};

struct ObjectMeta {
  std::string name;
  std::string namespace_;  // "" for cluster-scoped objects
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  Time creation_timestamp{};
  std::optional<Time> deletion_timestamp;
  Shared<StringMap> labels;
  Shared<StringMap> annotations;
  Shared<std::vector<OwnerReference>> owner_references;

  // "namespace/name", or "name" for cluster-scoped objects.
  std::string key() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
  const std::string* label(std::string_view key) const {
    const auto it = labels->find(key);
    return it == labels->end() ? nullptr : &it->second;
  }
  const std::string* annotation(std::string_view key) const {
    const auto it = annotations->find(key);
    return it == annotations->end() ? nullptr : &it->second;
  }
  bool operator==(const ObjectMeta&) const = default;
};

// ObjectMeta::key() of an object that is not decoded; "" where it has no name.
std::string key_of(const JsonValue& object);

enum class ConditionStatus { unknown, false_, true_ };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::unknown;
  std::string reason;   // CamelCase word
  std::string message;  // for a person; names the field where one is at fault
  std::int64_t observed_generation = 0;
  Time last_transition_time{};
  bool operator==(const Condition&) const = default;
};

// The condition of this type, or nullptr.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

// Sets the condition of its type; last_transition_time is kept where the status stays the same.
void set_condition(std::vector<Condition>& conditions, Condition condition);

// RFC 3339, UTC, whole seconds ("2026-01-31T12:00:00Z"), as meta/v1 Time; fractions read are dropped.
std::string format_time(Time time);
std::optional<Time> parse_time(std::string_view text);

}  // namespace actimanager::api
