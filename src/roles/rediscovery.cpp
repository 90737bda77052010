#include "rediscovery.hpp"

#include <utility>

namespace actimanager::roles {

Rediscovery::Rediscovery(Sources sources) : sources_(std::move(sources)) {
  if (auto online = sources_.online_cpus()) online_ = std::move(*online);
}

std::optional<Rediscovery::News> Rediscovery::look() {
  const auto online = sources_.online_cpus();
  if (!online) return failed(online.error(), {});
  if (*online == online_ && failure_.empty()) return std::nullopt;
  auto topology = sources_.discover();
  if (!topology) return failed(topology.error(), *online);
  failure_.clear();
  return News{std::make_shared<const topology::Topology>(std::move(*topology)),
              {},
              std::exchange(online_, *online),
              *online};
}

std::optional<Rediscovery::News> Rediscovery::failed(const Error& error, const CpuSet& now) {
  auto message = error.message();
  if (message == failure_) return std::nullopt;
  failure_ = message;
  return News{nullptr, std::move(message), online_, now};
}

}  // namespace actimanager::roles
