// ApiServerFake: a scripted peer that passes for an API server, and clients for it.
#pragma once

#include <memory>

#include <actimanager/kube/client.hpp>

#include "scripted_server.hpp"

namespace actimanager::kube::testing {

using net::testing::Reply;
using net::testing::reply;

class ApiServerFake : public net::testing::ScriptedServerFake {
 public:
  explicit ApiServerFake(boost::asio::io_context& context) : ScriptedServerFake(context), context_(context) {}

  ClusterConfig config() const {
    ClusterConfig config;
    config.server = url();
    return config;
  }
  std::shared_ptr<Client> client(std::chrono::milliseconds io_timeout = std::chrono::seconds(5)) {
    return value_or_throw(Client::make(context_.get_executor(), config(), {.io_timeout = io_timeout}));
  }

 private:
  boost::asio::io_context& context_;
};

}  // namespace actimanager::kube::testing
