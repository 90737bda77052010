// What a plugin that has refused a Pod says of one change.
#pragma once

#include <optional>
#include <set>

#include "plugin_bench.hpp"

namespace actimanager::scheduler::testing {

class HintBench : public Surroundings {
 public:
  Objects known;
  std::set<std::string, std::less<>> with_room;  // nodes where the Pod may get CPUs

  const Objects& objects() const override { return known; }
  bool may_get_cpus(const api::Pod&, std::string_view node) const override {
    return with_room.contains(node);
  }

  // "queue", "skip", or "" if it does not ask for such events.
  template <class T>
  std::string after(const Plugin& plugin, const api::Pod& waiting, const Change<T>& change) const {
    std::string answer;
    for (const auto& event : events_of(change)) {
      for (const auto& interest : plugin.interests()) {
        if (!interest.covers(event)) continue;
        if (!interest.ask || interest.ask(waiting, event.change, *this) == Hint::queue) return "queue";
        answer = "skip";
      }
    }
    return answer;
  }
  template <class T>
  std::string added(const Plugin& plugin, const api::Pod& waiting, const T& object) const {
    return after(plugin, waiting, Change<T>{nullptr, std::make_shared<T>(object)});
  }
  template <class T>
  std::string removed(const Plugin& plugin, const api::Pod& waiting, const T& object) const {
    return after(plugin, waiting, Change<T>{std::make_shared<T>(object), nullptr});
  }
  // `edit` changes a copy.
  template <class T, class Edit>
  std::string updated(const Plugin& plugin, const api::Pod& waiting, const T& object, Edit edit) const {
    auto edited = std::make_shared<T>(object);
    edit(*edited);
    return after(plugin, waiting, Change<T>{std::make_shared<T>(object), edited});
  }
};

}  // namespace actimanager::scheduler::testing
