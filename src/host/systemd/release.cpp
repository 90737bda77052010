#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/systemd/release.hpp>

#include "bus.hpp"
#include "ledger.hpp"

namespace actimanager::host::systemd {

namespace asio = boost::asio;

namespace {

void note(ResetReport& report, const std::string& unit, const char* property, std::string had,
          std::string has = {}) {
  report.changes.push_back(
      {.path = unit, .file = property, .before = std::move(had), .after = std::move(has)});
}

std::string shown(std::uint64_t per_second) {
  return per_second == unlimited ? "infinity" : fmt::format("{}us", per_second);
}

// The ledger says what to do: to want no property of any unit, and to know of none what it has.
asio::awaitable<Result<void>> carry_out(Bus& bus, Ledger& ledger, Call call, bool dry_run,
                                        std::map<std::string, Allowed>& had, ResetReport& report) {
  if (call.asks()) {
    auto state = co_await bus.ask(call.unit);
    if (!state) co_return fail(std::move(state.error()));
    had.try_emplace(call.unit, state->allowed);
    ledger.found(call.unit, state->control_group, std::move(state->allowed));
    co_return Result<void>{};
  }
  if (dry_run) {
    ledger.absent(call.unit);
  } else {
    if (auto told = co_await bus.tell(call); !told) co_return told;
    ledger.told(call);
  }
  const auto& before = had[call.unit];
  if (call.cpus) note(report, call.unit, "AllowedCPUs", before.cpus.to_string());
  if (call.mems) note(report, call.unit, "AllowedMemoryNodes", before.mems.to_string());
  if (call.quota) {
    note(report, call.unit, "CPUQuotaPerSecUSec", shown(before.quota.value_or(unlimited)),
         shown(*call.quota));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<ResetReport>> release(Ledger ledger, std::string socket, bool dry_run) {
  ResetReport report;
  std::map<std::string, Allowed> had;
  std::unique_ptr<Bus> bus;
  while (const auto call = ledger.next()) {
    if (!bus) {
      auto opened = Bus::open(co_await asio::this_coro::executor, socket);
      if (!opened) co_return fail(std::move(opened.error()));
      bus = std::move(*opened);
    }
    auto done = co_await carry_out(*bus, ledger, *call, dry_run, had, report);
    if (done) continue;
    if (done.error().code == Errc::unavailable) co_return fail(std::move(done.error()));
    ledger.absent(call->unit);
    if (done.error().code != Errc::not_found) report.errors.push_back(std::move(done.error()));
  }
  co_return report;
}

}  // namespace

Result<ResetReport> release_properties(CgroupTree& tree, const std::string& socket, bool dry_run) {
  Ledger ledger;
  if (tree.version() == CgroupVersion::v2) {
    const auto pods = tree.scan();
    if (!pods) return fail(pods.error());
    for (const auto& pod : *pods) ledger.want(pod.uid, units_of(pod, nullptr), false);
  }
  asio::io_context context(1);
  Result<ResetReport> report;
  asio::co_spawn(context, release(std::move(ledger), socket, dry_run),
                 [&](const std::exception_ptr& failure, Result<ResetReport> released) {
                   if (failure) std::rethrow_exception(failure);
                   report = std::move(released);
                 });
  context.run();
  return report;
}

}  // namespace actimanager::host::systemd
