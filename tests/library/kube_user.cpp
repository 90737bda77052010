// Somebody else's program: asks an API server that is not there.
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/kube/client.hpp>
#include <actimanager/kube/config.hpp>
#include <actimanager/kube/errors.hpp>

namespace asio = boost::asio;
using namespace actimanager;

asio::awaitable<void> ask(kube::Client& client) {
  const auto pod = co_await client.get(kube::resource<api::Pod>("default", "web"));
  std::cout << (pod ? pod->dump() : pod.error().context) << "\n";
  if (!pod && kube::is_transient(pod.error())) std::cout << "may work later\n";
}

int main() {
  kube::ClusterConfig config;
  config.server = {.tls = true, .host = "127.0.0.1", .port = "1", .path = ""};
  asio::io_context context;
  const auto client = kube::Client::make(context.get_executor(), config);
  if (!client) return 1;
  asio::co_spawn(context, ask(**client), asio::detached);
  context.run();
}
