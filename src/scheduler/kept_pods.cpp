#include <functional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <boost/pfr/core.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/core/interner.hpp>
#include <actimanager/scheduler/kept_pods.hpp>

namespace actimanager::scheduler {
namespace {

// Of what Pods are made of: texts, numbers, lists, maps, and structs of them.
template <class T>
void mix(std::size_t& hash, const T& value) {
  const auto add = [&](std::size_t more) { hash = (hash ^ more) * 0x9E3779B97F4A7C15 + (hash >> 29); };
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    add(std::hash<std::string_view>{}(value));
  } else if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
    add(static_cast<std::size_t>(value));
  } else if constexpr (std::is_same_v<T, Quantity>) {
    add(static_cast<std::size_t>(value.milli_value()));
  } else if constexpr (std::is_same_v<T, api::Time>) {
    add(static_cast<std::size_t>(value.time_since_epoch().count()));
  } else if constexpr (std::ranges::range<const T>) {
    add(std::ranges::size(value));
    for (const auto& item : value) mix(hash, item);
  } else if constexpr (requires { value.has_value(); }) {
    add(value.has_value() ? 1 : 0);
    if (value) mix(hash, *value);
  } else if constexpr (requires { value.second; }) {
    mix(hash, value.first);
    mix(hash, value.second);
  } else {
    boost::pfr::for_each_field(value, [&](const auto& field) { mix(hash, field); });
  }
}

struct Hash {
  template <class T>
  std::size_t operator()(const T& value) const {
    std::size_t hash = 0;
    mix(hash, value);
    return hash;
  }
};

template <class T>
using Parts = Interner<T, Hash>;

void take_away(api::Pod& pod) {
  const api::Pod& known = pod;
  api::StringMap annotations;
  for (const auto& annotation : *known.meta.annotations) {
    if (annotation.first.starts_with(api::group)) annotations.insert(annotation);
  }
  pod.meta.annotations = std::move(annotations);
  if (!known.conditions->empty()) {
    for (auto& condition : *pod.conditions) condition.last_transition_time = {};
  }
  if (!known.container_statuses->empty()) {
    for (auto& status : *pod.container_statuses) {
      status.container_id.clear();
      status.running = false;
    }
  }
}

}  // namespace

struct KeptPods::Impl {
  std::tuple<Parts<api::PodSpec>, Parts<api::NodeAffinity>, Parts<std::vector<api::Volume>>,
             Parts<api::StringMap>, Parts<std::vector<api::OwnerReference>>,
             Parts<std::vector<api::Condition>>, Parts<std::vector<api::ContainerStatus>>>
      parts;
};

KeptPods::KeptPods() : impl_(std::make_unique<Impl>()) {}
KeptPods::~KeptPods() = default;

void KeptPods::reduce(api::Pod& pod) {
  take_away(pod);
  const auto share = [&]<class T>(Shared<T>& part) { std::get<Parts<T>>(impl_->parts).share(part); };
  share(pod.spec);
  share(pod.node_affinity);
  share(pod.volumes);
  share(pod.meta.labels);
  share(pod.meta.annotations);
  share(pod.meta.owner_references);
  share(pod.conditions);
  share(pod.container_statuses);
}

std::size_t KeptPods::size() const {
  return std::apply([](const auto&... parts) { return (parts.size() + ...); }, impl_->parts);
}

}  // namespace actimanager::scheduler
