#include <map>

#include <actimanager/roles/metrics.hpp>

#include "metrics_text.hpp"

namespace actimanager::roles {
namespace {

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void add_agent(MetricsText& text, const Agent& agent) {
  const auto& metrics = agent.metrics();
  text.single("actimanager_reconciles_total", "counter", "Looks at the whole node.",
              number(metrics.reconciles));
  text.family("actimanager_reconcile_duration_seconds", "histogram", "One look at the whole node.");
  text.histogram(metrics.reconcile_seconds);
  text.family("actimanager_pin_latency_seconds", "histogram",
              "From being told of a Pod's new cgroup to its cpuset being right.");
  text.histogram(metrics.pin_seconds);
  text.single("actimanager_cpuset_writes_total", "counter", "Writes to cpuset files.",
              number(metrics.cpuset_writes));
  text.single("actimanager_cpuset_errors_total", "counter", "Pods whose cpuset the kernel refused.",
              number(metrics.pin_errors));
  text.family("actimanager_cpuset_drifts_total", "counter",
              "Cpusets that somebody else had changed, by who did; put back.");
  for (const auto& [writer, count] : metrics.drifts.by_name())
    text.sample(number(count), {{"writer", writer}});
  text.single("actimanager_quota_writes_total", "counter", "CFS quotas that were lifted or put back.",
              number(metrics.quota_writes));
  text.single("actimanager_unit_writes_total", "counter",
              "Calls by which systemd was told of pins, or that they are gone.", number(metrics.unit_writes));
  text.single("actimanager_status_writes_total", "counter", "Statuses of PodCPUBindings written.",
              number(metrics.status_writes));
  const auto view = agent.view();
  text.family("actimanager_node_cpus", "gauge", "CPUs of this node by what they are.");
  text.sample(view.topology ? view.topology->cpus().size() : 0, {{"kind", "online"}});
  text.sample(view.shared_pool.size(), {{"kind", "shared"}});
  text.sample(view.reserved.size(), {{"kind", "reserved"}});
  text.single("actimanager_pinning", "gauge",
              "1 while Pods of this node are pinned; 0: /readyz says what is in the way.",
              view.not_ready.empty() ? 1 : 0);
  const auto pins = agent.pins();
  std::uint64_t pinned = 0;
  std::map<std::string, std::uint64_t> by_status;
  for (const auto& pin : pins) {
    if (pin.binding.empty()) continue;
    ++pinned;
    if (!pin.status.empty()) ++by_status[pin.status];
  }
  text.family("actimanager_node_pods", "gauge", "Pods of this node by whether a PodCPUBinding names them.");
  text.sample(number(pinned), {{"binding", "true"}});
  text.sample(number(pins.size() - pinned), {{"binding", "false"}});
  text.family("actimanager_node_bindings", "gauge",
              "PodCPUBindings of this node's Pods, by their resourceStatus.");
  for (const auto& [status, count] : by_status) text.sample(number(count), {{"status", status}});
}

void add_leader(MetricsText& text, const LeaderMetrics& metrics) {
  text.family("actimanager_scheduling_attempts_total", "counter", "Attempts to schedule a Pod, by result.");
  text.sample(number(metrics.scheduled), {{"result", "scheduled"}});
  text.sample(number(metrics.unschedulable), {{"result", "unschedulable"}});
  text.sample(number(metrics.errors), {{"result", "error"}});
  text.family("actimanager_scheduling_decision_seconds", "histogram", "One attempt, without its writes.");
  text.histogram(metrics.decision_seconds);
  text.family("actimanager_scheduling_latency_seconds", "histogram",
              "From the queue to bound, retries included.");
  text.histogram(metrics.scheduling_seconds);
  text.single("actimanager_preemptions_total", "counter", "Pods for which others were evicted.",
              number(metrics.preemptions));
  text.single("actimanager_preemption_victims_total", "counter", "Pods evicted for more important ones.",
              number(metrics.preemption_victims));
  text.family("actimanager_pending_pods", "gauge", "Pods in the scheduling queue, by part.");
  text.sample(number(metrics.queue.active), {{"queue", "active"}});
  text.sample(number(metrics.queue.backoff), {{"queue", "backoff"}});
  text.sample(number(metrics.queue.unschedulable), {{"queue", "unschedulable"}});
  text.sample(number(metrics.queue.gated), {{"queue", "gated"}});
  text.sample(number(metrics.queue.in_flight), {{"queue", "in_flight"}});
  text.family("actimanager_requeues_total", "counter",
              "Refused Pods that were given another try, by the event and the plugin that hoped.");
  for (const auto& [hope, count] : metrics.requeues) {
    text.sample(number(count), {{"event", hope.first}, {"plugin", hope.second}});
  }
  text.single("actimanager_bindings_deleted_total", "counter", "PodCPUBindings removed with their Pods.",
              number(metrics.bindings_deleted));
  text.single("actimanager_bindings_replaced_total", "counter",
              "Refused PodCPUBindings that were given other CPUs.", number(metrics.bindings_replaced));
  text.single("actimanager_bindings_resized_total", "counter",
              "PodCPUBindings that were given as many CPUs as their resized Pods ask for.",
              number(metrics.bindings_resized));
}

}  // namespace

std::string metrics_page(const MetricsSources& sources) {
  MetricsText text;
  text.family("actimanager_build_info", "gauge", "The version that runs.");
  text.sample(1, {{"version", sources.version}});
  if (sources.agent != nullptr) add_agent(text, *sources.agent);
  if (sources.leader != nullptr) {
    text.single("actimanager_leader", "gauge", "1 while this replica holds the Lease.",
                sources.leading ? 1 : 0);
    add_leader(text, sources.leader->metrics());
  }
  if (sources.client != nullptr) {
    text.family("actimanager_api_requests_total", "counter",
                "Requests to the API server; code 0: no answer.");
    for (const auto& [call, count] : sources.client->request_counts()) {
      text.sample(number(count), {{"verb", call.first}, {"code", std::to_string(call.second)}});
    }
  }
  return std::move(text).take();
}

}  // namespace actimanager::roles
