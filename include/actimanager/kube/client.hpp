// Client: calls to the Kubernetes REST API. Authenticates, takes a 429 or 5xx answer's Retry-After at its
// word, reads a rotated token, and counts what it did. JSON in, JSON out; typed objects are the caller's
// (api::…::decode).
//
// Does not retry on its own otherwise, does not cache. Errors: see errors.hpp; the context is "<verb>
// <object>: …".
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>

#include <actimanager/core/error.hpp>
#include <actimanager/kube/config.hpp>
#include <actimanager/kube/resource.hpp>
#include <actimanager/net/client.hpp>

namespace actimanager::kube {

enum class PatchType { json, merge, strategic_merge, apply };

struct PatchOptions {
  PatchType type = PatchType::merge;
  std::string field_manager = "actimanager";
  bool force = false;  // apply only: take fields over from other managers
};

struct Preconditions {
  std::string uid, resource_version;  // "": any
};

struct ListOptions {
  std::string label_selector, field_selector;
};

struct WatchOptions : ListOptions {
  std::string resource_version;
  std::chrono::seconds timeout{300};  // the server ends the watch after this
};

class Client {
 public:
  // Errors: invalid_argument (TLS material).
  static Result<std::shared_ptr<Client>> make(boost::asio::any_io_executor executor, ClusterConfig config,
                                              net::ClientOptions options = {});
  ~Client();

  template <class T>
  using Task = boost::asio::awaitable<Result<T>>;

  Task<nlohmann::json> get(ResourceRef object);
  Task<nlohmann::json> create(ResourceRef collection, const nlohmann::json& object);
  // Creates, too, for those to whom what was created is not news: the answer is not decoded.
  Task<void> post(ResourceRef collection, const nlohmann::json& object);
  Task<nlohmann::json> replace(ResourceRef object, const nlohmann::json& body);
  Task<nlohmann::json> patch(ResourceRef object, const nlohmann::json& patch, PatchOptions options = {});
  Task<void> remove(ResourceRef object, Preconditions preconditions = {});

  // The raw bodies, for Reflector: a page of a list (limit 0: all of it; from the start where
  // `continue_token` is ""), and a watch.
  Task<net::ResponseStream> list(ResourceRef collection, const ListOptions& options, int limit,
                                 const std::string& continue_token);
  Task<net::ResponseStream> watch(ResourceRef collection, const WatchOptions& options);

  // Requests so far, by verb and HTTP status (0: no answer).
  const std::map<std::pair<std::string, int>, std::uint64_t>& request_counts() const;
  const std::string& namespace_() const;  // of the kubeconfig's context or the Pod's own
  const std::string& server() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::kube
