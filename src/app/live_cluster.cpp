#include "live_cluster.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/list_all.hpp>

#include "kubeconfig.hpp"

namespace actimanager::app {
namespace {

namespace asio = boost::asio;

constexpr int objects_a_page = 500;

asio::awaitable<Result<void>> read_collection(kube::Client& client, const ClusterDump::Collection& collection,
                                              ClusterDump& dump) {
  Result<void> outcome;
  auto listed =
      co_await kube::list_all(client, collection.resource, {}, objects_a_page, [&](const auto& item) {
        if (outcome) outcome = dump.add(collection.kind, item);
      });
  if (!listed && listed.error().code != kube::ApiErrc::not_found) co_return fail(std::move(listed.error()));
  co_return outcome;
}

asio::awaitable<Result<void>> read_all(kube::Client& client, ClusterDump& dump) {
  for (const auto& collection : ClusterDump::collections()) {
    auto read = co_await read_collection(client, collection, dump);
    if (!read) co_return read;
  }
  co_return Result<void>{};
}

Result<ClusterDump> read_live(const std::string& kubeconfig) {
  auto config = users_cluster(kubeconfig);
  if (!config) return fail(std::move(config.error()));
  asio::io_context context;
  auto client = kube::Client::make(context.get_executor(), std::move(*config));
  if (!client) return fail(std::move(client.error()));
  ClusterDump dump;
  Result<void> outcome;
  std::exception_ptr failure;
  asio::co_spawn(context, read_all(**client, dump), [&](std::exception_ptr thrown, Result<void> read) {
    failure = std::move(thrown);
    outcome = std::move(read);
    context.stop();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  if (!outcome) return fail(std::move(outcome.error()));
  return dump;
}

}  // namespace

Result<ClusterDump> read_cluster(const ClusterSource& source) {
  auto dump = source.live ? read_live(source.kubeconfig) : ClusterDump::read(source.files);
  if (!dump) return fail(std::move(dump.error()).wrap(source.live ? "--live" : "--cluster"));
  return dump;
}

}  // namespace actimanager::app
