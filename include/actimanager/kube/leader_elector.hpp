// LeaderElector: runs a term whenever this process holds the Lease. Losing the Lease ends the term, never the
// process; being cancelled ends the term, then gives the Lease up so that another can take over at once.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fwd.h>

#include <actimanager/kube/client.hpp>
#include <actimanager/kube/lease.hpp>

namespace actimanager::kube {

class LeaderElector {
 public:
  using Term = std::function<boost::asio::awaitable<void>()>;

  // `client` and `log` outlive it. Precondition: options.check().
  LeaderElector(Client& client, std::string lease_namespace, std::string lease_name, LeaseOptions options,
                spdlog::logger& log);

  // Until cancelled. A term that ends or throws by itself gives the Lease up; what it threw is thrown.
  boost::asio::awaitable<void> run(Term term);

  bool leading() const { return machine_.leading(); }
  const std::string& holder() const { return machine_.holder(); }

 private:
  boost::asio::awaitable<void> acquire();
  boost::asio::awaitable<void> keep_renewing();
  // Whether we lead; not beyond `deadline`, nor for so long that no other attempt could be made.
  boost::asio::awaitable<Result<bool>> attempt(std::chrono::steady_clock::time_point deadline);
  boost::asio::awaitable<Result<bool>> try_once();
  boost::asio::awaitable<void> release();
  boost::asio::awaitable<Result<nlohmann::json>> write_release();
  // The Lease in our name, with the metadata it has.
  nlohmann::json lease_object() const;

  Client& client_;
  std::string namespace_, name_;
  LeaseMachine machine_;
  nlohmann::json lease_;  // as last read or written; null: there is none
  spdlog::logger& log_;
};

}  // namespace actimanager::kube
