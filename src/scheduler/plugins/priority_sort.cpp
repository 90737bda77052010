// PrioritySort: higher priority first, then who has waited longer. SchedulingQueue implements this order, the
// only one there is; the plugin is here so that profiles can name it.
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

class PrioritySort final : public Plugin {
 public:
  std::string_view name() const override { return "PrioritySort"; }
  Points points() const override { return static_cast<Points>(Point::queue_sort); }
  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }
};

}  // namespace

std::unique_ptr<Plugin> make_priority_sort(api::JsonCursor) {
  return std::make_unique<PrioritySort>();
}

}  // namespace actimanager::scheduler
