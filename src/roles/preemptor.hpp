// Preemptor: has Pods evicted so that a more important one finds room.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include <actimanager/kube/client.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/scheduler/framework.hpp>

namespace actimanager::roles {

class Preemptor {
 public:
  Preemptor(kube::Client& client, kube::EventRecorder& events, spdlog::logger& log)
      : client_(client), events_(events), log_(log) {}

  // Each victim gets the condition DisruptionTarget and is deleted, with its own grace period; one that is
  // being deleted already, or gone, is left alone. Stops at the first error: the client's.
  boost::asio::awaitable<Result<void>> evict(const api::Pod& pod, const scheduler::Nomination& nomination);

 private:
  boost::asio::awaitable<Result<void>> evict_one(const api::Pod& victim, const api::Pod& pod);

  kube::Client& client_;
  kube::EventRecorder& events_;
  spdlog::logger& log_;
};

}  // namespace actimanager::roles
