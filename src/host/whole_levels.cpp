#include <optional>
#include <utility>

#include <actimanager/host/whole_levels.hpp>

namespace actimanager::host {

Result<std::vector<std::string>> WholeLevels::restore(const std::vector<std::shared_ptr<Cgroup>>& levels) {
  std::vector<std::string> written;
  if (levels.empty()) return written;
  const auto top = levels.front()->read();
  if (!top) return fail(top.error());
  std::optional<Error> refused;
  for (const auto& level : levels) {
    // One that is gone is looked at when there is one of that name again; one just made has nothing yet.
    const auto values = level->read();
    if (!values || values->cpus.empty()) continue;
    const auto missing = top->cpus - values->cpus;
    if (known_.insert(level->path()).second && missing.empty()) whole_.insert(level->path());
    if (missing.empty() || !whole_.contains(level->path())) continue;
    if (auto wrote = level->write_cpus(top->cpus); wrote) {
      written.push_back(level->path());
    } else if (!is_gone(wrote.error()) && !refused) {
      refused = std::move(wrote.error());
    }
  }
  if (refused) return fail(std::move(*refused));
  return written;
}

}  // namespace actimanager::host
