#include "rediscovery.hpp"

#include <utility>

namespace actimanager::roles {

Rediscovery::Rediscovery(Sources sources, const CpuSet& known) : sources_(std::move(sources)) {
  if (auto hardware = sources_.hardware()) hardware_ = std::move(*hardware);
  hardware_.online_cpus = known;
}

std::optional<Rediscovery::News> Rediscovery::look() {
  const auto now = sources_.hardware();
  if (!now) return failed(now.error(), {});
  if (*now == hardware_ && failure_.empty()) return std::nullopt;
  auto topology = sources_.discover();
  if (!topology) return failed(topology.error(), *now);
  failure_.clear();
  return News{std::make_shared<const topology::Topology>(std::move(*topology)),
              {},
              std::exchange(hardware_, *now),
              *now};
}

std::optional<Rediscovery::News> Rediscovery::failed(const Error& error, const host::Hardware& now) {
  auto message = error.message();
  if (message == failure_) return std::nullopt;
  failure_ = message;
  return News{nullptr, std::move(message), hardware_, now};
}

}  // namespace actimanager::roles
