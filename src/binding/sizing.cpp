#include <fmt/format.h>

#include <actimanager/binding/admission.hpp>
#include <actimanager/binding/sizing.hpp>

namespace actimanager::binding {
namespace {

using api::ConditionStatus;

constexpr const char* condition_type = "MatchesRequest";

// Nothing where it is said already.
std::optional<api::Condition> news(const api::PodCPUBinding& binding, ConditionStatus status,
                                   std::string reason, std::string message, api::Time now) {
  const auto* said = api::find_condition(binding.status.conditions, condition_type);
  if (said != nullptr && said->status == status && said->reason == reason && said->message == message)
    return std::nullopt;
  return api::Condition{condition_type,          status, std::move(reason), std::move(message),
                        binding.meta.generation, now};
}

}  // namespace

std::string placed_mark(const allocator::Placement& placement) {
  return fmt::format("{} {}", api::to_string(placement.level), placement.cpus.to_string());
}

bool is_as_placed(const api::PodCPUBinding& binding) {
  if (!binding.is_scheduler_made() || !binding.spec.containers.empty()) return false;
  const auto* mark = binding.meta.annotation(placed_annotation);
  if (mark == nullptr) return binding.meta.generation <= 1;
  return *mark == placed_mark({binding.spec.cpu_set, binding.spec.exclusiveness_level});
}

std::optional<allocator::Placement> resizable(const api::PodCPUBinding& binding) {
  if (binding.meta.deletion_timestamp || !binding.spec_error.empty() || !is_as_placed(binding))
    return std::nullopt;
  const auto level = binding.spec.exclusiveness_level;
  const auto& admitted = binding.status.admitted;
  if (!admitted || admitted->generation == binding.meta.generation)
    return allocator::Placement{binding.spec.cpu_set, level};
  if (binding.status.observed_generation != binding.meta.generation) return std::nullopt;
  return allocator::Placement{admitted->cpu_set, level};
}

Sizing next_sizing(const api::PodCPUBinding& binding, const allocator::Placement& has, int wanted,
                   const allocator::Resized& resized, api::Time now) {
  Sizing sizing;
  const auto& cpus = resized.cpus ? *resized.cpus : has.cpus;
  sizing.waits = !resized.cpus || binding.spec.cpu_set != has.cpus;
  if (cpus != binding.spec.cpu_set) sizing.edit = cpus;
  if (!resized.cpus) {
    sizing.condition = news(binding, ConditionStatus::false_, "NoFreeCPUs",
                            fmt::format("the Pod asks for {} CPU{} and has {}: its node has no {}", wanted,
                                        wanted == 1 ? "" : "s", has.cpus.size(), resized.missing),
                            now);
  } else if (!sizing.waits && !sizing.edit &&
             api::find_condition(binding.status.conditions, condition_type) != nullptr) {
    sizing.condition = news(binding, ConditionStatus::true_, "Matches", "", now);
  }
  return sizing;
}

std::optional<api::Condition> sizing_given_up(const api::PodCPUBinding& binding, api::Time now) {
  if (is_as_placed(binding) || api::find_condition(binding.status.conditions, condition_type) == nullptr)
    return std::nullopt;
  return news(binding, ConditionStatus::unknown, "EditedByHand",
              "spec was edited by hand: its set is not resized any more", now);
}

}  // namespace actimanager::binding
