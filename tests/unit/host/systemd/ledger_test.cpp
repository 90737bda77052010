#include "systemd/ledger.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;
using namespace actimanager::host::systemd;

namespace {

const std::string top = "/sys/fs/cgroup";

Unit unit(const std::string& name, const CpuSet& cpus, const NumaSet& mems = {}) {
  return {top + "/" + name, {cpus, mems}};
}
Call ask(const std::string& name) {
  return {.unit = name};
}

// One Pod with one unit that is asked, and has `has`.
Ledger asked(const Allowed& wants, const Allowed& has) {
  Ledger ledger;
  ledger.want("a", {{"a.slice", {top + "/a.slice", wants}}}, false);
  REQUIRE(ledger.next() == ask("a.slice"));
  ledger.found("a.slice", "/a.slice", has);
  return ledger;
}

}  // namespace

TEST_CASE("Ledger: a unit is asked first, then told what differs, then left alone") {
  auto ledger = asked({{1, 2}, {0}}, {{1}, {0}});
  const Call call{.unit = "a.slice", .cpus = CpuSet{1, 2}};
  CHECK(ledger.next() == call);
  CHECK(ledger.next() == call);  // until it is answered
  ledger.told(call);
  CHECK(ledger.next() == std::nullopt);
  ledger.retry();
  ledger.want("a", {{"a.slice", unit("a.slice", {1, 2}, {0})}}, true);
  CHECK(ledger.next() == std::nullopt);
}

TEST_CASE("Ledger: what an earlier agent has told is not told again") {
  CHECK(asked({{1}, {0}}, {{1}, {0}}).next() == std::nullopt);
}

TEST_CASE("Ledger: a changed set is told at once, one that is not wanted any more is taken back") {
  auto ledger = asked({{1}, {0}}, {{1}, {0}});
  ledger.want("a", {{"a.slice", unit("a.slice", {2}, {0})}}, true);
  CHECK(ledger.next() == Call{.unit = "a.slice", .cpus = CpuSet{2}});
  ledger.told(*ledger.next());
  ledger.want("a", {{"a.slice", unit("a.slice", {})}}, true);
  CHECK(ledger.next() == Call{.unit = "a.slice", .cpus = CpuSet{}, .mems = NumaSet{}});
}

TEST_CASE(
    "Ledger: of new Pods in the shared pool nothing is asked and nothing told, of old ones it is asked") {
  Ledger ledger;
  ledger.want("new", {{"new.slice", unit("new.slice", {})}}, true);
  CHECK(ledger.next() == std::nullopt);
  ledger.want("old", {{"old.slice", unit("old.slice", {})}}, false);
  CHECK(ledger.next() == ask("old.slice"));
}

TEST_CASE("Ledger: a new Pod that is pinned is asked, too, unless one beside it is known to be systemd's") {
  Ledger ledger;
  ledger.want("new", {{"new.slice", unit("new.slice", {1})}}, true);
  CHECK(ledger.next() == ask("new.slice"));
  ledger.found("new.slice", "/new.slice", {{1}, {}});
  ledger.want("b", {{"b.slice", unit("b.slice", {2})}}, true);
  CHECK(ledger.next() == Call{.unit = "b.slice", .cpus = CpuSet{2}});
  ledger.told(*ledger.next());
  CHECK(ledger.next() == std::nullopt);
  ledger.want("c", {{"c.slice", {"/elsewhere/c.slice", {{3}, {}, {}}}}}, true);
  CHECK(ledger.next() == ask("c.slice"));
  ledger.absent("c.slice");
  // Nothing is taken for granted of one that failed, or that was there before.
  ledger.want("d", {{"d.slice", unit("d.slice", {4})}}, true);
  ledger.failed("d.slice");
  ledger.retry();
  CHECK(ledger.next() == ask("d.slice"));
  ledger.absent("d.slice");
  ledger.want("old", {{"old.slice", unit("old.slice", {5})}}, false);
  CHECK(ledger.next() == ask("old.slice"));
}

TEST_CASE("Ledger: what may wait comes after all else, and not where only the urgent is asked for") {
  using enum Ledger::Which;
  auto ledger = asked({{1}, {}}, {{1}, {}});
  // It was pinned: that is over at once, also where it changes before it is told.
  for (const CpuSet& pool : {CpuSet{1, 2}, CpuSet{1, 2, 3}}) {
    ledger.want("a", {{"a.slice", unit("a.slice", pool)}}, true, true);
    CHECK(ledger.next(urgent) == Call{.unit = "a.slice", .cpus = pool});
  }
  ledger.told(*ledger.next());
  ledger.want("a", {{"a.slice", unit("a.slice", {2})}}, true, true);
  CHECK(ledger.next(urgent) == std::nullopt);
  CHECK(ledger.next() == Call{.unit = "a.slice", .cpus = CpuSet{2}});
  CHECK_FALSE(ledger.settled("a"));
  ledger.want("b", {{"b.slice", unit("b.slice", {3})}}, true, true);  // a new one does not wait
  CHECK(ledger.next(urgent) == Call{.unit = "b.slice", .cpus = CpuSet{3}});
  CHECK(ledger.next() == ledger.next(urgent));
  ledger.told(*ledger.next());
  CHECK(ledger.next(urgent) == std::nullopt);
  ledger.want("a", {{"a.slice", unit("a.slice", {4})}}, true);  // it is pinned
  CHECK(ledger.next(urgent) == Call{.unit = "a.slice", .cpus = CpuSet{4}});
}

TEST_CASE("Ledger: a unit that is not the cgroup we mean, or none of systemd's, is left alone for good") {
  for (const char* group : {"", "/elsewhere/b.slice"}) {
    Ledger ledger;
    ledger.want("a", {{"a.slice", unit("a.slice", {1})}}, false);
    ledger.found("a.slice", group, {});
    ledger.retry();
    CHECK(ledger.next() == std::nullopt);
  }
  Ledger ledger;
  ledger.want("a", {{"a.slice", unit("a.slice", {1})}}, false);
  ledger.absent("a.slice");
  ledger.retry();
  CHECK(ledger.next() == std::nullopt);
}

TEST_CASE("Ledger: one that failed waits for the next look and is asked again, the others go on") {
  auto ledger = asked({{1}, {}}, {});
  ledger.want("b", {{"b.slice", unit("b.slice", {2})}}, false);
  ledger.failed("a.slice");
  CHECK(ledger.next() == ask("b.slice"));
  ledger.all_failed();
  CHECK(ledger.next() == std::nullopt);
  ledger.retry();
  CHECK(ledger.next() == ask("a.slice"));
}

TEST_CASE("Ledger: when somebody else has moved a Pod, its units are asked, also while one is being told") {
  auto ledger = asked({{1}, {}}, {});
  const auto call = *ledger.next();
  ledger.doubt("a");
  ledger.told(call);
  CHECK(ledger.next() == ask("a.slice"));
  ledger.found("a.slice", "/a.slice", {{7}, {}});
  CHECK(ledger.next() == Call{.unit = "a.slice", .cpus = CpuSet{1}});
}

TEST_CASE("Ledger: a quota is told where one is wanted, and is settled when systemd has answered once more") {
  auto ledger = asked({{1}, {}, 7}, {{1}, {}, 5});
  const Call call{.unit = "a.slice", .quota = 7};
  CHECK_FALSE(ledger.settled("a"));
  CHECK(ledger.next() == call);
  ledger.told(call);
  CHECK_FALSE(ledger.settled("a"));
  CHECK(ledger.next() == ask("a.slice"));
  ledger.found("a.slice", "/a.slice", {{1}, {}, 7});
  CHECK(ledger.settled("a"));
  CHECK(ledger.settled("nobody"));
  // Whatever it has, where none is wanted.
  ledger.want("a", {{"a.slice", unit("a.slice", {1})}}, false);
  CHECK(ledger.settled("a"));
}

TEST_CASE("Ledger: what has failed is not settled, what is not systemd's is") {
  auto ledger = asked({{1}, {}}, {});
  ledger.failed("a.slice");
  CHECK_FALSE(ledger.settled("a"));
  ledger.absent("a.slice");
  CHECK(ledger.settled("a"));
}

TEST_CASE("Ledger: Pods and containers that are gone are not spoken of") {
  Ledger ledger;
  ledger.want("a", {{"a.slice", unit("a.slice", {1})}, {"c.scope", unit("c.scope", {1})}}, false);
  ledger.absent("a.slice");
  CHECK(ledger.next() == ask("c.scope"));
  ledger.want("a", {{"a.slice", unit("a.slice", {1})}}, false);
  CHECK(ledger.next() == std::nullopt);  // and what is known of the others is kept
  ledger.forget("a");
  ledger.found("a.slice", "/a.slice", {});
  ledger.retry();
  CHECK(ledger.next() == std::nullopt);
}
