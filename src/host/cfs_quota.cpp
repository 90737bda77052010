#include <charconv>

#include <fmt/format.h>

#include <actimanager/host/cfs_quota.hpp>

namespace actimanager::host {
namespace {

constexpr const char* attribute = "user.actimanager.quota";
constexpr std::uint64_t second = 1'000'000;
constexpr std::uint64_t systemds_step = 10'000;

std::optional<std::int64_t> positive(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::uint64_t exact_per_second(const Quota& quota) {
  return static_cast<std::uint64_t>(*quota.microseconds) * second / static_cast<std::uint64_t>(quota.period);
}

Result<void> write_quota(const Cgroup& cgroup, const Quota& quota) {
  const bool v1 = cgroup.version() == CgroupVersion::v1;
  const auto text = quota.microseconds ? std::to_string(*quota.microseconds) : v1 ? "-1" : "max";
  return cgroup.write_file(v1 ? "cpu.cfs_quota_us" : "cpu.max", text);  // the period stays as it is
}

Result<void> carry_out(const Cgroup& cgroup, const QuotaStep& step) {
  if (step.remember) {
    if (auto noted = cgroup.set_attribute(attribute, to_string(*step.remember)); !noted) return noted;
  }
  if (step.write) {
    if (auto written = write_quota(cgroup, *step.write); !written) return written;
  }
  return step.forget ? cgroup.remove_attribute(attribute) : Result<void>();
}

// Of what the runtime has made.
std::vector<std::shared_ptr<Cgroup>> limited_cgroups(const PodCgroup& pod) {
  std::vector<std::shared_ptr<Cgroup>> cgroups{pod.cgroup};
  for (const auto& container : pod.containers) {
    cgroups.push_back(container.cgroup);
    if (const auto* inner = container.inner()) cgroups.push_back(*inner);
  }
  return cgroups;
}

Result<void> settle(const Cgroup& cgroup, QuotaWish wish, bool dry_run, QuotaReport& report) {
  auto has = read_quota(cgroup);
  if (!has) return fail(std::move(has.error()));
  auto remembered = remembered_quota(cgroup);
  const auto step = next_step(*has, remembered, wish);
  auto done = dry_run ? Result<void>() : carry_out(cgroup, step);
  if (done && step.write) {
    report.changes.push_back({cgroup.path(), *has, *step.write});
    has = *step.write;
  }
  report.state.limited = report.state.limited || has->microseconds;
  report.state.lifted =
      report.state.lifted || (done && step.remember) || (remembered && !(done && step.forget));
  return done;
}

}  // namespace

std::string to_string(const Quota& quota) {
  return quota.microseconds ? fmt::format("{} {}", *quota.microseconds, quota.period)
                            : fmt::format("max {}", quota.period);
}

Result<Quota> parse_quota(std::string_view text) {
  const auto blank = text.find(' ');
  const auto amount = text.substr(0, blank);
  const auto period = positive(blank == std::string_view::npos ? "" : text.substr(blank + 1));
  const auto microseconds = positive(amount);
  if (!period || (!microseconds && amount != "max"))
    return fail(Errc::invalid_argument, fmt::format("\"{}\" is no quota", text));
  return Quota{microseconds, *period};
}

std::uint64_t per_second(const Quota& quota) {
  if (!quota.microseconds) return unlimited;
  return (exact_per_second(quota) + systemds_step - 1) / systemds_step * systemds_step;
}

Result<Quota> read_quota(const Cgroup& cgroup) {
  Result<std::string> text;
  if (cgroup.version() == CgroupVersion::v2) {
    text = cgroup.read_file("cpu.max");
  } else {
    text = cgroup.read_file("cpu.cfs_quota_us");
    const auto period = text ? cgroup.read_file("cpu.cfs_period_us") : Result<std::string>();
    if (text && !period) return fail(period.error());
    if (text) text = (*text == "-1" ? "max" : *text) + " " + *period;
  }
  if (!text) return fail(std::move(text.error()));
  auto quota = parse_quota(*text);
  if (!quota) return fail(std::move(quota.error()).wrap(cgroup.path()));
  return quota;
}

std::optional<Quota> remembered_quota(const Cgroup& cgroup) {
  const auto text = cgroup.attribute(attribute);
  if (!text) return std::nullopt;
  const auto quota = parse_quota(*text);
  return quota ? std::optional(*quota) : std::nullopt;
}

QuotaStep next_step(const Quota& has, const std::optional<Quota>& remembered, QuotaWish wish) {
  // What systemd writes of the same limit is rounded.
  const bool same_limit = remembered && has.microseconds &&
                          (has == *remembered || exact_per_second(has) == per_second(*remembered));
  if (wish == QuotaWish::lift) {
    if (!has.microseconds) return {};
    QuotaStep step{.write = Quota{std::nullopt, has.period}};
    if (!same_limit) step.remember = has;
    return step;
  }
  if (!remembered) return {};
  QuotaStep step{.forget = wish == QuotaWish::forget};
  if (!has.microseconds || (step.forget && same_limit && has != *remembered)) step.write = remembered;
  return step;
}

QuotaReport settle_quotas(const PodCgroup& pod, QuotaWish wish, bool dry_run) {
  QuotaReport report;
  for (const auto& cgroup : limited_cgroups(pod)) {
    auto settled = settle(*cgroup, wish, dry_run, report);
    if (!settled && !is_gone(settled.error())) report.error = std::move(settled.error());
  }
  return report;
}

}  // namespace actimanager::host
