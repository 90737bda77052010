// InterPodAffinity: near or away from other Pods: what the Pod asks of those that are there, and what they
// ask of it.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "../domains.hpp"
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

using api::PodAffinityTerm;

bool term_matches(const PodAffinityTerm& term, const std::string& pod_namespace, const api::StringMap& labels,
                  const api::StringMap& namespace_labels) {
  return (std::ranges::find(term.namespaces, pod_namespace) != term.namespaces.end() ||
          term.namespace_selector.matches(namespace_labels)) &&
         term.label_selector.matches(labels);
}
bool term_matches(const PodAffinityTerm& term, const api::Pod& pod, const api::StringMap& namespace_labels) {
  return term_matches(term, pod.meta.namespace_, pod.meta.labels, namespace_labels);
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

// What a Pod that is there counts for.
bool term_matches(const PodAffinityTerm& term, const PodKind& kind) {
  return term_matches(term, kind.namespace_, kind.labels, no_labels);
}

bool matches_all(const std::vector<PodAffinityTerm>& terms, const std::string& pod_namespace,
                 const api::StringMap& labels) {
  return !terms.empty() && std::ranges::all_of(terms, [&](const auto& term) {
    return term_matches(term, pod_namespace, labels, no_labels);
  });
}

// What Filter counts, by topology key.
enum Counted : int {
  near,         // Pods that match all terms of the Pod's affinity
  away,         // Pods that match a term of its anti-affinity
  unwelcoming,  // Pods with an anti-affinity term that matches it
};

struct Required : CycleState::Data {
  bool is_set = false;
  std::vector<PodAffinityTerm> affinity, anti_affinity;  // of the Pod
  api::StringMap namespace_labels;                       // of its Namespace
  bool matches_itself = false;
  KindTally counts;
};

// On one node there are some Pods more or fewer.
struct Shift : CycleState::Data {
  std::map<std::pair<int, std::string>, std::int64_t> counts;  // Counted, topology key

  std::int64_t of(int what, const std::string& key) const {
    const auto it = counts.find({what, key});
    return it == counts.end() ? 0 : it->second;
  }
};

// What Score adds up, by topology key.
enum Weighed : int {
  weights,
  terms,  // how many there are at all
};

struct Preferred : CycleState::Data {
  bool is_set = false;
  std::vector<api::WeightedPodAffinityTerm> near, away;  // of the Pod
  api::StringMap namespace_labels;                       // of its Namespace
  KindTally sums;
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
    const bool asks =
        !pod.spec->pod_affinity.required.empty() || !pod.spec->pod_anti_affinity.required.empty();
    if (!asks && snapshot.pods_with_affinity() == 0) return {skip(), {}};
    count_required(state, pod, snapshot);
    if (!asks && state.read<Required>(this)->counts.is_empty(unwelcoming)) return {skip(), {}};
    return {};
  }

  void count_pod(CycleState& state, const api::Pod& pod, const api::Pod& other, const NodeInfo&,
                 int change) const override {
    const auto& required = *state.read<Required>(this);
    auto& shift = state.edit<Shift>(this);
    const auto add = [&](Counted what, const std::string& key) { shift.counts[{what, key}] += change; };
    for (const auto& term : other.spec->pod_anti_affinity.required) {
      if (term_matches(term, pod, required.namespace_labels)) add(unwelcoming, term.topology_key);
    }
    if (matches_all(required.affinity, other.meta.namespace_, other.meta.labels)) {
      for (const auto& term : required.affinity) add(near, term.topology_key);
    }
    for (const auto& term : required.anti_affinity) {
      if (term_matches(term, other, no_labels)) add(away, term.topology_key);
    }
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    static const Shift none;
    const auto& required = *state.read<Required>(this);
    const auto* shift = state.read<Shift>(this);
    const Counts counts{required.counts, shift == nullptr ? none : *shift, *info.node};
    if (!near_enough(required, counts)) return unresolvable("node(s) didn't match pod affinity rules");
    if (std::ranges::any_of(required.anti_affinity,
                            [&](const auto& term) { return counts.of(away, term.topology_key) > 0; })) {
      return unschedulable("node(s) didn't match pod anti-affinity rules");
    }
    if (counts.any(unwelcoming)) {
      return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");
    }
    return {};
  }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList&) const override {
    const bool asks =
        !pod.spec->pod_affinity.preferred.empty() || !pod.spec->pod_anti_affinity.preferred.empty();
    if (!asks && (ignore_others_ || snapshot.pods_with_affinity() == 0)) return skip();
    sum_up_preferred(state, pod, snapshot);
    return state.read<Preferred>(this)->sums.is_empty(terms) ? skip() : Status{};
  }

  std::int64_t score(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto* preferred = state.read<Preferred>(this);
    if (preferred == nullptr) return 0;
    std::int64_t sum = 0;
    preferred->sums.each(weights,
                         [&](const std::string&, const DomainSums& sums) { sum += sums.of(*node.node); });
    return sum;
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
  bool spans_nodes() const override { return true; }
  bool recount(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const override {
    const bool more = count_required(state, pod, snapshot);
    return sum_up_preferred(state, pod, snapshot) || more;
  }
  void facet(const CycleState& state, std::size_t slot, const NodeInfo& info,
             std::vector<std::int64_t>& numbers) const override {
    const auto mark = [&](const std::string&, const DomainSums& sums) { numbers.push_back(sums.mark(slot)); };
    const auto& required = *state.read<Required>(this);
    for (const auto& term : required.affinity) {
      numbers.push_back(info.node->meta.label(term.topology_key) == nullptr ? 0 : 1);
    }
    for (const int what : {near, away, unwelcoming}) required.counts.each(what, mark);
    state.read<Preferred>(this)->sums.each(weights, mark);
  }

  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string& out) const override {
    if (snapshot.pods_with_affinity() == 0 && !pod.has_pod_affinity()) return true;
    // What others ask of it is asked of its labels.
    sign_text(out, pod.meta.namespace_);
    sign_labels(out, pod.meta.labels);
    for (const auto* affinity : {&pod.spec->pod_affinity, &pod.spec->pod_anti_affinity}) {
      fmt::format_to(std::back_inserter(out), "r{}p{}", affinity->required.size(),
                     affinity->preferred.size());
      for (const auto& term : affinity->required) sign_term(out, term);
      for (const auto& [weight, term] : affinity->preferred) {
        fmt::format_to(std::back_inserter(out), "{}", weight);
        sign_term(out, term);
      }
    }
    return true;
  }

 private:
  // What there is in the domains of one node.
  struct Counts {
    const KindTally& tally;
    const Shift& shift;
    const api::Node& node;

    std::int64_t of(int what, const std::string& key) const {
      if (node.meta.label(key) == nullptr) return 0;
      const auto* sums = tally.find(what, key);
      return (sums == nullptr ? 0 : sums->of(node)) + shift.of(what, key);
    }
    bool any(int what) const {
      bool found = false;
      tally.each(what,
                 [&](const std::string& key, const DomainSums&) { found = found || of(what, key) > 0; });
      // Those that nothing has counted for before.
      return found || std::ranges::any_of(shift.counts, [&](const auto& entry) {
               return entry.first.first == what && of(what, entry.first.second) > 0;
             });
    }
    // In all domains together.
    bool nowhere(int what) const {
      std::int64_t total = 0;
      tally.each(what, [&](const std::string&, const DomainSums& sums) { total += sums.total(); });
      for (const auto& [counted, change] : shift.counts) {
        if (counted.first == what && node.meta.label(counted.second) != nullptr) total += change;
      }
      return total == 0;
    }
  };

  bool count_required(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const {
    auto& required = state.edit<Required>(this);
    if (!required.is_set) {
      required.is_set = true;
      required.affinity = resolved(pod.spec->pod_affinity.required, snapshot.objects());
      required.anti_affinity = resolved(pod.spec->pod_anti_affinity.required, snapshot.objects());
      required.matches_itself = matches_all(required.affinity, pod.meta.namespace_, pod.meta.labels);
      required.namespace_labels = snapshot.objects().namespace_labels(pod.meta.namespace_);
    }
    return required.counts.update(snapshot, [&](const PodKind& kind, const auto& add) {
      for (const auto& term : kind.anti_affinity().required) {
        if (term_matches(term, pod, required.namespace_labels)) add({unwelcoming, term.topology_key, 1});
      }
      if (matches_all(required.affinity, kind.namespace_, kind.labels)) {
        for (const auto& term : required.affinity) add({near, term.topology_key, 1});
      }
      for (const auto& term : required.anti_affinity) {
        if (term_matches(term, kind)) add({away, term.topology_key, 1});
      }
    });
  }

  bool sum_up_preferred(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const {
    auto& preferred = state.edit<Preferred>(this);
    if (!preferred.is_set) {
      preferred.is_set = true;
      preferred.near = resolved(pod.spec->pod_affinity.preferred, snapshot.objects());
      preferred.away = resolved(pod.spec->pod_anti_affinity.preferred, snapshot.objects());
      preferred.namespace_labels = snapshot.objects().namespace_labels(pod.meta.namespace_);
    }
    const bool asks = !preferred.near.empty() || !preferred.away.empty();
    return preferred.sums.update(snapshot, [&](const PodKind& kind, const auto& add) {
      const auto weigh = [&](const PodAffinityTerm& term, std::int64_t weight) {
        add({weights, term.topology_key, weight});
        add({terms, term.topology_key, 1});
      };
      for (const auto& [weight, term] : preferred.near) {
        if (term_matches(term, kind)) weigh(term, weight);
      }
      for (const auto& [weight, term] : preferred.away) {
        if (term_matches(term, kind)) weigh(term, -std::int64_t{weight});
      }
      if (!asks && ignore_others_) return;
      const auto welcomes = [&](const PodAffinityTerm& term) {
        return term_matches(term, pod, preferred.namespace_labels);
      };
      if (hard_weight_ > 0) {
        for (const auto& term : kind.affinity().required) {
          if (welcomes(term)) weigh(term, hard_weight_);
        }
      }
      for (const auto& [weight, term] : kind.affinity().preferred) {
        if (welcomes(term)) weigh(term, weight);
      }
      for (const auto& [weight, term] : kind.anti_affinity().preferred) {
        if (welcomes(term)) weigh(term, -std::int64_t{weight});
      }
    });
  }

  static bool near_enough(const Required& required, const Counts& counts) {
    bool all = true;
    for (const auto& term : required.affinity) {
      if (counts.node.meta.label(term.topology_key) == nullptr) return false;
      all = all && counts.of(near, term.topology_key) > 0;
    }
    // The first of Pods that want to be near each other may go anywhere.
    return all || (counts.nowhere(near) && required.matches_itself);
  }

  static void sign_term(std::string& out, const PodAffinityTerm& term) {
    sign_text(out, term.topology_key);
    sign_selector(out, term.label_selector);
    sign_selector(out, term.namespace_selector);
    fmt::format_to(std::back_inserter(out), "n{}", term.namespaces.size());
    for (const auto& name : term.namespaces) sign_text(out, name);
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
