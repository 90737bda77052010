#include <algorithm>
#include <random>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/leader_elector.hpp>

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string micro_time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()) % 1s;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(std::chrono::time_point_cast<std::chrono::seconds>(now)), micros.count());
}

// Runs `task`, but not beyond `deadline`.
asio::awaitable<void> until(Clock::time_point deadline, asio::awaitable<void> task) {
  std::vector<asio::awaitable<void>> tasks;
  tasks.push_back(std::move(task));
  tasks.push_back(async::sleep_for(deadline - Clock::now()));
  co_await async::first_to_finish(std::move(tasks));
}

LeaseRecord record_of(const nlohmann::json& lease) {
  return LeaseRecord::decode(api::JsonDocument(lease).root());
}

}  // namespace

LeaderElector::LeaderElector(Client& client, std::string lease_namespace, std::string lease_name,
                             LeaseOptions options, spdlog::logger& log)
    : client_(client),
      namespace_(std::move(lease_namespace)),
      name_(std::move(lease_name)),
      machine_(std::move(options)),
      log_(log) {}

asio::awaitable<void> LeaderElector::run(Term term) {
  while (true) {
    co_await acquire();
    log_.info("leading: holds Lease {}/{}", namespace_, name_);
    std::exception_ptr failure;
    try {
      std::vector<asio::awaitable<void>> tasks;
      tasks.push_back(term());
      tasks.push_back(keep_renewing());
      co_await async::first_to_finish(std::move(tasks));
    } catch (...) {
      failure = std::current_exception();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    const bool stopped = state.cancelled() != asio::cancellation_type::none;
    if (machine_.leading()) {
      // Somebody else shall lead at once; this must not hang, and must run although we may be cancelled.
      co_await asio::this_coro::reset_cancellation_state();
      co_await until(Clock::now() + 1s, release());
    } else {
      const auto& holder = machine_.holder();
      const bool others = !holder.empty() && holder != machine_.options().identity;
      log_.warn("no longer leading: lost Lease {}/{}{}", namespace_, name_, others ? " to " + holder : "");
    }
    if (failure) std::rethrow_exception(failure);
    if (stopped) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

asio::awaitable<void> LeaderElector::acquire() {
  std::minstd_rand random{std::random_device{}()};
  std::string followed;
  while (true) {
    auto leads = co_await attempt(Clock::time_point::max());
    if (leads && *leads) co_return;
    if (!leads) {
      log_.warn("{}", leads.error().message());
    } else if (machine_.holder() != followed) {
      followed = machine_.holder();
      log_.info("following {}", followed);
    }
    const auto jitter = std::uniform_real_distribution<>(1.0, 1.2)(random);
    co_await async::sleep_for(
        std::chrono::duration_cast<std::chrono::nanoseconds>(machine_.options().retry_period * jitter));
  }
}

asio::awaitable<void> LeaderElector::keep_renewing() {
  for (auto begun = Clock::now(); machine_.leading();) {
    const auto deadline = machine_.deadline();
    co_await async::sleep_for(std::min(begun + machine_.options().retry_period, deadline) - Clock::now());
    begun = Clock::now();
    if (begun >= deadline) {
      machine_.lost();
      co_return;
    }
    auto leads = co_await attempt(deadline);
    if (!leads) log_.warn("{}", leads.error().message());
  }
}

// As client-go: who does not answer must leave time for another attempt, on another connection.
asio::awaitable<Result<bool>> LeaderElector::attempt(Clock::time_point deadline) {
  const auto patience = machine_.options().renew_deadline / 2;
  Result<bool> outcome =
      fail(Errc::unavailable, fmt::format("Lease {}/{}: no answer in {}", namespace_, name_, patience));
  const auto task = [&]() -> asio::awaitable<void> { outcome = co_await try_once(); };
  co_await until(std::min(deadline, Clock::now() + patience), task());
  co_return outcome;
}

asio::awaitable<Result<bool>> LeaderElector::try_once() {
  const auto begun = Clock::now();
  auto read = co_await client_.get(lease_resource(namespace_, name_));
  std::optional<LeaseRecord> record;
  if (read) {
    lease_ = std::move(*read);
    record = record_of(lease_);
  } else if (read.error().code == ApiErrc::not_found) {
    lease_ = nullptr;
  } else {
    co_return fail(std::move(read.error()));
  }
  const auto step = machine_.observe(record, Clock::now());
  if (step == LeaseMachine::Step::wait) co_return false;
  auto written = step == LeaseMachine::Step::create
                     ? co_await client_.create(lease_resource(namespace_), lease_object())
                     : co_await client_.replace(lease_resource(namespace_, name_), lease_object());
  if (!written) {
    const auto& code = written.error().code;
    if (code == ApiErrc::conflict || code == ApiErrc::already_exists)
      co_return machine_.leading();  // somebody was first
    co_return fail(std::move(written.error()));
  }
  lease_ = std::move(*written);
  machine_.observe(record_of(lease_), Clock::now());
  machine_.written(begun);
  co_return true;
}

asio::awaitable<void> LeaderElector::release() {
  machine_.lost();
  auto released = co_await write_release();
  if (!released && released.error().code == ApiErrc::conflict) {
    // A renewal whose answer was not waited for, most likely.
    auto read = co_await client_.get(lease_resource(namespace_, name_));
    if (read && record_of(*read).holder == machine_.options().identity) {
      lease_ = std::move(*read);
      released = co_await write_release();
    }
  }
  if (released) {
    log_.info("released Lease {}/{}", namespace_, name_);
  } else {
    log_.warn("release: {}", released.error().message());
  }
}

asio::awaitable<Result<nlohmann::json>> LeaderElector::write_release() {
  auto lease = lease_object();
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  co_return co_await client_.replace(lease_resource(namespace_, name_), lease);
}

nlohmann::json LeaderElector::lease_object() const {
  const auto& options = machine_.options();
  const auto now = micro_time_now();
  const auto before = lease_.is_null() ? LeaseRecord() : record_of(lease_);
  const bool ours = before.holder == options.identity;
  nlohmann::json lease = {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata", {{"name", name_}, {"namespace", namespace_}}},
      {"spec",
       {{"holderIdentity", options.identity},
        {"leaseDurationSeconds", std::chrono::ceil<std::chrono::seconds>(options.duration).count()},
        {"acquireTime", ours && !before.acquire_time.empty() ? before.acquire_time : now},
        {"renewTime", now},
        {"leaseTransitions", lease_.is_null() ? 0 : before.transitions + (ours ? 0 : 1)}}}};
  if (const auto it = lease_.find("metadata"); it != lease_.end() && it->is_object()) {
    lease["metadata"] = *it;  // labels and all: they are not ours to take away
    lease["metadata"].erase("managedFields");
  }
  return lease;
}

}  // namespace actimanager::kube
