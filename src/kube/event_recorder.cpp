#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/async/task_group.hpp>
#include <actimanager/core/utf8.hpp>
#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/event_recorder.hpp>

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t max_queue = 10000;
constexpr std::size_t max_remembered = 8192;
constexpr double burst = 25;
constexpr auto refill = 5min;
constexpr auto same_event = 10min;
constexpr auto sweep_period = 1min;

// Whatever else is to be written comes first: few at a time, more only where they pile up.
std::size_t at_once(std::size_t waiting) {
  return std::min<std::size_t>(2 + waiting / 1000, 8);
}

// A name for an Event about it, which ends in something unique behind a dot.
std::string event_name(std::string_view about, std::uint64_t unique) {
  about = about.substr(0, 200);
  while (about.ends_with('-') || about.ends_with('.')) about.remove_suffix(1);
  return fmt::format("{}.{:x}", about, unique);
}

std::string time_text(std::chrono::system_clock::time_point at) {
  return api::format_time(std::chrono::time_point_cast<std::chrono::seconds>(at));
}

}  // namespace

EventRecorder::EventRecorder(asio::any_io_executor executor, Client& client, std::string component,
                             std::string instance, spdlog::logger& log)
    : executor_(executor),
      client_(client),
      component_(std::move(component)),
      instance_(std::move(instance)),
      log_(log),
      more_(executor) {}

void EventRecorder::record(ObjectReference about, EventType type, std::string reason, std::string message) {
  if (queue_.size() >= max_queue) {
    ++dropped_;
    return;
  }
  message.resize(utf8_prefix(message, 1024).size());  // the API's limit
  queue_.push_back(
      {std::move(about), type, std::move(reason), std::move(message), std::chrono::system_clock::now()});
  more_.set();
}

bool EventRecorder::within_budget(const std::string& uid, Clock::time_point now) {
  auto [it, fresh] = budgets_.try_emplace(uid, Budget{burst, now});
  auto& budget = it->second;
  budget.tokens = std::min(burst, budget.tokens + std::chrono::duration<double>(now - budget.at) / refill);
  budget.at = now;
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  return true;
}

void EventRecorder::forget_old(Clock::time_point now) {
  if (sent_.size() > max_remembered)
    std::erase_if(sent_, [&](const auto& e) { return now - e.second.last > same_event; });
  if (sent_.size() > max_remembered) sent_.clear();
  // Not at each Event: in a large rollout there are many that are not old.
  if (budgets_.size() > max_remembered && now >= next_sweep_) {
    std::erase_if(budgets_, [&](const auto& b) { return now - b.second.at > refill; });
    next_sweep_ = now + sweep_period;
  }
}

asio::awaitable<void> EventRecorder::run() {
  async::TaskGroup sends(executor_);
  std::exception_ptr stopped;
  try {
    while (true) {
      while (!queue_.empty()) {
        auto event = std::move(queue_.front());
        queue_.pop_front();
        if (!within_budget(event.about.uid, Clock::now())) {
          ++dropped_;
          continue;
        }
        co_await sends.below(at_once(queue_.size()));
        sends.spawn(send(std::move(event)));
      }
      co_await more_.wait();
    }
  } catch (...) {
    stopped = std::current_exception();
  }
  sends.cancel();
  co_await asio::this_coro::reset_cancellation_state();
  co_await sends.wait();
  std::rethrow_exception(stopped);
}

asio::awaitable<void> EventRecorder::send(Pending event) {
  const auto now = Clock::now();
  forget_old(now);
  const auto key = fmt::format("{}/{}/{}", event.about.uid, event.reason, event.message);
  const auto known = sent_.find(key);
  if (known != sent_.end() && now - known->second.last < same_event) {
    known->second.last = now;
    const nlohmann::json again = {{"count", ++known->second.count}, {"lastTimestamp", time_text(event.at)}};
    const auto patched =
        co_await client_.patch(event_resource(known->second.namespace_, known->second.name), again);
    if (patched) co_return;
    log_.debug("event: {}", patched.error().message());
    const auto still = sent_.find(key);
    const bool deleted =
        patched.error().code == ApiErrc::not_found && still != sent_.end() && still->second.made;
    if (!deleted) co_return;
    // By somebody else: the next one is the first again.
  }
  co_await create(std::move(event), key);
}

asio::awaitable<void> EventRecorder::create(Pending event, std::string key) {
  const auto& about = event.about;
  const auto stamp =
      std::chrono::duration_cast<std::chrono::nanoseconds>(event.at.time_since_epoch()).count();
  const auto space = about.namespace_.empty() ? std::string("default") : about.namespace_;
  const auto name = event_name(about.name, static_cast<std::uint64_t>(stamp) + ++sequence_);
  sent_[key] = {space, name, 1, Clock::now(), false};
  const nlohmann::json object = {{"apiVersion", "v1"},
                                 {"kind", "Event"},
                                 {"metadata", {{"name", name}, {"namespace", space}}},
                                 {"involvedObject",
                                  {{"apiVersion", about.api_version},
                                   {"kind", about.kind},
                                   {"namespace", about.namespace_},
                                   {"name", about.name},
                                   {"uid", about.uid}}},
                                 {"type", event.type == EventType::normal ? "Normal" : "Warning"},
                                 {"reason", event.reason},
                                 {"message", event.message},
                                 {"source", {{"component", component_}, {"host", instance_}}},
                                 {"reportingComponent", component_},
                                 {"reportingInstance", instance_},
                                 {"firstTimestamp", time_text(event.at)},
                                 {"lastTimestamp", time_text(event.at)},
                                 {"count", 1}};
  const auto created = co_await client_.post(event_resource(space), object);
  const auto sent = sent_.find(key);
  const bool newest = sent != sent_.end() && sent->second.name == name;
  if (newest) sent->second.made = created.has_value();
  if (!created) {
    if (newest) sent_.erase(sent);
    ++dropped_;
    log_.debug("event: {}", created.error().message());
  }
}

}  // namespace actimanager::kube
