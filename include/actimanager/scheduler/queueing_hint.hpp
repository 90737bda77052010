// Queueing hints: which events a plugin that has refused a Pod wants to be asked about, and what it then
// says: whether the Pod is worth another try. Follows the QueueingHintFn of the kube-scheduler framework of
// Kubernetes 1.35.
//
// A hint is a hope, no promise, and looks at the changed object rather than at the cluster. What it cannot
// tell it answers with queue: a Pod that is tried in vain costs less than one that waits for nothing.
#pragma once

#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <actimanager/scheduler/cluster_event.hpp>
#include <actimanager/scheduler/objects.hpp>

namespace actimanager::scheduler {

enum class Hint {
  skip,   // it would be refused as before: it waits on
  queue,  // try it again, when its backoff is over
};
constexpr Hint queue_if(bool hope) {
  return hope ? Hint::queue : Hint::skip;
}

// What hints may look at beside the change: the cluster as it is by now, the change included.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual const Objects& objects() const = 0;
  // Whether the CPUs that the Pod wants could be its own on this node, if Pods that it may have evicted left
  // it.
  virtual bool may_get_cpus(const api::Pod& pod, std::string_view node) const = 0;
};

// One kind of change that a plugin wants to be asked about.
struct Interest {
  using Ask = std::function<Hint(const api::Pod& waiting, const AnyChange& change, const Surroundings&)>;

  std::size_t kind;  // the index of its Change in AnyChange
  Actions actions;
  Ask ask;  // none: queue, whatever the change is like

  bool covers(const ClusterEvent& event) const {
    return kind == event.change.index() && actions.contains(event.action);
  }
};

template <class T, class Variant>
struct IndexIn;
template <class T, class... Ts>
struct IndexIn<T, std::variant<Ts...>> {
  static constexpr std::size_t value = [] {
    std::size_t index = 0;
    static_cast<void>(((std::is_same_v<T, Ts> || (++index, false)) || ...));
    return index;
  }();
  static_assert(value < sizeof...(Ts));
};
template <class T>
inline constexpr std::size_t kind_of = IndexIn<Change<T>, AnyChange>::value;

// Any of these changes of a T is worth a try.
template <class T>
Interest on(Actions actions) {
  return {kind_of<T>, actions, nullptr};
}
// `hint` says which: Hint(const api::Pod& waiting, const Change<T>&, const Surroundings&), or without the
// last.
template <class T, class HintFunction>
Interest on(Actions actions, HintFunction hint) {
  return {kind_of<T>, actions,
          [hint = std::move(hint)](const api::Pod& waiting, const AnyChange& change,
                                   [[maybe_unused]] const Surroundings& surroundings) {
            const auto& changed = std::get<Change<T>>(change);
            if constexpr (std::is_invocable_v<HintFunction, const api::Pod&, const Change<T>&>) {
              return hint(waiting, changed);
            } else {
              return hint(waiting, changed, surroundings);
            }
          }};
}

// For those hints of kube-scheduler that only a Node's coming concerns: it has them asked about its taints,
// too, and takes any change for hope.
inline Interest on_node_taints() {
  return on<api::Node>(Action::node_taints);
}

}  // namespace actimanager::scheduler
