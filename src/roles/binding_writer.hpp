// BindingWriter: brings what an agent has to say about bindings to the API: one write at a time for each
// binding, the newest only, never what the API says already. A write that lost against somebody else's is
// dropped: the object it lost against arrives by the watch and is looked at anew.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/async/task_group.hpp>
#include <actimanager/binding/admission.hpp>
#include <actimanager/kube/client.hpp>
#include <actimanager/roles/agent.hpp>

namespace actimanager::roles {

class BindingWriter {
 public:
  // What the API answered to a claim.
  using Claimed = std::function<void(api::PodCPUBinding)>;

  // All outlive it.
  BindingWriter(boost::asio::any_io_executor executor, kube::Client& client, std::string node,
                Claimed claimed, AgentMetrics& metrics, spdlog::logger& log)
      : client_(client),
        node_(std::move(node)),
        claimed_(std::move(claimed)),
        metrics_(metrics),
        log_(log),
        writes_(std::move(executor)) {}

  // The binding is this node's: it gets the node's label where it has none, and the Pod as owner where it is
  // granted. `binding` is as the API has it (its resourceVersion counts).
  void want(const binding::BindingPointer& binding, api::PodCPUBinding::Status status, const api::Pod* owner);

  // Until cancelled.
  boost::asio::awaitable<void> run() { return writes_.serve(); }

 private:
  struct Job {
    binding::BindingPointer binding;
    api::PodCPUBinding::Status status;
    std::optional<std::string> owner_uid;  // to be added
    bool label = false;                    // to be added
  };
  struct Entry {
    std::optional<Job> next;
    bool writing = false;
    bool withdrawn = false;  // what is being written: the API has by now what is to be said
    // What was written last, and from which version: not to be written again before the watch has it.
    std::string written_from;
    api::PodCPUBinding::Status written;
  };

  boost::asio::awaitable<void> write(std::string uid);
  boost::asio::awaitable<Result<std::string>> claim(const Job& job);  // the new resourceVersion
  boost::asio::awaitable<Result<void>> write_status(const Job& job, const std::string& resource_version);

  kube::Client& client_;
  std::string node_;
  Claimed claimed_;
  AgentMetrics& metrics_;
  spdlog::logger& log_;
  async::TaskGroup writes_;
  std::unordered_map<std::string, Entry> entries_;  // by the binding's UID
};

}  // namespace actimanager::roles
