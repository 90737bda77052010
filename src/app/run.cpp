#include "run.hpp"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/host/discovery.hpp>
#include <actimanager/kube/config.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/kube/leader_elector.hpp>
#include <actimanager/kube/read_file.hpp>
#include <actimanager/net/server.hpp>
#include <actimanager/roles/agent.hpp>
#include <actimanager/roles/endpoint.hpp>
#include <actimanager/roles/leader.hpp>
#include <actimanager/roles/metrics.hpp>

#include "host_name.hpp"
#include "kubeconfig.hpp"
#include "memory.hpp"
#include "version.hpp"

namespace actimanager::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// After a signal: the Lease has been given up by then, or will not be.
constexpr auto stop_deadline = 1800ms;

std::shared_ptr<spdlog::logger> make_logger(int verbosity) {
  auto log =
      std::make_shared<spdlog::logger>("actimanager", std::make_shared<spdlog::sinks::stderr_sink_st>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e %L %v");
  log->set_level(verbosity == 0   ? spdlog::level::err
                 : verbosity <= 2 ? spdlog::level::warn
                 : verbosity == 3 ? spdlog::level::info
                                  : spdlog::level::debug);
  log->flush_on(spdlog::level::trace);
  return log;
}

// The text of --config, checked; "" where there is none.
Result<std::string> scheduler_config(const std::string& path) {
  if (path.empty()) return std::string();
  auto text = kube::read_file(path);
  if (!text) return fail(std::move(text.error()).wrap("--config"));
  auto parsed = scheduler::parse_config_text(*text);
  if (!parsed) return fail(std::move(parsed.error()).wrap("--config: " + path));
  return text;
}

host::CgroupTreeOptions cgroup_options(const RunOptions& options) {
  return {.path = options.cgroups_path,
          .driver = options.cgroups_driver == "systemd"    ? host::CgroupDriver::systemd
                    : options.cgroups_driver == "cgroupfs" ? host::CgroupDriver::cgroupfs
                                                           : host::CgroupDriver::unknown};
}

// Ours alone, also after a restart under the same name. Named after the Pod or the node: an admission policy
// may hold us to that.
std::string lease_identity(const std::string& node_name) {
  const char* pod = std::getenv("POD_NAME");
  std::random_device random;
  return fmt::format("{}_{:08x}{:08x}", pod != nullptr && *pod != '\0' ? pod : node_name, random(), random());
}

asio::awaitable<void> until_signal(asio::signal_set& signals, bool& stopped, spdlog::logger& log) {
  const int number = co_await signals.async_wait(asio::use_awaitable);
  log.info("stopping: {}", number == SIGTERM ? "SIGTERM" : "SIGINT");
  stopped = true;
}

// Says which role it was that died.
asio::awaitable<void> role(std::string name, asio::awaitable<void> task) {
  try {
    co_await std::move(task);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
  }
  throw std::runtime_error(name + ": ended");
}

// Each cgroup that is looked after takes one, each connection another.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int refuse(const Error& error) {
  fmt::print(stderr, "actimanager: {}\n", error.message());
  return error.code == Errc::unavailable ? 1 : 2;
}

}  // namespace

int run(const RunOptions& options) {
  raise_open_files();
  const auto node_name = options.node_name.empty() ? host_name() : options.node_name;
  const auto config_text = scheduler_config(options.config);
  if (!config_text) return refuse(config_text.error());
  auto config = own_cluster(options.kubeconfig);
  if (!config) return refuse(config.error());
  const auto& roles = options.roles;

  std::shared_ptr<const topology::Topology> topology;
  if (roles.agent || roles.endpoint) {
    auto discovered = host::discover();
    if (!discovered) return refuse(discovered.error());
    topology = std::make_shared<const topology::Topology>(std::move(*discovered));
  }

  const auto logger = make_logger(options.verbosity);
  auto& log = *logger;
  // Why one thread: docs/decisions/0006-clang-one-thread.md
  asio::io_context context(1);
  const auto executor = context.get_executor();
  auto lease_namespace = options.lease_namespace.empty() ? config->namespace_ : options.lease_namespace;
  if (lease_namespace.empty()) lease_namespace = "actimanager-system";
  auto client = kube::Client::make(executor, std::move(*config));
  if (!client) return refuse(client.error());
  kube::EventRecorder agent_events(executor, **client, "actimanager-agent", node_name, log);
  kube::EventRecorder leader_events(executor, **client, "actimanager-scheduler", node_name, log);

  std::unique_ptr<roles::Agent> agent;
  if (roles.agent) {
    auto made = roles::Agent::make(executor, **client, agent_events,
                                   {.node_name = node_name,
                                    .cgroups = cgroup_options(options),
                                    .dbus_socket = options.dbus_socket,
                                    .reserved = options.reserved_cpus,
                                    .reconcile_period = options.reconcile_period,
                                    .kubelet_directory = options.kubelet_directory},
                                   topology, log);
    if (!made) return refuse(made.error());
    agent = std::move(*made);
  }

  const auto fresh_config = [&text = *config_text] {
    return text.empty() ? scheduler::default_config() : value_or_throw(scheduler::parse_config_text(text));
  };
  roles::Leader leader(**client, leader_events, {.config = fresh_config}, log);
  auto lease = options.lease;
  lease.identity = lease_identity(node_name);
  kube::LeaderElector elector(**client, lease_namespace, options.lease_name, std::move(lease), log);

  std::unique_ptr<net::Server> server;
  if (roles.endpoint) {
    roles::EndpointSources sources{
        .view =
            [&] {
              if (agent) return agent->view();
              return roles::AgentView{.node_name = node_name, .topology = topology};
            },
        .pins = {},
        .metrics =
            [&] {
              return roles::metrics_page({.version = version,
                                          .client = client->get(),
                                          .agent = agent.get(),
                                          .leader = roles.leader ? &leader : nullptr,
                                          .leading = elector.leading()});
            }};
    if (agent) sources.pins = [&] { return agent->pins(); };
    auto listening = net::Server::listen(
        executor, options.listen,
        [endpoint = roles::Endpoint(std::move(sources))](const net::Request& request) mutable {
          return endpoint.respond(request);
        },
        roles::error_response);
    if (!listening) return refuse(std::move(listening.error()).wrap("--listen"));
    server = std::move(*listening);
  }

  std::vector<asio::awaitable<void>> tasks;
  asio::signal_set signals(context, SIGTERM, SIGINT);
  bool stopped = false;
  tasks.push_back(until_signal(signals, stopped, log));
  tasks.push_back(role("events", agent_events.run()));
  tasks.push_back(role("events", leader_events.run()));
  if (agent) tasks.push_back(role("agent", agent->run()));
  tasks.push_back(keep_memory_small());
  if (roles.leader) tasks.push_back(role("leader", elector.run([&] { return leader.term(); })));
  if (server) tasks.push_back(role("endpoint", server->run()));

  log.info("actimanager {} on node {}, API server {}{}{}{}{}", version, node_name, (*client)->server(),
           roles.agent ? ", agent" : "", roles.leader ? ", leader" : "", server ? ", endpoint on port " : "",
           server ? std::to_string(server->port()) : "");
  std::exception_ptr failure;
  asio::co_spawn(context, async::first_to_finish(std::move(tasks)), [&](std::exception_ptr ended) {
    failure = std::move(ended);
    context.stop();
  });
  while (!stopped && !context.stopped()) context.run_one();
  if (stopped) context.run_for(stop_deadline);
  if (!context.stopped()) {
    log.warn("stopped without waiting for the API server");
    std::_Exit(0);
  }
  if (stopped) return 0;
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log.critical("{}", error.what());
  }
  return 1;
}

}  // namespace actimanager::app
