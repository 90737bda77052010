#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/scheduler/config.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;

namespace {

const std::string header = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

std::string names(const std::vector<const Plugin*>& plugins) {
  std::string text;
  for (const auto* plugin : plugins) text += (text.empty() ? "" : " ") + std::string(plugin->name());
  return text;
}

std::string scorers(const Profile& profile) {
  std::string text;
  for (const auto& [plugin, weight] : profile.score) {
    text += (text.empty() ? "" : " ") + std::string(plugin->name()) + "*" + std::to_string(weight);
  }
  return text;
}

Config parse(const std::string& body) {
  auto config = parse_config_text(header + body);
  INFO((config ? "" : config.error().message()));
  REQUIRE(config);
  return std::move(*config);
}

}  // namespace

TEST_CASE("the default configuration is kube-scheduler's with our plugins on top") {
  const auto config = default_config();
  REQUIRE(config.profiles.size() == 1);
  const auto& profile = config.profiles[0];
  CHECK(profile.name == "maestro");
  CHECK(names(profile.pre_enqueue) == "SchedulingGates");
  CHECK(names(profile.pre_filter) ==
        "NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions NodeVolumeLimits VolumeBinding "
        "VolumeZone PodTopologySpread "
        "InterPodAffinity DynamicResources WorkloadAware PodIsolation");
  CHECK(names(profile.filter) ==
        "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit "
        "VolumeRestrictions NodeVolumeLimits VolumeBinding "
        "VolumeZone PodTopologySpread InterPodAffinity WorkloadAware PodIsolation");
  CHECK(scorers(profile) ==
        "TaintToleration*3 NodeAffinity*2 NodeResourcesFit*1 PodTopologySpread*2 InterPodAffinity*2 "
        "NodeResourcesBalancedAllocation*1 ImageLocality*1 "
        "WorkloadAware*10");
  CHECK(names(profile.reserve) == "VolumeBinding WorkloadAware PodIsolation");
  CHECK(config.queue.initial_backoff == std::chrono::seconds(1));
  CHECK(config.queue.max_backoff == std::chrono::seconds(10));
}

TEST_CASE("a configuration of the original's shape works unchanged") {
  const auto config = parse(R"(
leaderElection:
  leaderElect: false
clientConnection:
  kubeconfig: /etc/kubernetes/scheduler.conf
  qps: 50.5
profiles:
  - schedulerName: maestro
    plugins:
      preFilter:
        enabled:
          - name: WorkloadAware
      filter:
        enabled:
          - name: TaintToleration
          - name: WorkloadAware
        disabled:
          - name: '*'
      score:
        enabled:
          - name: WorkloadAware
        disabled:
          - name: "*"
      reserve:
        enabled:
          - name: WorkloadAware
      bind:
        enabled:
          - name: WorkloadAware
        disabled:
          - name: '*'
      postBind:
        enabled:
          - name: WorkloadAware
    pluginConfig:
      - name: WorkloadAware
        args:
          policy: MaximumUtilization
          features:
            - PhysicalCores
            - BestEffortSharedCPUs
            - MemoryBoundExclusiveSockets
)");
  const auto& profile = config.profiles.at(0);
  CHECK(names(profile.filter) == "TaintToleration WorkloadAware");
  CHECK(names(profile.pre_filter) ==
        "NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions NodeVolumeLimits VolumeBinding "
        "VolumeZone PodTopologySpread "
        "InterPodAffinity DynamicResources WorkloadAware");
  CHECK(scorers(profile) == "WorkloadAware*10");
  CHECK(names(profile.reserve) == "VolumeBinding WorkloadAware");
  CHECK(names(profile.pre_enqueue) == "SchedulingGates");
}

TEST_CASE("a plugin that places CPUs filters and reserves wherever it is enabled") {
  const auto config = parse(R"(
profiles:
- schedulerName: a
  plugins: {score: {enabled: [{name: WorkloadAware, weight: 3}]}}
- schedulerName: b
  plugins: {multiPoint: {enabled: [{name: PodIsolation}]}, filter: {disabled: [{name: PodIsolation}]}}
- schedulerName: c
)");
  CHECK(names(config.profile("a")->filter).ends_with(" WorkloadAware"));
  CHECK(names(config.profile("a")->reserve) == "VolumeBinding WorkloadAware");
  CHECK(scorers(*config.profile("a")).ends_with(" WorkloadAware*3"));
  CHECK(names(config.profile("b")->filter).ends_with(" PodIsolation"));
  CHECK(names(config.profile("b")->reserve) == "VolumeBinding PodIsolation");
  CHECK(names(config.profile("c")->reserve) == "VolumeBinding");
  CHECK(config.profile("d") == nullptr);
}

TEST_CASE("who filters or scores finds out before what that takes, whatever else is disabled") {
  const auto config = parse(R"(
profiles:
- schedulerName: unprepared
  plugins: {preFilter: {disabled: [{name: "*"}]}, preScore: {disabled: [{name: "*"}]}}
- schedulerName: idle
  plugins: {filter: {disabled: [{name: "*"}]}, preFilter: {disabled: [{name: "*"}]},
            score: {disabled: [{name: "*"}]}, preScore: {disabled: [{name: "*"}]}}
)");
  const auto& unprepared = *config.profile("unprepared");
  CHECK(
      names(unprepared.pre_filter) ==
      "NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone "
      "PodTopologySpread InterPodAffinity");
  CHECK(names(unprepared.pre_score) ==
        "TaintToleration NodeAffinity NodeResourcesFit PodTopologySpread InterPodAffinity "
        "NodeResourcesBalancedAllocation ImageLocality");
  CHECK(names(config.profile("idle")->pre_filter).empty());
  CHECK(names(config.profile("idle")->pre_score).empty());
}

TEST_CASE("MultiPoint and the single points are merged as upstream merges them") {
  const auto config = parse(R"(
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 60
profiles:
- schedulerName: weights
  plugins:
    multiPoint:
      enabled: [{name: TaintToleration, weight: 7}, {name: NodeAffinity}]
    score:
      enabled: [{name: NodeResourcesFit, weight: 5}]
- schedulerName: order
  plugins:
    filter:
      enabled: [{name: NodeResourcesFit}, {name: NodeName}]
- schedulerName: few
  plugins:
    multiPoint:
      enabled: [{name: PrioritySort}, {name: NodeName}, {name: NodeResourcesFit}, {name: DefaultBinder}]
      disabled: [{name: "*"}]
- schedulerName: without
  plugins:
    multiPoint: {disabled: [{name: NodePorts}]}
    score: {disabled: [{name: ImageLocality}, {name: TaintToleration}]}
)");
  CHECK(config.queue.initial_backoff == std::chrono::seconds(2));
  CHECK(config.queue.max_backoff == std::chrono::seconds(60));
  CHECK(scorers(*config.profile("weights")) ==
        "NodeResourcesFit*5 TaintToleration*7 NodeAffinity*1 PodTopologySpread*2 InterPodAffinity*2 "
        "NodeResourcesBalancedAllocation*1 "
        "ImageLocality*1");
  CHECK(names(config.profile("order")->filter) ==
        "NodeResourcesFit NodeName NodeUnschedulable TaintToleration NodeAffinity NodePorts "
        "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread InterPodAffinity");
  CHECK(names(config.profile("few")->filter) == "NodeName NodeResourcesFit");
  CHECK(scorers(*config.profile("few")) == "NodeResourcesFit*1");
  CHECK(names(config.profile("without")->filter) ==
        "NodeUnschedulable NodeName TaintToleration NodeAffinity NodeResourcesFit "
        "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread InterPodAffinity");
  CHECK(scorers(*config.profile("without")) ==
        "NodeAffinity*2 NodeResourcesFit*1 PodTopologySpread*2 InterPodAffinity*2 "
        "NodeResourcesBalancedAllocation*1");
}

TEST_CASE("one profile without a name is default-scheduler") {
  CHECK(parse("profiles: [{}]").profile("default-scheduler") != nullptr);
}

TEST_CASE("kube-scheduler's own written-out defaults are read") {
  parse(R"(
parallelism: 16
percentageOfNodesToScore: 0
enableProfiling: true
enableContentionProfiling: true
delayCacheUntilActive: false
clientConnection: {acceptContentTypes: '', burst: 100, contentType: application/json, kubeconfig: '', qps: 50}
leaderElection: {leaderElect: true, leaseDuration: 15s, renewDeadline: 10s, resourceLock: leases,
                 resourceName: kube-scheduler, resourceNamespace: kube-system, retryPeriod: 2s}
profiles:
- schedulerName: default-scheduler
  pluginConfig:
  - name: DefaultPreemption
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: DefaultPreemptionArgs, minCandidateNodesPercentage: 10}
  - name: DynamicResources
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: DynamicResourcesArgs, filterTimeout: 10s}
  - name: InterPodAffinity
    args: {hardPodAffinityWeight: 1, kind: InterPodAffinityArgs}
  - name: NodeAffinity
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: NodeAffinityArgs}
  - name: NodeResourcesBalancedAllocation
    args: {kind: NodeResourcesBalancedAllocationArgs, resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]}
  - name: NodeResourcesFit
    args:
      kind: NodeResourcesFitArgs
      scoringStrategy: {type: LeastAllocated, resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]}
  - name: PodTopologySpread
    args: {defaultingType: System}
  - name: VolumeBinding
    args: {bindTimeoutSeconds: 600}
  plugins:
    multiPoint:
      enabled: [{name: SchedulingGates}, {name: PrioritySort}, {name: DefaultBinder}, {name: DynamicResources}]
)");
}

TEST_CASE("what is wrong is named by its path") {
  struct Row {
    const char* body;
    const char* error;
  };
  const Row rows[] = {
      {"", "profiles: needs at least one"},
      {"profiles: 7", "profiles: expected a list"},
      {"colour: red", "colour: unknown field"},
      {"extenders: [{urlPrefix: x}]", "extenders[0]: extenders are not supported"},
      {"parallelism: many", "parallelism: expected an integer"},
      {"podMaxBackoffSeconds: 0", "podMaxBackoffSeconds: "},
      {"podInitialBackoffSeconds: 20", "podMaxBackoffSeconds must be at least podInitialBackoffSeconds"},
      {"profiles: [{pluginConfig: [{args: {}}]}]", "profiles[0].pluginConfig[0]: name is required"},
      {"profiles: [{schedulerName: a}, {}]", "profiles[1]: schedulerName is required"},
      {"profiles: [{schedulerName: a}, {schedulerName: a}]",
       "profiles[1].schedulerName: \"a\" is there twice"},
      {"profiles: [{schedulerName: a, pluginsConfig: []}]", "profiles[0].pluginsConfig: unknown field"},
      {"profiles: [{plugins: {filters: {}}}]", "profiles[0].plugins.filters: unknown field"},
      {"profiles: [{plugins: {filter: {enabled: [{name: NodeGuess}]}}}]",
       "profiles[0].plugins.filter.enabled[0].name: there is no plugin \"NodeGuess\""},
      {"profiles: [{plugins: {filter: {disabled: [{name: NodeGuess}]}}}]",
       "profiles[0].plugins.filter.disabled[0].name: there is no plugin \"NodeGuess\""},
      {"profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]",
       "profiles[0].plugins.score.enabled[0]: NodeName has no score point"},
      {"profiles: [{plugins: {filter: {enabled: [{name: NodeName}, {name: NodeName}]}}}]",
       "profiles[0].plugins.filter.enabled[1]: this plugin is enabled twice here"},
      {"profiles: [{plugins: {score: {enabled: [{name: ImageLocality, weight: -1}]}}}]",
       "profiles[0].plugins.score.enabled[0].weight: "},
      {"profiles: [{plugins: {queueSort: {disabled: [{name: '*'}]}}}]",
       "profiles[0]: needs one queueSort plugin, has 0"},
      {"profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]",
       "profiles[0]: needs a bind plugin, has none"},
      {"profiles: [{plugins: {multiPoint: {disabled: [{name: DefaultBinder}]}}}]",
       "profiles[0]: needs a bind plugin, has none"},
      {"leaderElection: {leader: true}", "leaderElection.leader: unknown field"},
      {"clientConnection: {speed: 1}", "clientConnection.speed: unknown field"},
      {"profiles: [{pluginConfig: [{name: NodeAffinity, args: {kind: NodeResourcesFitArgs}}]}]",
       "profiles[0].pluginConfig[0].args.kind: \"NodeResourcesFitArgs\" is not NodeAffinityArgs"},
      {"profiles: [{pluginConfig: [{name: DynamicResources, args: {filterTimeout: soon}}]}]",
       "profiles[0].pluginConfig[0].args.filterTimeout: expected a duration"},
      {"profiles: [{pluginConfig: [{name: WorkloadAware, args: {policy: Fast}}]}]",
       "profiles[0].pluginConfig[0].args.policy: \"Fast\" is not one of MaximumUtilization, Balanced"},
      {"profiles: [{pluginConfig: [{name: NodeName}, {name: WorkloadAware, args: {features: [PhysicalCores, "
       "Magic]}}]}]",
       "profiles[0].pluginConfig[1].args.features[1]: \"Magic\" is not one of"},
      {"profiles: [{pluginConfig: [{name: WorkloadAware, args: {polcy: Balanced}}]}]",
       "profiles[0].pluginConfig[0].args.polcy: unknown field"},
      {"profiles: [{pluginConfig: [{name: WorkloadAware, args: 3}]}]",
       "profiles[0].pluginConfig[0].args: expected"},
      {"profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeoutSeconds: -1}}]}]",
       "profiles[0].pluginConfig[0].args.bindTimeoutSeconds: "},
      {"profiles: [{pluginConfig: [{name: VolumeBinding, args: {shape: []}}]}]",
       "profiles[0].pluginConfig[0].args.shape: unknown field"},
      {"profiles: [{pluginConfig: [{name: NodeName}, {name: NodeName}]}]",
       "profiles[0].pluginConfig[1]: this plugin is configured twice"},
      {"profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultConstraints: [{maxSkew: 1}]}}]}]",
       "profiles[0].pluginConfig[0].args.defaultConstraints[0]: topologyKey is required"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]",
       "profiles[0].pluginConfig[0].args.scoringStrategy.type: \"Best\" is not one of"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {resources: [{name: cpu, "
       "weight: "
       "101}]}}}]}]",
       "profiles[0].pluginConfig[0].args.scoringStrategy.resources[0].weight: "},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: "
       "RequestedToCapacityRatio}}}]}]",
       "scoringStrategy: requestedToCapacityRatio.shape: at least one point must be specified"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: "
       "{requestedToCapacityRatio: {shape: "
       "[{utilization: 5, score: 1}, {utilization: 5, score: 2}]}}}}]}]",
       "shape[1].utilization: values must be sorted in increasing order"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {ignoredResourceGroups: [a/b]}}]}]",
       "args.ignoredResourceGroups[0]: a resource group's name can't contain '/'"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesBalancedAllocation, args: {resources: [{name: cpu, "
       "weight: "
       "2}]}}]}]",
       "args.resources[0].weight: "},
      {"profiles: [{pluginConfig: [{name: NodeAffinity, args: {addedAffinity: "
       "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, "
       "operator: "
       "Near}]}]}}}}]}]",
       "nodeSelectorTerms[0]: matchExpressions[0].operator: \"Near\" is not one of"},
      {"profiles: [{schedulerName: [a]}]", "profiles[0].schedulerName: expected a string"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.body);
    const auto config = parse_config_text(header + row.body);
    REQUIRE_FALSE(config);
    CHECK(config.error().message().contains(row.error));
    if (!config.error().message().contains(row.error)) WARN(config.error().message());
  }
}

TEST_CASE("text that is no configuration at all is refused, never a crash") {
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  struct Row {
    std::string text;
    const char* error;
  };
  const Row rows[] = {
      {"", "the document is empty"},
      {"---\n---\n", "the document is empty"},
      {"7", "expected an object"},
      {"{", "line "},
      {"a: b: c", "line 1, column"},
      {"kind: KubeSchedulerConfiguration", "apiVersion \"\" is not kubescheduler.config.k8s.io/v1"},
      {"apiVersion: kubescheduler.config.k8s.io/v1\nkind: Pod",
       "kind \"Pod\" is not KubeSchedulerConfiguration"},
      {"a: 1\na: 2", "line 2, column 1: this key is there twice"},
      {"? [a]\n: b", "a key must be a plain text"},
      {"a: 1\n---\nb: 2", "more than one YAML document"},
      {bomb, "too many values"},
      {std::string(300, '['), "line "},
      {std::string(200, '[') + std::string(200, ']'), "nested too deeply"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text.substr(0, 80));
    const auto config = parse_config_text(row.text);
    REQUIRE_FALSE(config);
    CHECK(config.error().message().contains(row.error));
    if (!config.error().message().contains(row.error)) WARN(config.error().message());
  }
}
