#include "reset_command.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>

#include <fmt/format.h>

#include <actimanager/host/presence.hpp>
#include <actimanager/host/reset.hpp>
#include <actimanager/host/systemd/release.hpp>

namespace actimanager::app {
namespace {

int fails(std::ostream& err, const std::string& why) {
  err << fmt::format("actimanager: {}\n", why);
  return 1;
}

std::string shown(const host::FileChange& change, const std::string& list) {
  if (!list.empty()) return list;
  return change.file == "cpuset.cpus.exclusive" ? "none" : "its parent's";
}

std::string counted(std::size_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

// What was changed, and the number of Pods and changes. False: something was refused.
bool print(const host::ResetReport& files, const host::ResetReport& quotas,
           const Result<host::ResetReport>& units, bool dry_run, std::ostream& out, std::ostream& err) {
  const auto released = units ? units->changes : std::vector<host::FileChange>();
  for (const auto& change : released) {
    out << fmt::format("{}/{}: {} -> {}\n", change.path, change.file, change.before,
                       change.after.empty() ? "none" : change.after);
  }
  for (const auto& change : quotas.changes) {
    out << fmt::format("{}/{}: {} -> {}\n", change.path, change.file, change.before, change.after);
  }
  for (const auto& change : files.changes) {
    out << fmt::format("{}/{}: {} -> {}\n", change.path, change.file, shown(change, change.before),
                       shown(change, change.after));
  }
  out << counted(static_cast<std::size_t>(files.pods), "Pod", "Pods");
  const char* would = dry_run ? " would be" : "";
  if (!files.changes.empty()) {
    out << fmt::format(", {}{} written", counted(files.changes.size(), "cpuset file", "cpuset files"), would);
  }
  if (!quotas.changes.empty()) {
    out << fmt::format(", {}{} put back", counted(quotas.changes.size(), "quota", "quotas"), would);
  }
  if (!released.empty()) {
    out << fmt::format(", {}{} taken back", counted(released.size(), "property", "properties"), would);
  }
  const bool nothing = files.changes.empty() && quotas.changes.empty() && released.empty();
  out << (nothing ? ", nothing to reset\n" : "\n");
  out.flush();
  for (const auto* report : {&files, &quotas}) {
    for (const auto& error : report->errors) err << fmt::format("actimanager: {}\n", error.message());
  }
  if (!units) {
    fails(err, "systemd cannot be asked for properties of Pods' units: " + units.error().message());
    return false;
  }
  for (const auto& error : units->errors) err << fmt::format("actimanager: {}\n", error.message());
  return files.errors.empty() && quotas.errors.empty() && units->errors.empty();
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
  // systemd first: what it writes because of that, the files' own reset puts right.
  const auto units = host::systemd::release_properties(*tree, options.dbus_socket, options.dry_run);
  auto files = host::reset_partitions(*tree, options.dry_run);
  if (!files) return fails(err, files.error().message());
  auto cpusets =
      options.dry_run ? host::plan_reset_cpusets(*tree, files->given_back) : host::reset_cpusets(*tree);
  if (!cpusets) return fails(err, cpusets.error().message());
  std::ranges::move(cpusets->changes, std::back_inserter(files->changes));
  std::ranges::move(cpusets->errors, std::back_inserter(files->errors));
  // What systemd could not be told stays remembered, for the next time.
  const bool told = units && units->errors.empty();
  const auto quotas =
      host::reset_quotas(*tree, told ? host::QuotaWish::forget : host::QuotaWish::restore, options.dry_run);
  if (!quotas) return fails(err, quotas.error().message());
  const bool complete = print(*files, *quotas, units, options.dry_run, out, err);
  if (!out) return fails(err, "cannot write what was done");
  return complete ? 0 : 1;
}

}  // namespace actimanager::app
