// EventRecorder: Kubernetes Events (core/v1) about objects. record() never waits; run() sends. An event that
// repeats within ten minutes counts its first one up instead of making another; one object gets a burst of
// them and then one every 5 minutes (client-go's spam filter). Events are for people: when the server does
// not take them they are lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/api/kind.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/kube/client.hpp>

namespace actimanager::kube {

struct ObjectReference {
  std::string api_version, kind, namespace_, name, uid;
};

template <class T>
ObjectReference reference_to(const T& object) {
  using Kind = api::Kind<T>;
  return {api::api_version_of<T>(), std::string(Kind::kind), object.meta.namespace_, object.meta.name,
          object.meta.uid};
}

enum class EventType { normal, warning };

class EventRecorder {
 public:
  // `client` and `log` outlive it. component: "actimanager-scheduler"; instance: the node's or Pod's name.
  EventRecorder(boost::asio::any_io_executor executor, Client& client, std::string component,
                std::string instance, spdlog::logger& log);

  void record(ObjectReference about, EventType type, std::string reason, std::string message);

  // Sends, until cancelled.
  boost::asio::awaitable<void> run();

  std::uint64_t dropped() const { return dropped_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {
    ObjectReference about;
    EventType type;
    std::string reason, message;
    std::chrono::system_clock::time_point at;
  };
  struct Sent {
    std::string namespace_, name;
    std::int64_t count = 1;
    Clock::time_point last{};
    bool made = false;  // the API has said so
  };
  struct Budget {  // tokens of one object
    double tokens = 0;
    Clock::time_point at{};
  };
  bool within_budget(const std::string& uid, Clock::time_point now);
  void forget_old(Clock::time_point now);
  boost::asio::awaitable<void> send(Pending event);
  boost::asio::awaitable<void> create(Pending event, std::string key);

  boost::asio::any_io_executor executor_;
  Client& client_;
  std::string component_, instance_;
  spdlog::logger& log_;
  async::Event more_;
  std::deque<Pending> queue_;
  std::unordered_map<std::string, Sent> sent_;
  std::unordered_map<std::string, Budget> budgets_;
  Clock::time_point next_sweep_{};  // of the budgets
  std::uint64_t dropped_ = 0, sequence_ = 0;
};

}  // namespace actimanager::kube
