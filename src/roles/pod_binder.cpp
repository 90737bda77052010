#include "pod_binder.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/names.hpp>
#include <actimanager/binding/sizing.hpp>
#include <actimanager/kube/errors.hpp>

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using kube::ApiErrc;
using nlohmann::json;

json binding_object(const api::Pod& pod, const Target& target) {
  api::PodCPUBinding::Spec spec;
  spec.pod_name = pod.meta.name;
  spec.cpu_set = target.placement->cpus;
  spec.exclusiveness_level = target.placement->level;
  // Looked at by the scheduler's plugins before.
  if (const auto* quota = pod.meta.annotation(api::cfs_quota_annotation))
    spec.cfs_quota = api::parse_cfs_quota(*quota).value_or(api::CfsQuota::keep);
  if (const auto* isolation = pod.meta.annotation(api::isolation_annotation))
    spec.isolation = api::parse_isolation(*isolation).value_or(api::Isolation::none);
  const json mark = {{std::string(binding::placed_annotation), binding::placed_mark(*target.placement)}};
  return {{"apiVersion", api::group_version},
          {"kind", "PodCPUBinding"},
          {"metadata",
           {{"name", api::PodCPUBinding::name_for_pod(pod.meta.name)},
            {"namespace", pod.meta.namespace_},
            {"labels", {{std::string(api::node_name_label), target.node}}},
            {"annotations", mark},
            {"ownerReferences",
             {{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"name", pod.meta.name},
               {"uid", pod.meta.uid},
               {"controller", true},
               {"blockOwnerDeletion", false}}}}}},
          {"spec", api::encode(spec)}};
}

}  // namespace

bool is_of(const api::PodCPUBinding& binding, const api::Pod& pod) {
  return binding.is_scheduler_made() && binding.owner_uid() == pod.meta.uid;
}

Target target_of(const api::PodCPUBinding& binding) {
  return {binding.node_name(), allocator::Placement{binding.spec.cpu_set, binding.spec.exclusiveness_level}};
}

// Why the binding comes first: docs/decisions/0001-binding-before-bind.md
asio::awaitable<Result<Target>> PodBinder::persist(const api::Pod& pod, Target target) {
  const auto collection = kube::resource<api::PodCPUBinding>(pod.meta.namespace_);
  const auto object = binding_object(pod, target);
  for (bool second_attempt = false;; second_attempt = true) {
    auto created = co_await client_.post(collection, object);
    if (created) co_return target;
    if (created.error().code != ApiErrc::already_exists || second_attempt)
      co_return fail(std::move(created.error()));

    const auto name = api::PodCPUBinding::name_for_pod(pod.meta.name);
    auto found = co_await client_.get(kube::resource<api::PodCPUBinding>(pod.meta.namespace_, name));
    if (!found && found.error().code == ApiErrc::not_found) continue;
    if (!found) co_return fail(std::move(found.error()));
    auto existing = api::decode<api::PodCPUBinding>(*found);
    if (!existing) co_return fail(std::move(existing.error()));
    if (is_of(*existing, pod) && !existing->meta.deletion_timestamp && has_node_(target_of(*existing).node)) {
      co_return target_of(*existing);
    }
    if (!existing->is_scheduler_made()) {
      co_return fail(Errc::conflict, fmt::format("PodCPUBinding {}/{} exists and was not made for this Pod",
                                                 pod.meta.namespace_, name));
    }
    auto removed = co_await remove(*existing);
    if (!removed) co_return fail(std::move(removed.error()));
  }
}

asio::awaitable<Result<void>> PodBinder::assign(const api::Pod& pod, const std::string& node) {
  const json object = {
      {"apiVersion", "v1"},
      {"kind", "Binding"},
      {"metadata", {{"name", pod.meta.name}, {"namespace", pod.meta.namespace_}, {"uid", pod.meta.uid}}},
      {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  auto bound = co_await client_.post(kube::resource_of(pod, "binding"), object);
  if (bound) co_return Result<void>{};
  if (bound.error().code != ApiErrc::conflict) co_return fail(std::move(bound.error()));
  // An earlier attempt whose answer was lost may have done it.
  auto found = co_await client_.get(kube::resource_of(pod));
  if (!found) co_return fail(std::move(found.error()));
  const auto now = api::decode<api::Pod>(*found);
  if (now && now->meta.uid == pod.meta.uid && now->node_name == node) co_return Result<void>{};
  co_return fail(std::move(bound.error()));
}

asio::awaitable<Result<bool>> PodBinder::waits(const api::Pod& pod) {
  auto found = co_await client_.get(kube::resource_of(pod));
  if (!found) co_return fail(std::move(found.error()));
  const auto now = api::decode<api::Pod>(*found);
  if (!now) co_return fail(now.error());
  co_return now->meta.uid == pod.meta.uid && now->node_name.empty();
}

asio::awaitable<Result<void>> PodBinder::remove(const api::PodCPUBinding& binding) {
  auto removed =
      co_await client_.remove(kube::resource_of(binding), {.uid = binding.meta.uid, .resource_version = {}});
  if (!removed && removed.error().code != ApiErrc::not_found && removed.error().code != ApiErrc::conflict) {
    co_return fail(std::move(removed.error()));
  }
  co_return Result<void>{};
}

}  // namespace actimanager::roles
