#include "domains.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/cache.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

// Slots 0 and 1 are in zone a, 2 is alone in b, 3 has no zone.
struct Zones {
  Cache cache;
  Snapshot snapshot;

  explicit Zones(const char* third = "b") {
    const std::vector<const char*> zones = {"a", "a", third, nullptr};
    for (std::size_t i = 0; i < zones.size(); ++i) {
      auto node = make_node("n" + std::to_string(i));
      if (zones[i] != nullptr) node->meta.labels["zone"] = zones[i];
      cache.upsert(std::shared_ptr<const api::Node>(node));
    }
    cache.update(snapshot);
  }
  void add(const char* name, const char* node, const char* app) {
    auto pod = on_node(make_pod(name), node);
    pod.meta.labels["app"] = app;
    cache.upsert(pod);
    cache.update(snapshot);
  }
};

std::vector<std::int64_t> marks(const DomainSums& sums) {
  return {sums.mark(0), sums.mark(1), sums.mark(2), sums.mark(3)};
}

}  // namespace

TEST_CASE("Domains: nodes that share a label's value") {
  const Zones zones;
  const auto domains = zones.snapshot.domains("zone");
  CHECK(zones.snapshot.domains("zone") == domains);
  CHECK(domains->size() == 2);
  CHECK(domains->of(0) == domains->of(1));
  CHECK(domains->of(2) == domains->find("b"));
  CHECK(domains->of(3) == Domains::none);
  CHECK(domains->find("c") == Domains::none);
  CHECK(domains->find(*zones.snapshot.find("n1")->node) == domains->find("a"));
  CHECK(domains->find(*zones.snapshot.find("n3")->node) == Domains::none);
  CHECK_FALSE(domains->is_single(domains->find("a")));
  CHECK(domains->is_single(domains->find("b")));
  // Nodes without the label may be in it, too.
  const Zones unnamed("");
  CHECK_FALSE(unnamed.snapshot.domains("zone")->is_single(unnamed.snapshot.domains("zone")->find("")));
}

TEST_CASE("Domains: are found anew when nodes change") {
  Zones zones;
  const auto before = zones.snapshot.domains("zone");
  zones.add("p", "n0", "web");
  CHECK(zones.snapshot.domains("zone") == before);
  auto node = make_node("n3");
  node->meta.labels["zone"] = "b";
  zones.cache.upsert(std::shared_ptr<const api::Node>(node));
  zones.cache.update(zones.snapshot);
  const auto now = zones.snapshot.domains("zone");
  CHECK(now->of(3) == now->of(2));
}

TEST_CASE("DomainSums: a node's number counts in its domain, in place of the one before") {
  const Zones zones;
  const auto domains = zones.snapshot.domains("zone");
  DomainSums sums(domains);
  sums.set(0, 2);
  sums.set(1, 3);
  sums.set(2, -4);
  sums.set(3, 7);
  CHECK(sums.of(domains->find("a")) == 5);
  CHECK(sums.of(domains->find("b")) == -4);
  CHECK(sums.of(Domains::none) == 0);
  CHECK(sums.total() == 1);
  sums.set(1, 0);
  CHECK(sums.of(*zones.snapshot.find("n0")->node) == 2);
  CHECK(sums.of(*zones.snapshot.find("n3")->node) == 0);
  CHECK(sums.total() == -2);
}

TEST_CASE("DomainSums: nodes without the label may count where they are told to") {
  const Zones zones("");
  const auto domains = zones.snapshot.domains("zone");
  DomainSums sums(domains, domains->find(""));
  sums.set(2, 1);
  sums.set(3, 1);
  CHECK(sums.of(domains->find("")) == 2);
}

TEST_CASE("DomainSums: a mark is the sum where a domain has one node, else the domain") {
  const Zones zones;
  DomainSums sums(zones.snapshot.domains("zone"));
  const auto before = marks(sums);
  CHECK(before[0] == before[1]);
  CHECK(before[2] != before[0]);
  CHECK(before[3] == Domains::none);
  sums.set(0, 1);
  CHECK(marks(sums) == before);
  std::set<std::int64_t> seen;
  for (const int sum : {0, -1, 1, -2, 2, 100, -100}) {
    sums.set(2, sum);
    CHECK(sums.mark(2) < Domains::none);
    CHECK(seen.insert(sums.mark(2)).second);
  }
}

TEST_CASE("KindTally: what kinds of Pods count for, as they come and go") {
  Zones zones;
  zones.add("p", "n0", "web");
  zones.add("q", "n0", "web");
  zones.add("r", "n2", "db");
  KindTally tally;
  const auto update = [&] {
    return tally.update(zones.snapshot, [](const PodKind& kind, const auto& add) {
      if (kind.labels->at("app") == "web") add({1, "zone", 10});
      if (kind.labels->at("app") == "new") add({1, "host", 1});
    });
  };
  CHECK(tally.is_empty(1));
  CHECK(update());
  REQUIRE(tally.find(1, "zone") != nullptr);
  CHECK(tally.find(2, "zone") == nullptr);
  CHECK(tally.find(1, "host") == nullptr);
  const auto in_a = [&] { return tally.find(1, "zone")->of(*zones.snapshot.find("n1")->node); };
  CHECK(in_a() == 20);
  CHECK_FALSE(tally.is_empty(1));
  CHECK(tally.is_empty(2));

  zones.cache.remove_pod("uid-q");
  zones.add("s", "n1", "web");
  zones.add("t", "n2", "web");
  CHECK_FALSE(update());
  CHECK(in_a() == 20);
  CHECK(tally.find(1, "zone")->total() == 30);
  zones.add("u", "n3", "new");
  CHECK(update());
  std::vector<std::string> keys;
  tally.each(1, [&](const std::string& key, const DomainSums&) { keys.push_back(key); });
  CHECK(keys == std::vector<std::string>{"zone", "host"});
  // No node has such a label.
  CHECK(tally.find(1, "host")->total() == 0);
}
