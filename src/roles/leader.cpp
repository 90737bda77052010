#include <vector>

#include <boost/asio/this_coro.hpp>

#include <actimanager/roles/leader.hpp>

#include "binding_controller.hpp"
#include "cluster_state.hpp"
#include "scheduling.hpp"

namespace actimanager::roles {

boost::asio::awaitable<void> Leader::term() {
  const auto executor = co_await boost::asio::this_coro::executor;
  ClusterState cluster(client_, log_);
  Scheduling scheduling(executor, client_, cluster, events_, options_.config(), options_.binding_cycles,
                        metrics_, log_);
  BindingController bindings(executor, client_, cluster, scheduling, events_, metrics_, log_);
  std::vector<boost::asio::awaitable<void>> parts;
  parts.push_back(cluster.run());
  parts.push_back(scheduling.run());
  parts.push_back(bindings.run());
  co_await async::first_to_finish(std::move(parts));
}

}  // namespace actimanager::roles
