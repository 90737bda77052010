// Keeper: has systemd know the cpusets of Pods, and whose quota is lifted, so that `daemon-reload`, the
// start of a container, the kubelet's updates of its units and later writes of systemd keep them. What it is
// told is brought to systemd in the background, one call at a time, over a connection that lasts as long as
// there is something to say.
//
// The files come first: docs/decisions/0007-file-before-property.md. Where it says that it may wait, what
// has changed for a Pod is brought with all of that kind once a second: the shared pool changes with every
// exclusive binding, for everybody who is in it.
//
// Not promised: that systemd knows. Where D-Bus cannot be reached or does not answer, the files alone keep
// the pin until the next retry().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/host/pinning.hpp>

namespace actimanager::host::systemd {

class Keeper {
 public:
  // After each time something was to be said: why (some of) it could not be, or nullopt.
  using Outcome = std::function<void(const std::optional<Error>&)>;

  // `socket`: of the system's D-Bus.
  Keeper(boost::asio::any_io_executor executor, std::string socket, Outcome outcome);
  ~Keeper();

  // A Pod as it was found, and what systemd is to know of it; nullptr: nothing. `fresh`: it and its
  // containers are new where they were not known. `patient`: from the second time on what is new may wait.
  void want(const PodCgroup& pod, const PodTarget* target, bool fresh, bool patient = false);
  void forget(const std::string& pod);
  // Somebody else has moved it, maybe by these properties.
  void doubt(const std::string& pod);
  // What failed is tried again.
  void retry();
  // Whether systemd knows all that it is to know of the Pod.
  bool settled(const std::string& pod) const;

  // Until cancelled.
  boost::asio::awaitable<void> run();
  // Properties that were set or taken back, since the start.
  std::uint64_t writes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::host::systemd
