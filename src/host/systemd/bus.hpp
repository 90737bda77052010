// Bus: one connection to systemd by the machine's D-Bus, and the two calls we have for it. Never blocks: what
// the socket does not take or give yet is waited for on the event loop. Everyone gives up after `patience`.
//
// One call at a time. After an error that is not about the unit (see below) the connection is of no more use.
//
// Follows org.freedesktop.systemd1(5) and sd-bus(3).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/core/error.hpp>

#include "ledger.hpp"

namespace actimanager::host::systemd {

// What systemd has of a unit.
struct UnitState {
  std::string control_group;  // "": it is not running
  Allowed allowed;
};

class Bus {
 public:
  // For an answer. systemd needs less than a millisecond, unless it is being reloaded.
  static constexpr std::chrono::seconds patience{5};

  // Begins to connect to the bus at this socket. Errors: unavailable.
  static Result<std::unique_ptr<Bus>> open(boost::asio::any_io_executor executor, const std::string& socket);
  ~Bus();

  // Errors of both: not_found, systemd has no such unit; invalid_argument, it has and does not take this;
  // unavailable, whatever else: nobody answered, the connection ended, we may not.
  boost::asio::awaitable<Result<UnitState>> ask(std::string unit);
  // Until the machine is restarted or the unit ends, whichever comes first.
  boost::asio::awaitable<Result<void>> tell(Call call);

 private:
  struct Impl;
  explicit Bus(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::host::systemd
