// Keeper: has systemd know the cpusets of Pods that a binding pins, and whose quota is lifted, so that
// `daemon-reload`, the kubelet's updates of its units and later writes of systemd keep the pin. What it is
// told is brought to systemd in the background, one call at a time, over a connection that lasts as long as
// there is something to say.
//
// The files come first: docs/decisions/0007-file-before-property.md. Pods in the shared pool have no
// property: the pool changes with every exclusive binding, and each time systemd would have to take it in for
// all of them; the files, and putting back what is changed, have to do for those.
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

  // A Pod as it was found, and what it is pinned to; nullptr: it is in the shared pool. `fresh`: it and its
  // containers are new where they were not known.
  void want(const PodCgroup& pod, const PodTarget* target, bool fresh);
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
