// Rediscovery: notices that CPUs or memory nodes came or went, and finds the topology out anew. One that
// cannot be found out is told once for each cause, and tried again at every look until it can.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <actimanager/core/error.hpp>
#include <actimanager/host/discovery.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::roles {

class Rediscovery {
 public:
  struct Sources {
    std::function<Result<host::Hardware>()> hardware;
    std::function<Result<topology::Topology>()> discover;
  };
  struct News {
    std::shared_ptr<const topology::Topology> topology;  // nullptr: it is not known what it is now
    std::string failure;                                 // then why
    host::Hardware before, now;                          // empty where not known
  };

  // `known`: the CPUs of the topology as it is known. One that came or went since then is news.
  Rediscovery(Sources sources, const CpuSet& known);

  // nullopt: nothing is new.
  std::optional<News> look();

 private:
  std::optional<News> failed(const Error& error, const host::Hardware& now);

  Sources sources_;
  host::Hardware hardware_;  // as of the topology that was told last
  std::string failure_;      // as told last; "": the topology is known
};

}  // namespace actimanager::roles
