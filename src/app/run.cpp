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

// Everything of one replica, and how it hangs together.
class Replica {
 public:
  Replica(const RunOptions& options, spdlog::logger& log)
      : options_(options),
        node_name_(options.node_name.empty() ? host_name() : options.node_name),
        log_(log) {}

  // Errors: what the options name cannot be used.
  Result<void> make() {
    const auto& roles = options_.roles;
    auto config_text = scheduler_config(options_.config);
    if (!config_text) return fail(std::move(config_text.error()));
    auto config = own_cluster(options_.kubeconfig);
    if (!config) return fail(std::move(config.error()));
    if (roles.agent || roles.endpoint) {
      auto discovered = host::discover();
      if (!discovered) return fail(std::move(discovered.error()));
      topology_ = std::make_shared<const topology::Topology>(std::move(*discovered));
    }
    auto lease_namespace = options_.lease_namespace.empty() ? config->namespace_ : options_.lease_namespace;
    if (lease_namespace.empty()) lease_namespace = "actimanager-system";
    auto client = kube::Client::make(executor_, std::move(*config));
    if (!client) return fail(std::move(client.error()));
    client_ = std::move(*client);
    if (roles.agent) {
      if (auto made = make_agent(); !made) return made;
    }
    make_leader(std::move(*config_text), lease_namespace);
    return roles.endpoint ? make_endpoint() : Result<void>();
  }

  // Until a signal, or until a role ends: the exit code.
  int run() {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    bool stopped = false;
    log_.info("actimanager {} on node {}, API server {}{}{}{}{}", version, node_name_, client_->server(),
              agent_ ? ", agent" : "", options_.roles.leader ? ", leader" : "",
              server_ ? ", endpoint on port " : "", server_ ? std::to_string(server_->port()) : "");
    std::exception_ptr failure;
    asio::co_spawn(context_, async::first_to_finish(tasks(signals, stopped)), [&](std::exception_ptr ended) {
      failure = std::move(ended);
      context_.stop();
    });
    while (!stopped && !context_.stopped()) context_.run_one();
    if (stopped) context_.run_for(stop_deadline);
    if (!context_.stopped()) {
      log_.warn("stopped without waiting for the API server");
      std::_Exit(0);
    }
    if (stopped) return 0;
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      log_.critical("{}", error.what());
    }
    return 1;
  }

 private:
  Result<void> make_agent() {
    agent_events_.emplace(executor_, *client_, "actimanager-agent", node_name_, log_);
    auto made = roles::Agent::make(executor_, *client_, *agent_events_,
                                   {.node_name = node_name_,
                                    .cgroups = cgroup_options(options_),
                                    .dbus_socket = options_.dbus_socket,
                                    .reserved = options_.reserved_cpus,
                                    .reconcile_period = options_.reconcile_period,
                                    .kubelet_directory = options_.kubelet_directory},
                                   topology_, log_);
    if (!made) return fail(std::move(made.error()));
    agent_ = std::move(*made);
    return {};
  }

  void make_leader(std::string config_text, const std::string& lease_namespace) {
    leader_events_.emplace(executor_, *client_, "actimanager-scheduler", node_name_, log_);
    const auto fresh_config = [text = std::move(config_text)] {
      return text.empty() ? scheduler::default_config() : value_or_throw(scheduler::parse_config_text(text));
    };
    leader_.emplace(*client_, *leader_events_, roles::LeaderOptions{.config = fresh_config}, log_);
    auto lease = options_.lease;
    lease.identity = lease_identity(node_name_);
    elector_.emplace(*client_, lease_namespace, options_.lease_name, std::move(lease), log_);
  }

  Result<void> make_endpoint() {
    roles::EndpointSources sources{
        .view =
            [this] {
              return agent_ ? agent_->view()
                            : roles::AgentView{.node_name = node_name_, .topology = topology_};
            },
        .pins = {},
        .metrics =
            [this] {
              return roles::metrics_page({.version = version,
                                          .client = client_.get(),
                                          .agent = agent_.get(),
                                          .leader = options_.roles.leader ? &*leader_ : nullptr,
                                          .leading = elector_->leading()});
            }};
    if (agent_) sources.pins = [this] { return agent_->pins(); };
    auto listening = net::Server::listen(
        executor_, options_.listen,
        [endpoint = roles::Endpoint(std::move(sources))](const net::Request& request) mutable {
          return endpoint.respond(request);
        },
        roles::error_response);
    if (!listening) return fail(std::move(listening.error()).wrap("--listen"));
    server_ = std::move(*listening);
    return {};
  }

  std::vector<asio::awaitable<void>> tasks(asio::signal_set& signals, bool& stopped) {
    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(until_signal(signals, stopped, log_));
    tasks.push_back(keep_memory_small());
    if (agent_) {
      tasks.push_back(role("events", agent_events_->run()));
      tasks.push_back(role("agent", agent_->run()));
    }
    if (options_.roles.leader) {
      tasks.push_back(role("events", leader_events_->run()));
      tasks.push_back(role("leader", elector_->run([this] { return leader_->term(); })));
    }
    if (server_) tasks.push_back(role("endpoint", server_->run()));
    return tasks;
  }

  const RunOptions& options_;
  std::string node_name_;
  spdlog::logger& log_;
  asio::io_context context_{1};  // why one thread: docs/decisions/0006-clang-one-thread.md
  asio::any_io_executor executor_ = context_.get_executor();
  std::shared_ptr<const topology::Topology> topology_;
  std::shared_ptr<kube::Client> client_;
  std::optional<kube::EventRecorder> agent_events_, leader_events_;
  std::unique_ptr<roles::Agent> agent_;
  std::optional<roles::Leader> leader_;
  std::optional<kube::LeaderElector> elector_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace

int run(const RunOptions& options) {
  raise_open_files();
  const auto log = make_logger(options.verbosity);
  Replica replica(options, *log);
  if (const auto made = replica.make(); !made) return refuse(made.error());
  return replica.run();
}

}  // namespace actimanager::app
