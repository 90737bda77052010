// InterPodAffinity: near or away from other Pods: what the Pod asks of those that are there, and what they
// ask of it.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "../domains.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

using api::PodAffinityTerm;

bool term_matches(const PodAffinityTerm& term, const api::Pod& pod, const api::StringMap& namespace_labels) {
  return (std::ranges::find(term.namespaces, pod.meta.namespace_) != term.namespaces.end() ||
          term.namespace_selector.matches(namespace_labels)) &&
         term.label_selector.matches(pod.meta.labels);
}

// Terms of the Pod that is to be placed: the Namespaces a selector stands for now are listed by name. As in
// kube-scheduler the selector stays, and is asked about a Namespace without labels.
PodAffinityTerm resolved(PodAffinityTerm term, const Objects& objects) {
  if (!term.namespace_selector.given || term.namespace_selector.selects_everything()) return term;
  objects.each_namespace([&](const std::string& name, const api::StringMap& labels) {
    if (term.namespace_selector.matches(labels)) term.namespaces.push_back(name);
  });
  return term;
}
std::vector<PodAffinityTerm> resolved(const std::vector<PodAffinityTerm>& terms, const Objects& objects) {
  std::vector<PodAffinityTerm> result;
  for (const auto& term : terms) result.push_back(resolved(term, objects));
  return result;
}
std::vector<api::WeightedPodAffinityTerm> resolved(const std::vector<api::WeightedPodAffinityTerm>& terms,
                                                   const Objects& objects) {
  std::vector<api::WeightedPodAffinityTerm> result;
  for (const auto& [weight, term] : terms) result.push_back({weight, resolved(term, objects)});
  return result;
}

const api::StringMap no_labels;

bool matches_all(const std::vector<PodAffinityTerm>& terms, const api::Pod& pod) {
  return !terms.empty() &&
         std::ranges::all_of(terms, [&](const auto& term) { return term_matches(term, pod, no_labels); });
}

struct Required : CycleState::Data {
  std::vector<PodAffinityTerm> affinity, anti_affinity;  // of the Pod
  TopologyCounts near;                                   // Pods that match all terms of `affinity`
  TopologyCounts away;                                   // Pods that match a term of `anti_affinity`
  TopologyCounts unwelcoming;       // Pods with an anti-affinity term that matches the Pod
  api::StringMap namespace_labels;  // of the Pod
  bool matches_itself = false;
};

struct Preferred : CycleState::Data {
  TopologyCounts weights;
};

class InterPodAffinity final : public Plugin {
 public:
  InterPodAffinity(std::int64_t hard_weight, bool ignore_others)
      : hard_weight_(hard_weight), ignore_others_(ignore_others) {}

  std::string_view name() const override { return "InterPodAffinity"; }
  Points points() const override {
    return Point::pre_filter | Point::filter | Point::pre_score | Point::score;
  }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    const bool asks = !pod.pod_affinity.required.empty() || !pod.pod_anti_affinity.required.empty();
    if (!asks && snapshot.pods_with_affinity() == 0) return {skip(), {}};
    auto required = std::make_unique<Required>();
    required->affinity = resolved(pod.pod_affinity.required, snapshot.objects());
    required->anti_affinity = resolved(pod.pod_anti_affinity.required, snapshot.objects());
    required->matches_itself = matches_all(required->affinity, pod);
    required->namespace_labels = snapshot.objects().namespace_labels(pod.meta.namespace_);
    for (const auto& info : snapshot.slots()) {
      if (info == nullptr) continue;
      for (const auto& other : info->pods_with_affinity) {
        count_unwelcoming(*required, pod, *other, *info->node, 1);
      }
      if (!asks) continue;
      for (const auto& other : info->pods) count(*required, *other, *info->node, 1);
    }
    if (!asks && required->unwelcoming.empty()) return {skip(), {}};
    state.write(this, std::move(required));
    return {};
  }

  void count_pod(CycleState& state, const api::Pod& pod, const api::Pod& other, const NodeInfo& info,
                 int change) const override {
    auto required = std::make_unique<Required>(*state.read<Required>(this));
    count_unwelcoming(*required, pod, other, *info.node, change);
    count(*required, other, *info.node, change);
    state.write(this, std::move(required));
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    const auto& required = *state.read<Required>(this);
    const auto& node = *info.node;
    if (!near_enough(required, node)) return unresolvable("node(s) didn't match pod affinity rules");
    const auto is_near = [&](const PodAffinityTerm& term) {
      return required.away.of(node, term.topology_key) > 0;
    };
    if (std::ranges::any_of(required.anti_affinity, is_near)) {
      return unschedulable("node(s) didn't match pod anti-affinity rules");
    }
    if (required.unwelcoming.any(node)) {
      return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");
    }
    return {};
  }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList&) const override {
    const bool asks = !pod.pod_affinity.preferred.empty() || !pod.pod_anti_affinity.preferred.empty();
    if (!asks && (ignore_others_ || snapshot.pods_with_affinity() == 0)) return skip();
    auto preferred = std::make_unique<Preferred>();
    const auto near = resolved(pod.pod_affinity.preferred, snapshot.objects());
    const auto away = resolved(pod.pod_anti_affinity.preferred, snapshot.objects());
    const auto& labels = snapshot.objects().namespace_labels(pod.meta.namespace_);
    for (const auto& info : snapshot.slots()) {
      if (info == nullptr) continue;
      const auto weigh = [&](const PodAffinityTerm& term, std::int64_t weight, const api::Pod& whom,
                             const api::StringMap& labels_there) {
        if (term_matches(term, whom, labels_there))
          preferred->weights.add(*info->node, term.topology_key, weight);
      };
      if (asks) {
        for (const auto& other : info->pods) {
          for (const auto& [weight, term] : near) weigh(term, weight, *other, no_labels);
          for (const auto& [weight, term] : away) weigh(term, -std::int64_t{weight}, *other, no_labels);
        }
      }
      for (const auto& other : info->pods_with_affinity) {
        if (hard_weight_ > 0) {
          for (const auto& term : other->pod_affinity.required) weigh(term, hard_weight_, pod, labels);
        }
        for (const auto& [weight, term] : other->pod_affinity.preferred) weigh(term, weight, pod, labels);
        for (const auto& [weight, term] : other->pod_anti_affinity.preferred)
          weigh(term, -std::int64_t{weight}, pod, labels);
      }
    }
    if (preferred->weights.empty()) return skip();
    state.write(this, std::move(preferred));
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto* preferred = state.read<Preferred>(this);
    return preferred == nullptr ? 0 : preferred->weights.sum(*node.node);
  }
  bool normalizes() const override { return true; }
  void normalize(const CycleState&, const NodeList&, std::span<std::int64_t> scores) const override {
    if (scores.empty()) return;
    const auto [lowest, highest] = std::ranges::minmax(scores);
    const auto range = static_cast<double>(highest - lowest);
    for (auto& score : scores) {
      score = range > 0 ? static_cast<std::int64_t>(static_cast<double>(max_node_score) *
                                                    (static_cast<double>(score - lowest) / range))
                        : 0;
    }
  }

  std::vector<Interest> interests() const override { return affinity_interests(); }
  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string& out) const override {
    if (pod.has_pod_affinity()) return false;
    if (snapshot.pods_with_affinity() == 0) return true;
    // What others ask of it is asked of its labels.
    sign_text(out, pod.meta.namespace_);
    for (const auto& [key, value] : pod.meta.labels) {
      sign_text(out, key);
      sign_text(out, value);
    }
    return true;
  }

 private:
  static void count(Required& required, const api::Pod& other, const api::Node& node, std::int64_t change) {
    if (matches_all(required.affinity, other)) {
      for (const auto& term : required.affinity) required.near.change(node, term.topology_key, change);
    }
    for (const auto& term : required.anti_affinity) {
      if (term_matches(term, other, no_labels)) required.away.change(node, term.topology_key, change);
    }
  }

  static void count_unwelcoming(Required& required, const api::Pod& pod, const api::Pod& other,
                                const api::Node& node, std::int64_t change) {
    for (const auto& term : other.pod_anti_affinity.required) {
      if (!term_matches(term, pod, required.namespace_labels)) continue;
      required.unwelcoming.change(node, term.topology_key, change);
    }
  }

  static bool near_enough(const Required& required, const api::Node& node) {
    bool all = true;
    for (const auto& term : required.affinity) {
      if (node.meta.label(term.topology_key) == nullptr) return false;
      all = all && required.near.of(node, term.topology_key) > 0;
    }
    // The first of Pods that want to be near each other may go anywhere.
    return all || (required.near.empty() && required.matches_itself);
  }

  std::int64_t hard_weight_;
  bool ignore_others_;
};

}  // namespace

std::unique_ptr<Plugin> make_inter_pod_affinity(api::JsonCursor args) {
  return std::make_unique<InterPodAffinity>(args["hardPodAffinityWeight"].integer_between(0, 100, 1),
                                            args["ignorePreferredTermsOfExistingPods"].boolean());
}

}  // namespace actimanager::scheduler
