#include "topology_publisher.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/kube/backoff.hpp>
#include <actimanager/kube/errors.hpp>

#include "clock.hpp"

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using kube::ApiErrc;
using nlohmann::json;

// Of an object that is newer than the one we know: the watch brings it.
constexpr std::chrono::seconds watch_delay{1};

json owner_reference(const api::Node& node) {
  return {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node.meta.name}, {"uid", node.meta.uid}};
}

bool owned_by(const api::NodeCPUTopology& object, const api::Node& node) {
  return std::ranges::any_of(*object.meta.owner_references,
                             [&](const api::OwnerReference& owner) { return owner.uid == node.meta.uid; });
}

}  // namespace

TopologyPublisher::TopologyPublisher(const asio::any_io_executor& executor, kube::Client& client,
                                     NodeState& state, std::string node, spdlog::logger& log)
    : client_(client),
      state_(state),
      node_name_(std::move(node)),
      name_(api::NodeCPUTopology::name_for(node_name_)),
      log_(log),
      work_(executor) {
  state_.nodes.on_change([this](const auto&, const auto&) { work_.set(); });
  state_.topologies.on_change([this](const auto&, const auto&) { work_.set(); });
  state_.topologies.on_synced([this] { work_.set(); });
}

void TopologyPublisher::want(PublishedState state) {
  const bool summary_only = want_.topology && want_.topology == state.topology &&
                            want_.reserved == state.reserved && want_.cgroup == state.cgroup &&
                            want_.failure == state.failure && want_.objection == state.objection;
  const bool same = summary_only && want_.exclusive == state.exclusive;
  want_ = std::move(state);
  if (same) return;
  if (summary_only) {
    if (summary_due_ == Clock::time_point::max()) summary_due_ = Clock::now() + summary_delay;
  } else {
    summary_due_ = Clock::now();
  }
  work_.set();
}

asio::awaitable<void> TopologyPublisher::run() {
  kube::Backoff backoff;
  while (true) {
    auto next = Clock::time_point::max();
    if (want_.topology && state_.nodes.get(node_name_) && state_.topologies.synced()) {
      const auto published = co_await publish();
      if (published) {
        backoff.reset();
        next = summary_due_;
      } else if (published.error().code == ApiErrc::conflict) {
        next = Clock::now() + watch_delay;
      } else {
        log_.warn("{}", published.error().message());
        co_await async::sleep_for(backoff.next(Clock::now()));
        continue;
      }
    }
    co_await work_.wait_until(next);
  }
}

asio::awaitable<Result<void>> TopologyPublisher::publish() {
  const auto node = state_.nodes.get(node_name_);
  const auto known = state_.topologies.get(name_);
  const bool same_topology = known && known->topology && *known->topology == *want_.topology;
  const bool right = same_topology && known->node_name == node_name_ && owned_by(*known, *node);
  std::optional<api::NodeCPUTopology> object;
  if (right) {
    object = *known;
  } else {
    auto published = co_await publish_spec(*node);
    if (!published) co_return fail(std::move(published.error()));
    object = std::move(*published);
  }
  auto status = published_status(*object, node->internal_ip, want_, wall_clock());
  const bool due = !right || Clock::now() >= summary_due_;
  if (due) summary_due_ = Clock::time_point::max();
  if (!due) status.exclusive = object->status.exclusive;
  if (!same_topology || !status.last_change_time) status.last_change_time = wall_clock();
  if (status == object->status) co_return Result<void>{};
  const json patch = {{"metadata", {{"resourceVersion", object->meta.resource_version}}},
                      {"status", api::encode(status)}};
  auto written = co_await client_.patch(kube::resource_of(*object, "status"), patch);
  if (!written) {
    if (due) summary_due_ = Clock::now();
    co_return fail(std::move(written.error()));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<api::NodeCPUTopology>> TopologyPublisher::publish_spec(const api::Node& node) {
  api::NodeCPUTopology wanted;
  wanted.meta.name = name_;
  wanted.node_name = node_name_;
  wanted.topology = want_.topology;
  auto object = api::encode_spec(wanted);
  object["metadata"]["ownerReferences"] = json::array({owner_reference(node)});

  auto answer = co_await client_.create(kube::resource<api::NodeCPUTopology>(), object);
  if (!answer && answer.error().code == ApiErrc::already_exists) {
    // Whatever else is in it, labels above all, is somebody's and stays.
    answer = co_await client_.get(kube::resource<api::NodeCPUTopology>({}, name_));
    if (answer) {
      auto existing = *answer;
      existing["spec"] = object["spec"];
      existing["metadata"]["ownerReferences"] = object["metadata"]["ownerReferences"];
      answer = co_await client_.replace(kube::resource<api::NodeCPUTopology>({}, name_), existing);
    }
  }
  if (!answer) co_return fail(std::move(answer.error()));
  log_.info("topology: published {} ({} CPUs)", name_, want_.topology->cpus().size());
  co_return api::decode<api::NodeCPUTopology>(*answer);
}

}  // namespace actimanager::roles
