// SchedulingGates: a Pod with gates does not enter the queue.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

class SchedulingGates final : public Plugin {
 public:
  std::string_view name() const override { return "SchedulingGates"; }
  Points points() const override { return static_cast<Points>(Point::pre_enqueue); }

  Status pre_enqueue(const api::Pod& pod) const override {
    if (pod.spec->scheduling_gates.empty()) return {};
    return unresolvable(
        fmt::format("waiting for scheduling gates: [{}]", fmt::join(pod.spec->scheduling_gates, " ")));
  }

  std::vector<Interest> interests() const override {
    const auto after_gates = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      return queue_if(is_itself(waiting, change));
    };
    return {on<api::Pod>(Action::pod_gates_gone, after_gates)};
  }
  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }
};

}  // namespace

std::unique_ptr<Plugin> make_scheduling_gates(api::JsonCursor) {
  return std::make_unique<SchedulingGates>();
}

}  // namespace actimanager::scheduler
