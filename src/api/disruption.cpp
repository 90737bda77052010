#include <limits>

#include <actimanager/api/disruption.hpp>

#include "meta_json.hpp"

namespace actimanager::api {

Result<PodDisruptionBudget> PodDisruptionBudget::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  const auto status = root["status"];
  PodDisruptionBudget budget;
  budget.meta = decode_meta(root["metadata"]);
  budget.selector = decode_label_selector(root["spec"]["selector"]);
  budget.disruptions_allowed = static_cast<std::int32_t>(status["disruptionsAllowed"].integer_between(
      std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(), 0));
  status["disruptedPods"].each_member(
      [&](std::string_view name, JsonCursor) { budget.disrupted_pods.emplace(name); });
  return reader.finish(std::move(budget));
}

}  // namespace actimanager::api
