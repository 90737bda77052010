// Reflector: keeps a target (a Store<T>) equal to a collection in the API: lists it in pages, then watches,
// with bookmarks; lists again when the server no longer knows where it was (410). Errors are logged and
// retried with client-go's backoff, a silent watch is given up and resumed where it was. What arrives is
// decoded piece by piece between other work on the event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/kube/backoff.hpp>
#include <actimanager/kube/client.hpp>
#include <actimanager/kube/store.hpp>

namespace actimanager::kube {

struct ReflectorOptions : ListOptions {
  // 0: all at once, for what a selector leaves few of. A page the server reads from etcd, with all that the
  // selector leaves out; a whole list it has in its cache.
  int page_size = 500;
  // Each watch ends after a random time between this and twice this, so that they do not all end together.
  std::chrono::seconds watch_timeout{300};
  // Bookmarks come about once a minute: a watch that is silent for longer than this is dead.
  std::chrono::milliseconds silence_limit{150000};
  // Between attempts that failed. A watch that ends sooner than `short_watch` is one of them.
  Backoff backoff{};
  std::chrono::milliseconds short_watch{1000};
};

class Reflector {
 public:
  // `client`, `target` and `log` outlive it.
  Reflector(Client& client, ResourceRef collection, ReflectorTarget& target, spdlog::logger& log,
            ReflectorOptions options = {});

  // Until cancelled.
  boost::asio::awaitable<void> run();

  struct Stats {
    std::uint64_t lists = 0, watches = 0, events = 0, errors = 0, undecodable = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  boost::asio::awaitable<Result<void>> list();
  boost::asio::awaitable<Result<void>> watch();
  Result<void> take_event(std::string_view text);
  void left_out(const api::JsonValue& object, const Error& error);

  Client& client_;
  ResourceRef collection_;
  ReflectorTarget& target_;
  spdlog::logger& log_;
  ReflectorOptions options_;
  Stats stats_;
  std::string resource_version_;  // "": must list
  api::JsonDocument event_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace actimanager::kube
