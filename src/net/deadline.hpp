// Deadline: closes a socket when what is waited for on it takes too long. To put it off costs nothing: its
// timer stays as it is, and looks at the time when it fires.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

namespace actimanager::net {

class Deadline {
 public:
  // The socket outlives it.
  explicit Deadline(boost::asio::ip::tcp::socket& socket);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void in(std::chrono::milliseconds time);
  // Nothing is waited for at the moment.
  void pause();
  // Nothing will be for long: leaves no timer behind.
  void never();
  bool passed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace actimanager::net
