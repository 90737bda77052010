#include "binding_controller.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/names.hpp>
#include <actimanager/binding/sizing.hpp>
#include <actimanager/kube/errors.hpp>

#include "clock.hpp"

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using kube::ApiErrc;
using nlohmann::json;

constexpr std::size_t writes_at_once = 16;
constexpr auto shortest_wait = std::chrono::seconds(2);
constexpr auto longest_wait = std::chrono::seconds(30);
// As many as are looked at before others have their turn.
constexpr std::size_t looks_at_once = 64;

json versioned(const api::ObjectMeta& meta) {
  return {{"resourceVersion", meta.resource_version}};
}

// Its Pod has another one, made by hand, that came first.
bool is_second(const api::PodCPUBinding& binding) {
  const auto* admitted = api::find_condition(binding.status.conditions, "Admitted");
  return binding.is_refused() && admitted != nullptr && admitted->reason == binding::second_binding;
}

// A merge patch to this status; what it has not is removed.
json without_absent(json status) {
  if (!status.contains("admitted")) status["admitted"] = nullptr;
  return status;
}

}  // namespace

BindingController::BindingController(asio::any_io_executor executor, kube::Client& client,
                                     ClusterState& cluster, Scheduling& scheduling,
                                     kube::EventRecorder& events, LeaderMetrics& metrics, spdlog::logger& log)
    : client_(client),
      cluster_(cluster),
      scheduling_(scheduling),
      events_(events),
      metrics_(metrics),
      log_(log),
      work_(executor),
      writes_(executor) {
  follow_changes();
}

void BindingController::follow_changes() {
  cluster_.bindings.on_change([this](const auto& before, const auto& after) {
    if (before && (!after || after->spec.pod_name != before->spec.pod_name)) {
      const auto it = of_pod_.find(before->pod_key());
      if (it != of_pod_.end() && it->second.erase(before->meta.key()) > 0 && it->second.empty())
        of_pod_.erase(it);
    }
    look_at_waiting((after ? after : before)->node_name());
    if (!after) {
      edited_from_.erase(before->meta.key());
      without_others_.erase(before->meta.key());
      return;
    }
    of_pod_[after->pod_key()].insert(after->meta.key());
    look_at({Item::Kind::binding, after->meta.key()});
  });
  cluster_.pods.on_change([this](const auto& before, const auto& after) {
    look_at_waiting((after ? after : before)->node_name);
    const auto it = of_pod_.find((after ? after : before)->meta.key());
    if (it == of_pod_.end()) return;
    for (const auto& key : it->second) look_at({Item::Kind::binding, key});
  });
  cluster_.nodes.on_change([this](const auto& before, const auto& after) {
    if (before && after) return;  // neither came nor went
    look_at_node((after ? after : before)->meta.name);
  });
  cluster_.topologies.on_change([this](const auto& before, const auto& after) {
    look_at({Item::Kind::topology, (after ? after : before)->meta.key()});
    look_at_waiting((after ? after : before)->node_name);
    if (!before || !after || (before->topology == nullptr) != (after->topology == nullptr)) {
      look_at_node((after ? after : before)->node_name);
    }
  });
  cluster_.on_synced([this] { work_.set(); });
}

void BindingController::look_at(Item item) {
  queue_.insert(std::move(item));
  work_.set();
}

void BindingController::look_at_node(const std::string& name) {
  look_at({Item::Kind::topology, api::NodeCPUTopology::name_for(name)});
  if (!cluster_.synced()) return;  // every binding is looked at anyway
  for (const auto& binding : cluster_.bindings.items()) {
    const auto* label = binding->meta.label(api::node_name_label);
    if (label == nullptr || *label == name) look_at({Item::Kind::binding, binding->meta.key()});
  }
}

void BindingController::look_at_waiting(const std::string& node) {
  const auto it = waiting_.find(node);
  if (it == waiting_.end()) return;
  for (const auto& key : it->second) look_at({Item::Kind::binding, key});
  waiting_.erase(it);
}

void BindingController::look_at_failed(Clock::time_point now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto entry = later_.extract(later_.begin());
    const auto failure = failures_.find(entry.mapped());
    const bool counts = failure != failures_.end() && failure->second.due == entry.key();
    if (counts) queue_.insert(entry.mapped());
  }
}

asio::awaitable<void> BindingController::run() {
  std::vector<asio::awaitable<void>> parts;
  parts.push_back(loop());
  parts.push_back(writes_.serve());
  co_await async::first_to_finish(std::move(parts));
}

asio::awaitable<void> BindingController::loop() {
  while (!cluster_.synced()) co_await work_.wait();
  for (std::size_t looks = 0;; ++looks) {
    if (looks % looks_at_once == 0) co_await async::give_way();
    co_await writes_.below(writes_at_once);
    look_at_failed(Clock::now());
    const auto next =
        std::ranges::find_if(queue_, [this](const Item& item) { return !in_flight_.contains(item); });
    if (next == queue_.end()) {
      co_await work_.wait_until(later_.empty() ? Clock::time_point::max() : later_.begin()->first);
      continue;
    }
    const auto item = queue_.extract(next).value();
    auto write = item.kind == Item::Kind::binding ? binding_step(item.key) : topology_step(item.key);
    if (!write) {
      failures_.erase(item);
      continue;
    }
    in_flight_.insert(item);
    writes_.spawn(carry_out(item, std::move(*write)));
  }
}

asio::awaitable<void> BindingController::carry_out(Item item, asio::awaitable<Result<void>> write) {
  const auto written = co_await std::move(write);
  if (written || written.error().code == ApiErrc::not_found || written.error().code == ApiErrc::conflict) {
    failures_.erase(item);
  } else {
    log_.warn("{}", written.error().message());
    auto& failure = failures_[item];
    failure.wait = std::clamp(2 * failure.wait, shortest_wait, longest_wait);
    failure.due = Clock::now() + failure.wait;
    later_.emplace(failure.due, item);
  }
  in_flight_.erase(item);
  work_.set();
}

std::optional<asio::awaitable<Result<void>>> BindingController::binding_step(const std::string& key) {
  const auto binding = cluster_.bindings.get(key);
  if (!binding || binding->meta.deletion_timestamp) return std::nullopt;
  binding::Surroundings around;
  around.pod = cluster_.pods.get(binding->pod_key());
  if (around.pod && !around.pod->node_name.empty()) {
    around.node_exists = cluster_.nodes.get(around.pod->node_name) != nullptr;
    const auto topology = cluster_.topologies.get(api::NodeCPUTopology::name_for(around.pod->node_name));
    around.node_has_topology = topology && topology->topology;
  }
  auto action = binding::next_action(*binding, around, wall_clock());
  switch (action.kind) {
    case binding::Action::Kind::remove:
      return remove_with_pod(binding);
    case binding::Action::Kind::status:
      return write_binding_status(binding, std::move(action.status));
    case binding::Action::Kind::none:
      break;
  }
  if (!around.pod || around.pod->node_name.empty() || !around.node_has_topology) return std::nullopt;
  const auto* label = binding->meta.label(api::node_name_label);
  // Its own node's agent labels it. Another node's label nobody looks at.
  if (label != nullptr && *label != around.pod->node_name) {
    return move_to_node(binding, around.pod->node_name);
  }
  if (edit_comes_in(*binding)) return std::nullopt;
  if (binding->is_refused() && !binding->status.admitted && binding->is_scheduler_made()) {
    scheduling_.forget_edit(key);  // an attempt that failed
    if (is_second(*binding)) return remove_second(binding);
    auto placement = other_cpus(*binding, *around.pod);
    if (!placement) {
      waiting_[around.pod->node_name].insert(key);
      return std::nullopt;
    }
    scheduling_.assume_edit(key, *placement);
    return write_cpus(binding, std::move(*placement), Occasion::refused);
  }
  return sizing_step(binding, *around.pod);
}

bool BindingController::edit_comes_in(const api::PodCPUBinding& binding) {
  const auto it = edited_from_.find(binding.meta.key());
  if (it == edited_from_.end()) return false;
  if (it->second == binding.meta.resource_version) return true;
  edited_from_.erase(it);
  return false;
}

std::optional<asio::awaitable<Result<void>>> BindingController::sizing_step(BindingPointer binding,
                                                                            const api::Pod& pod) {
  const auto& key = binding->meta.key();
  scheduling_.forget_edit(key);  // an attempt that failed
  if (auto condition = binding::sizing_given_up(*binding, wall_clock()))
    return write_condition(binding, std::move(*condition));
  const auto has = binding::resizable(*binding);
  if (!has || pod.meta.deletion_timestamp || binding->node_name() != pod.node_name) return std::nullopt;
  const auto answer = scheduling_.resize(pod, key, *has);
  if (!answer) return std::nullopt;
  auto sizing = binding::next_sizing(*binding, *has, answer->wanted, answer->resized, wall_clock());
  if (sizing.waits) waiting_[pod.node_name].insert(key);
  if (sizing.edit) {
    // Before anybody else decides: no Pod is placed on them while the edit is on its way.
    allocator::Placement placement{std::move(*sizing.edit), has->level};
    scheduling_.assume_edit(key, placement);
    return write_cpus(binding, std::move(placement), Occasion::resized);
  }
  if (!sizing.condition) return std::nullopt;
  if (sizing.condition->status == api::ConditionStatus::false_) {
    events_.record(kube::reference_to(pod), kube::EventType::warning, sizing.condition->reason,
                   sizing.condition->message);
  }
  return write_condition(binding, std::move(*sizing.condition));
}

std::optional<allocator::Placement> BindingController::other_cpus(const api::PodCPUBinding& binding,
                                                                  const api::Pod& pod) {
  auto placement = scheduling_.place_again(pod, binding);
  if (!placement || placement->cpus == binding.spec.cpu_set) {
    // It is looked at again with each change of the node, and told once.
    auto& told = without_others_[binding.meta.key()];
    const auto this_one = std::pair(binding.meta.uid, binding.meta.generation);
    if (std::exchange(told, this_one) == this_one) return std::nullopt;
    events_.record(
        kube::reference_to(pod), kube::EventType::warning, "NoOtherCPUs",
        fmt::format("the agent of node {} refused PodCPUBinding {} and there are no other CPUs for it: the "
                    "Pod runs in the shared pool",
                    pod.node_name, binding.meta.key()));
    return std::nullopt;
  }
  return placement;
}

std::optional<asio::awaitable<Result<void>>> BindingController::topology_step(const std::string& key) {
  const auto topology = cluster_.topologies.get(key);
  if (!topology) return std::nullopt;
  auto status = binding::next_topology_status(*topology, cluster_.nodes.get(topology->node_name) != nullptr,
                                              wall_clock());
  if (!status) return std::nullopt;
  return write_topology_status(topology, std::move(*status));
}

asio::awaitable<Result<void>> BindingController::remove_with_pod(BindingPointer binding) {
  // The watches do not keep step: the Pod may be there and only not have been seen yet.
  auto found =
      co_await client_.get(kube::resource<api::Pod>(binding->meta.namespace_, binding->spec.pod_name));
  if (!found && found.error().code != ApiErrc::not_found) co_return fail(std::move(found.error()));
  if (found) {
    const auto pod = api::decode<api::Pod>(*found);
    if (!pod) co_return fail(pod.error());  // which is no sign that it has gone
    if (pod->meta.uid == binding->owner_uid() && !pod->finished()) co_return Result<void>{};
  }
  auto removed = co_await client_.remove(kube::resource_of(*binding),
                                         {.uid = binding->meta.uid, .resource_version = {}});
  if (!removed) co_return fail(std::move(removed.error()));
  ++metrics_.bindings_deleted;
  log_.info("binding {}: removed with its Pod", binding->meta.key());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::remove_second(BindingPointer binding) {
  auto removed =
      co_await client_.remove(kube::resource_of(*binding),
                              {.uid = binding->meta.uid, .resource_version = binding->meta.resource_version});
  if (!removed) co_return fail(std::move(removed.error()));
  log_.info("binding {}: removed, its Pod has another one", binding->meta.key());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::move_to_node(BindingPointer binding, std::string node) {
  auto meta = versioned(binding->meta);
  meta["labels"] = {{std::string(api::node_name_label), node}};
  const json patch = {{"metadata", std::move(meta)}};
  auto patched = co_await client_.patch(kube::resource_of(*binding), patch);
  if (!patched) co_return fail(std::move(patched.error()));
  log_.info("binding {}: its Pod is on node {}", binding->meta.key(), node);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::write_cpus(BindingPointer binding,
                                                            allocator::Placement placement,
                                                            Occasion occasion) {
  auto spec = binding->spec;
  spec.cpu_set = placement.cpus;
  spec.exclusiveness_level = placement.level;
  auto meta = versioned(binding->meta);
  meta["annotations"] = {{std::string(binding::placed_annotation), binding::placed_mark(placement)}};
  const json patch = {{"metadata", std::move(meta)}, {"spec", api::encode(spec)}};
  auto patched = co_await client_.patch(kube::resource_of(*binding), patch);
  if (!patched) co_return fail(std::move(patched.error()));
  edited_from_.insert_or_assign(binding->meta.key(), binding->meta.resource_version);
  const bool resized = occasion == Occasion::resized;
  ++(resized ? metrics_.bindings_resized : metrics_.bindings_replaced);
  log_.info("binding {}: {}, gets CPUs {} instead of {}", binding->meta.key(),
            resized ? "its Pod was resized" : "was refused", placement.cpus.to_string(),
            binding->spec.cpu_set.to_string());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::write_condition(BindingPointer binding,
                                                                 api::Condition condition) {
  auto said = fmt::format("{}, {}", condition.type, condition.reason);
  auto status = binding->status;
  api::set_condition(status.conditions, std::move(condition));
  // Nothing but these: the rest is the agent's.
  const json patch = {{"metadata", versioned(binding->meta)},
                      {"status", {{"conditions", api::encode(status).at("conditions")}}}};
  auto written = co_await client_.patch(kube::resource_of(*binding, "status"), patch);
  if (!written) co_return fail(std::move(written.error()));
  log_.info("binding {}: {}", binding->meta.key(), said);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::write_binding_status(BindingPointer binding,
                                                                      api::PodCPUBinding::Status status) {
  const json patch = {{"metadata", versioned(binding->meta)},
                      {"status", without_absent(api::encode(status))}};
  auto written = co_await client_.patch(kube::resource_of(*binding, "status"), patch);
  if (!written) co_return fail(std::move(written.error()));
  log_.info("binding {}: {}", binding->meta.key(), api::to_string(status.resource_status));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> BindingController::write_topology_status(
    kube::Store<api::NodeCPUTopology>::Pointer topology, api::NodeCPUTopology::Status status) {
  const json patch = {{"metadata", versioned(topology->meta)}, {"status", api::encode(status)}};
  auto written = co_await client_.patch(kube::resource_of(*topology, "status"), patch);
  if (!written) co_return fail(std::move(written.error()));
  log_.info("topology {}: {}", topology->meta.name, api::to_string(status.resource_status));
  co_return Result<void>{};
}

}  // namespace actimanager::roles
