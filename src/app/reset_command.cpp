#include "reset_command.hpp"

#include <ostream>

#include <fmt/format.h>

#include <actimanager/host/presence.hpp>
#include <actimanager/host/reset.hpp>

namespace actimanager::app {
namespace {

int fails(std::ostream& err, const std::string& why) {
  err << fmt::format("actimanager: {}\n", why);
  return 1;
}

std::string shown(const std::string& list) {
  return list.empty() ? "its parent's" : list;
}

}  // namespace

int reset_command(const ResetOptions& options, std::ostream& out, std::ostream& err) {
  auto tree = host::CgroupTree::open({.path = options.cgroups_path});
  if (!tree) return fails(err, tree.error().message());
  // Held until we are done: an agent that starts meanwhile knows that it is not seen.
  if (!options.dry_run && !options.force) {
    const auto alone = host::claim_without_agent(tree->root());
    if (!alone) return fails(err, alone.error().message() + "; --force to reset all the same");
    if (!*alone) {
      return fails(err, "an agent runs on this node and would pin anew: end it first, or --force");
    }
  }
  const auto report = host::reset_cpusets(*tree, options.dry_run);
  if (!report) return fails(err, report.error().message());
  for (const auto& change : report->changes) {
    out << fmt::format("{}/{}: {} -> {}\n", change.path, change.file, shown(change.before),
                       shown(change.after));
  }
  const auto counted = [](auto n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  out << counted(report->pods, "Pod") << ", ";
  if (report->changes.empty()) {
    out << "nothing to reset\n";
  } else {
    out << counted(report->changes.size(), "cpuset file") << (options.dry_run ? " would be" : "")
        << " written\n";
  }
  out.flush();
  for (const auto& error : report->errors) err << fmt::format("actimanager: {}\n", error.message());
  if (!out) return fails(err, "cannot write what was done");
  return report->errors.empty() ? 0 : 1;
}

}  // namespace actimanager::app
