// What must hold after any sequence of creations, edits, deletions, endings, hotplug and reservations.
#include <algorithm>
#include <random>
#include <set>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;

namespace {

class RandomLife {
 public:
  explicit RandomLife(unsigned seed)
      : random_(seed),
        machine_(topology::testing::random_machine(random_, 24)),
        all_(machine_->cpus().begin(), machine_->cpus().end()),
        node(machine_, some(pick(0, 3) == 0 ? 1 : 0)) {}

  // Something happens. Returns the name of the binding it happened to, "" where it was none.
  std::string step() {
    const auto pod = fmt::format("pod-{}", pick(0, 7));
    const auto name = fmt::format("b-{}", pick(0, 9));
    const bool there = node.bindings().contains(name);
    switch (pick(0, 11)) {
      case 0:
      case 1:
        if (!pods_.insert(pod).second) break;
        node.add_pod(pod);
        break;
      case 2:
        if (!there) break;
        node.remove(name);
        return name;
      case 3:
        if (!pods_.contains(pod)) break;
        if (pick(0, 1) == 0) {
          node.remove_pod(pod);
          pods_.erase(pod);
        } else {
          node.add_pod(pod);
        }
        break;
      case 4:
        if (pods_.contains(pod)) node.pod(pod).phase = pick(0, 1) == 0 ? "Failed" : "Succeeded";
        break;
      case 5:
        node.set_offline(pick(0, 1) == 0 ? CpuSet{}
                                         : some(std::min<int>(3, static_cast<int>(all_.size()) - 1)));
        break;
      case 6:
        if (pick(0, 3) == 0) node.set_reserved(some(pick(0, 2)));
        break;
      case 7: {
        const auto placed = api::PodCPUBinding::name_for_pod(pod);
        if (node.bindings().contains(placed)) break;
        // For the Pod that is there, or for one that is about to be.
        const auto uid = pods_.contains(pod) ? node.pod(pod).meta.uid : node.next_uid(pod);
        node.place(pod, uid, some(pick(1, 3)), static_cast<ExclusivenessLevel>(pick(0, 2)));
        return placed;
      }
      default: {
        const auto level = static_cast<ExclusivenessLevel>(pick(0, 4));
        if (there) {
          node.edit(name, some(pick(0, 4)), level);
        } else {
          node.bind(name, pod, some(pick(1, 4)), level);
        }
        return name;
      }
    }
    return "";
  }

  std::vector<BindingPointer> shuffled(std::vector<BindingPointer> objects) {
    std::ranges::shuffle(objects, random_);
    return objects;
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  CpuSet some(int count) {
    CpuSet cpus;
    for (int i = 0; i < count; ++i)
      cpus.insert(all_[static_cast<std::size_t>(pick(0, static_cast<int>(all_.size()) - 1))]);
    return cpus;
  }

  std::mt19937 random_;
  topology::testing::Machine machine_;
  std::vector<CpuId> all_;
  std::set<std::string> pods_;

 public:
  NodeFake node;
};

void check_nobody_has_what_is_anothers(const std::vector<Verdict>& verdicts) {
  for (const auto& a : verdicts) {
    for (const auto& b : verdicts) {
      if (&a == &b || !a.admitted() || !b.admitted()) continue;
      REQUIRE_FALSE(a.grant->exclusive_cpus.intersects(b.grant->cpu_set));
      REQUIRE_FALSE(a.grant->exclusive_cpus.intersects(b.grant->exclusive_cpus));
      REQUIRE(a.binding->spec.pod_name != b.binding->spec.pod_name);
    }
  }
}

void check_every_verdict_is_explained(const std::vector<Verdict>& verdicts, const NodeFacts& facts) {
  for (const auto& verdict : verdicts) {
    const bool refused = !verdict.reason.empty();
    REQUIRE(refused == (verdict.refusal != api::BindingStatus::unset));
    REQUIRE(refused == verdict.message.starts_with("spec."));
    REQUIRE(verdict.admitted() == verdict.grant.has_value());
    REQUIRE((verdict.kind != Verdict::Kind::refused || refused));
    if (!verdict.admitted()) continue;
    REQUIRE_FALSE(verdict.grant->cpu_set.empty());
    REQUIRE_FALSE(verdict.grant->exclusive_cpus.intersects(facts.reserved));
    if (!verdict.edit_refused()) REQUIRE(verdict.grant->cpu_set == verdict.binding->spec.cpu_set);
  }
}

void check_kernel_side(const Desired& desired, const NodeFacts& facts, const std::vector<Verdict>& verdicts) {
  const auto& online = facts.topology->cpus();
  REQUIRE_FALSE(desired.shared.cpus.empty());
  REQUIRE(online.includes(desired.shared.cpus));
  REQUIRE(desired.shared.cpus.includes(facts.reserved & online));
  if (!(online - desired.exclusive).empty()) {
    REQUIRE_FALSE(desired.shared.cpus.intersects(desired.exclusive));
  }
  for (const auto& verdict : verdicts) {
    if (!verdict.admitted()) continue;
    const auto& pod = desired.of(verdict.pod ? verdict.pod->meta.uid : verdict.binding->owner_uid());
    REQUIRE_FALSE(pod.pod.cpus.empty());
    if (pod.pinned) REQUIRE(pod.pod.cpus == (verdict.grant->cpu_set & online));
  }
}

// (binding, Pod incarnation) → what it was granted.
std::map<std::string, api::PodCPUBinding::Admitted> grants(const std::vector<Verdict>& verdicts) {
  std::map<std::string, api::PodCPUBinding::Admitted> grants;
  for (const auto& verdict : verdicts) {
    if (verdict.admitted() && verdict.pod)
      grants.emplace(verdict.binding->meta.uid + verdict.pod->meta.uid, *verdict.grant);
  }
  return grants;
}

}  // namespace

TEST_CASE("no sequence of events gives a CPU to one that is exclusive to another") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    RandomLife life(seed);
    auto& node = life.node;
    for (int step = 0; step < 60; ++step) {
      CAPTURE(seed, step);
      const auto before = grants(node.judge(node.objects()));
      const auto touched = life.step();
      const auto verdicts = node.judge(node.objects());
      check_nobody_has_what_is_anothers(verdicts);
      check_every_verdict_is_explained(verdicts, node.facts());
      check_kernel_side(node.desired(), node.facts(), verdicts);

      // The order in which bindings are listed means nothing.
      for (const auto& verdict : node.judge(life.shuffled(node.objects()))) {
        const auto it = std::ranges::find(verdicts, verdict.binding->meta.uid,
                                          [](const Verdict& v) { return v.binding->meta.uid; });
        REQUIRE(it->kind == verdict.kind);
        REQUIRE(it->grant == verdict.grant);
        REQUIRE(it->message == verdict.message);
      }
      // What was granted keeps its CPUs while its Pod lives, unless its own spec was touched.
      for (const auto& verdict : verdicts) {
        const auto it =
            verdict.pod ? before.find(verdict.binding->meta.uid + verdict.pod->meta.uid) : before.end();
        if (it == before.end() || verdict.binding->meta.name == touched) continue;
        REQUIRE(verdict.admitted());
        if (verdict.grant->generation == it->second.generation) {
          REQUIRE(verdict.grant->cpu_set == it->second.cpu_set);
          REQUIRE(verdict.grant->exclusive_cpus.includes(it->second.exclusive_cpus - node.facts().reserved));
        }
      }
      // Judged again with its own results it says the same, and nothing is written twice.
      node.reconcile();
      REQUIRE(grants(node.judge(node.objects())) == grants(verdicts));
      REQUIRE_FALSE(node.reconcile());
    }
  }
}
