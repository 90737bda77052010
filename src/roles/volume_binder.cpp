#include "volume_binder.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/async/event.hpp>

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using api::PersistentVolumeClaim;
using nlohmann::json;

constexpr auto look_again = 200ms;  // at the watches' stores, which costs next to nothing

std::unexpected<Error> gone(std::string_view what, const std::string& name) {
  return fail(Errc::not_found, fmt::format("{} {}: is gone", what, name));
}

}  // namespace

asio::awaitable<Result<void>> VolumeBinder::reserve(const scheduler::VolumePlan::Static& binding) {
  const auto claim = cluster_.claims.get(binding.claim);
  const auto volume = cluster_.volumes.get(binding.volume);
  if (!claim) co_return gone("PersistentVolumeClaim", binding.claim);
  if (!volume) co_return gone("PersistentVolume", binding.volume);
  const json patch = {{"metadata",
                       {{"resourceVersion", volume->meta.resource_version},
                        {"annotations", {{"pv.kubernetes.io/bound-by-controller", "yes"}}}}},
                      {"spec",
                       {{"claimRef",
                         {{"apiVersion", "v1"},
                          {"kind", "PersistentVolumeClaim"},
                          {"namespace", claim->meta.namespace_},
                          {"name", claim->meta.name},
                          {"uid", claim->meta.uid},
                          {"resourceVersion", claim->meta.resource_version}}}}}};
  auto patched = co_await client_.patch(kube::resource_of(*volume), patch);
  if (!patched) co_return fail(std::move(patched.error()));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> VolumeBinder::ask_for_volume(const std::string& name, const std::string& node,
                                                           Written& written) {
  const auto claim = cluster_.claims.get(name);
  if (!claim) co_return gone("PersistentVolumeClaim", name);
  const auto* selected = claim->meta.annotation(PersistentVolumeClaim::selected_node);
  if (selected != nullptr && *selected == node) co_return Result<void>{};
  const json patch = {{"metadata",
                       {{"resourceVersion", claim->meta.resource_version},
                        {"annotations", {{std::string(PersistentVolumeClaim::selected_node), node}}}}}};
  auto patched = co_await client_.patch(kube::resource_of(*claim), patch);
  if (!patched) co_return fail(std::move(patched.error()));
  written[name] = claim->meta.resource_version;
  co_return Result<void>{};
}

Result<bool> VolumeBinder::bound_for(const PersistentVolumeClaim& claim, const api::Node& node) const {
  if (!claim.bound()) return false;
  const auto volume = cluster_.volumes.get(claim.volume_name);
  if (!volume) return false;  // not yet
  const auto& name = node.meta.name;
  if (scheduler::usable_on(*volume, node, cluster_.csi_nodes.get(name).get())) return true;
  return fail(Errc::unavailable,
              fmt::format("PersistentVolumeClaim {}: bound to PersistentVolume {}, which node {} cannot use",
                          claim.meta.key(), claim.volume_name, name));
}

Result<bool> VolumeBinder::settled(const scheduler::VolumePlan& plan, const std::string& node,
                                   const Written& written) const {
  const auto known = cluster_.nodes.get(node);
  if (!known) return gone("Node", node);
  bool all = true;
  for (const auto& [name, volume] : plan.bind) {
    const auto claim = cluster_.claims.get(name);
    if (!claim) return gone("PersistentVolumeClaim", name);
    const auto bound = bound_for(*claim, *known);
    if (!bound) return bound;
    all = all && *bound;
  }
  for (const auto& name : plan.provision) {
    const auto claim = cluster_.claims.get(name);
    if (!claim) return gone("PersistentVolumeClaim", name);
    const auto bound = bound_for(*claim, *known);
    if (!bound) return bound;
    all = all && *bound;
    const auto write = written.find(name);
    const bool came_in = write == written.end() || write->second != claim->meta.resource_version;
    if (claim->bound() || !came_in) continue;
    // The provisioner takes the node's name off a claim it cannot serve there.
    const auto* selected = claim->meta.annotation(PersistentVolumeClaim::selected_node);
    if (selected == nullptr || *selected != node) {
      return fail(Errc::unavailable,
                  fmt::format("PersistentVolumeClaim {}: provisioning for node {} failed", name, node));
    }
  }
  return all;
}

asio::awaitable<Result<void>> VolumeBinder::bind(const api::Pod& pod, const scheduler::VolumePlan& plan,
                                                 const std::string& node) {
  for (const auto& binding : plan.bind) {
    if (auto done = co_await reserve(binding); !done) co_return fail(std::move(done.error()));
  }
  Written written;
  for (const auto& claim : plan.provision) {
    if (auto done = co_await ask_for_volume(claim, node, written); !done)
      co_return fail(std::move(done.error()));
  }
  const auto deadline = async::Event::Clock::now() + plan.timeout;
  do {
    co_await async::sleep_for(look_again);
    const auto now = cluster_.pods.get(pod.meta.key());
    if (!now || now->meta.uid != pod.meta.uid) co_return gone("Pod", pod.meta.key());
    const auto all = settled(plan, node, written);
    if (!all) co_return fail(all.error());
    if (*all) co_return Result<void>{};
  } while (async::Event::Clock::now() < deadline);
  co_return fail(Errc::unavailable,
                 fmt::format("its PersistentVolumeClaims were not bound within {} s", plan.timeout.count()));
}

}  // namespace actimanager::roles
