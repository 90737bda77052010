#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/queue.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using namespace std::chrono_literals;

namespace {

const TimePoint start{1000h};

Status gate(const api::Pod& pod) {
  return pod.scheduling_gates.empty() ? Status{} : unresolvable("waiting for scheduling gates: [g]");
}

struct Queue {
  SchedulingQueue queue{QueueOptions{}, gate};
  TimePoint now = start;

  std::shared_ptr<api::Pod> add(const std::string& name, int priority = 0) {
    auto pod = std::make_shared<api::Pod>(make_pod(name));
    pod->priority = priority;
    queue.add(pod, now);
    return pod;
  }
  std::string pop() {
    last = queue.pop(now);
    return last ? last->pod->meta.name : "";
  }
  std::optional<QueuedPod> last;
};

}  // namespace

TEST_CASE("Pods leave by priority, then by age, then by arrival") {
  Queue q;
  q.add("old-low");
  q.now += 1s;
  q.add("high", 10);
  q.add("high-too", 10);
  q.add("negative", -5);
  q.now += 1s;
  q.add("young-low");
  for (const auto* name : {"high", "high-too", "old-low", "young-low", "negative", ""})
    CHECK(q.pop() == name);
  CHECK(q.queue.lengths().in_flight == 5);
}

TEST_CASE("backoff doubles from one second to ten") {
  Queue q;
  q.add("p");
  for (const auto wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    REQUIRE(q.pop() == "p");
    q.queue.retry(*q.last, q.now);
    CHECK(q.queue.lengths().backoff == 1);
    CHECK(q.queue.next_wakeup() == q.now + wait);
    q.now += wait - 1ms;
    CHECK(q.pop().empty());
    q.now += 1ms;
  }
  REQUIRE(q.pop() == "p");
  CHECK(q.last->attempts == 7);
}

TEST_CASE("a refused Pod waits for what may help, and for its backoff") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.queue.park(*q.last, Event::node_added | Event::pod_removed, q.now);
  CHECK(q.queue.lengths().unschedulable == 1);

  q.queue.move(Event::node_labels, q.now);
  CHECK(q.queue.lengths().unschedulable == 1);
  q.queue.move(Event::pod_removed, q.now);
  CHECK(q.queue.lengths().backoff == 1);
  CHECK(q.pop().empty());
  q.now += 1s;
  CHECK(q.pop() == "p");

  // Its backoff is over when the event comes: tried at once.
  q.queue.park(*q.last, Event::node_added, q.now);
  q.now += 1min;
  q.queue.move(Event::node_added, q.now);
  CHECK(q.pop() == "p");
}

TEST_CASE("after five minutes a refused Pod is tried again whatever happened") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.queue.park(*q.last, {}, q.now);
  CHECK(q.queue.next_wakeup() == q.now + 5min);
  q.now += 5min - 1ms;
  CHECK(q.pop().empty());
  q.now += 1ms;
  CHECK(q.pop() == "p");
}

TEST_CASE("what happens while a Pod is being tried is not missed") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.queue.move(Event::node_added, q.now);
  q.queue.park(*q.last, Event::node_added, q.now);
  CHECK(q.queue.lengths().backoff == 1);
  q.now += 1s;
  REQUIRE(q.pop() == "p");
  q.queue.move(Event::node_labels, q.now);
  q.queue.park(*q.last, Event::node_added, q.now);
  CHECK(q.queue.lengths().unschedulable == 1);
}

TEST_CASE("a gated Pod waits for its own update alone") {
  Queue q;
  auto gated = std::make_shared<api::Pod>(make_pod("p"));
  gated->scheduling_gates = {"g"};
  q.queue.add(gated, q.now);
  CHECK(q.queue.lengths().gated == 1);
  CHECK(q.queue.find("uid-p")->gated_by == "waiting for scheduling gates: [g]");
  CHECK_FALSE(q.queue.next_wakeup());
  q.queue.move(Event::node_added | Event::pod_removed, q.now);
  q.now += 1h;
  CHECK(q.pop().empty());
  q.queue.update(std::make_shared<api::Pod>(make_pod("p")), q.now);
  CHECK(q.pop() == "p");
}

TEST_CASE("an edit wakes a refused Pod if it may matter") {
  struct Row {
    const char* what;
    void (*edit)(api::Pod&);
    bool wakes;
  };
  const Row rows[] = {
      {"nothing", [](api::Pod&) {}, false},
      {"a condition", [](api::Pod& p) { p.conditions.push_back({.type = "PodScheduled"}); }, false},
      {"the resource version", [](api::Pod& p) { p.meta.resource_version = "9"; }, false},
      {"a toleration", [](api::Pod& p) { p.tolerations.push_back({.key = "k"}); }, true},
      {"a label", [](api::Pod& p) { p.meta.labels.emplace("k", "v"); }, true},
      {"an annotation", [](api::Pod& p) { p.meta.annotations.emplace("k", "v"); }, true},
      {"its node selector", [](api::Pod& p) { p.node_selector.emplace("k", "v"); }, true},
      {"its affinity", [](api::Pod& p) { p.node_affinity.required.emplace(); }, true},
      {"its requests", [](api::Pod& p) { p.containers[0].requests = resources({{"cpu", "1"}}); }, true},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Queue q;
    const auto pod = q.add("p");
    REQUIRE(q.pop() == "p");
    q.queue.park(*q.last, Event::node_added, q.now);
    q.now += 1min;
    auto edited = std::make_shared<api::Pod>(*pod);
    row.edit(*edited);
    q.queue.update(edited, q.now);
    CHECK(q.queue.lengths().active == (row.wakes ? 1U : 0U));
    CHECK(q.queue.find("uid-p")->pod == edited);
  }
}

TEST_CASE("an edit while being tried counts when the Pod is refused") {
  Queue q;
  const auto pod = q.add("p");
  REQUIRE(q.pop() == "p");
  auto edited = std::make_shared<api::Pod>(*pod);
  edited->tolerations.push_back({.key = "k"});
  q.queue.update(edited, q.now);
  q.queue.park(*q.last, {}, q.now);
  CHECK(q.queue.lengths().backoff == 1);
  q.now += 1s;
  REQUIRE(q.pop() == "p");
  CHECK(q.last->pod == edited);
}

TEST_CASE("a Pod that is removed is gone from every part") {
  Queue q;
  for (const auto* name : {"active", "tried", "refused", "failed"}) q.add(name);
  REQUIRE(q.pop() == "active");
  q.queue.retry(*q.last, q.now);  // now in backoff
  REQUIRE(q.pop() == "tried");
  const auto tried = *q.last;
  REQUIRE(q.pop() == "refused");
  q.queue.park(*q.last, Event::node_added, q.now);
  for (const auto* name : {"active", "tried", "refused", "failed", "unknown"}) {
    q.queue.remove(std::string("uid-") + name);
  }
  q.queue.park(tried, Event::node_added, q.now);
  q.queue.retry(tried, q.now);
  q.queue.done("uid-tried");
  const auto lengths = q.queue.lengths();
  CHECK(lengths.active + lengths.backoff + lengths.unschedulable + lengths.gated + lengths.in_flight == 0);
  CHECK_FALSE(q.queue.next_wakeup());
  CHECK(q.pop().empty());
}

TEST_CASE("done ends it, and the same Pod may come back") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.queue.done("uid-p");
  CHECK(q.queue.find("uid-p") == nullptr);
  q.add("p");
  REQUIRE(q.pop() == "p");
  CHECK(q.last->attempts == 1);
}

TEST_CASE("adding a Pod twice is an update; a raised priority moves it ahead") {
  Queue q;
  q.add("a");
  q.add("b");
  q.add("b", 7);
  CHECK(q.queue.lengths().active == 2);
  CHECK(q.pop() == "b");
  CHECK(q.pop() == "a");
}
