#include "doctor_command.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>
#include <actimanager/host/diagnosis.hpp>

#include "host_name.hpp"

namespace actimanager::app {
namespace {

using host::Finding;
using host::Severity;

std::string as_text(const std::vector<Finding>& findings) {
  const auto count = [&](Severity severity) {
    return std::ranges::count(findings, severity, &Finding::severity);
  };
  const auto plural = [](auto n, const char* word) {
    return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
  };
  auto text = host::can_pin(findings) ? fmt::format("{}: Pods can be pinned", host_name())
                                      : fmt::format("{}: Pods cannot be pinned", host_name());
  if (const auto n = count(Severity::problem); n > 0) text += ", " + plural(n, "problem");
  if (const auto n = count(Severity::warning); n > 0) text += ", " + plural(n, "warning");
  text += "\n\n";
  for (const auto& finding : findings) {
    const auto severity = host::to_string(finding.severity);
    text += fmt::format("{:<8} {:<16} {}\n", severity, finding.check, finding.message);
    if (!finding.fix.empty()) text += fmt::format("{:<8} {:<16} -> {}\n", "", "", finding.fix);
  }
  return text;
}

std::string as_json(const std::vector<Finding>& findings) {
  auto list = nlohmann::json::array();
  for (const auto& finding : findings) {
    list.push_back({{"check", finding.check},
                    {"severity", host::to_string(finding.severity)},
                    {"message", finding.message},
                    {"fix", finding.fix}});
  }
  const nlohmann::json page{
      {"host", host_name()}, {"canPin", host::can_pin(findings)}, {"findings", std::move(list)}};
  return api::json_text(page, 2) + "\n";
}

}  // namespace

int doctor_command(const DoctorOptions& options, std::ostream& out, std::ostream& err) {
  const auto findings = host::diagnose(host::examine({.cgroups_path = options.cgroups_path,
                                                      .kubelet_directory = options.kubelet_directory,
                                                      .dbus_socket = options.dbus_socket,
                                                      .reserved = options.reserved_cpus,
                                                      .root = options.root}));
  out << (options.output == "json" ? as_json(findings) : as_text(findings));
  out.flush();
  if (!out) {
    err << "actimanager: cannot write the findings\n";
    return 1;
  }
  return host::can_pin(findings) ? 0 : 1;
}

}  // namespace actimanager::app
