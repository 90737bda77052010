#include <algorithm>

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
  return pod.spec->scheduling_gates.empty() ? Status{} : unresolvable("waiting for scheduling gates: [g]");
}

// Takes some actions for hope, whatever they are done to.
class HopefulPluginFake final : public Plugin {
 public:
  HopefulPluginFake(std::string name, Actions hopes) : name_(std::move(name)), hopes_(hopes) {}
  std::string_view name() const override { return name_; }
  Points points() const override { return static_cast<Points>(Point::filter); }
  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }
  bool hopes_for(Action action) const { return hopes_.contains(action); }

 private:
  std::string name_;
  Actions hopes_;
};
const HopefulPluginFake wants_nodes("WantsNodes", Action::add);
const HopefulPluginFake wants_room("WantsRoom", Action::add | Action::remove);
const HopefulPluginFake wants_edits("WantsEdits", Action::pod_tolerations | Action::pod_labels);
const HopefulPluginFake wants_nothing("WantsNothing", Action::update);

Hopeful about(const ClusterEvent& event) {
  if (event.action == Action::node_labels) return nullptr;  // nobody asks for these
  return [action = event.action](
             const api::Pod&, const std::vector<const Plugin*>& plugins) -> std::optional<std::string_view> {
    for (const auto* plugin : plugins) {
      if (static_cast<const HopefulPluginFake*>(plugin)->hopes_for(action)) return plugin->name();
    }
    return std::nullopt;
  };
}

ClusterEvent event(Action action) {
  return {action, Change<api::Node>{make_node("n"), make_node("n")}};
}

struct Queue {
  SchedulingQueue queue{QueueOptions{}, gate, about};
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
  void park(std::vector<const Plugin*> rejected_by) { queue.park(*last, std::move(rejected_by), now); }
  void move(Action action) { queue.move(event(action), now); }
  std::optional<QueuedPod> last;
};

template <class Edit>
std::shared_ptr<api::Pod> edited(const std::shared_ptr<api::Pod>& pod, Edit edit) {
  auto copy = std::make_shared<api::Pod>(*pod);
  edit(*copy);
  return copy;
}

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
  for (const bool refused : {false, true}) {
    Queue q;
    q.add("p");
    for (const auto wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
      REQUIRE(q.pop() == "p");
      if (refused) {
        q.park({&wants_nodes});
        q.move(Action::add);
      } else {
        q.queue.retry(*q.last, q.now);
      }
      CHECK(q.queue.lengths().backoff == 1);
      CHECK(q.queue.next_wakeup() == q.now + wait);
      q.now += wait - 1ms;
      CHECK(q.pop().empty());
      q.now += 1ms;
    }
    REQUIRE(q.pop() == "p");
    CHECK(q.last->attempts == 7);
  }
}

TEST_CASE("errors have a backoff of their own, which ends with them") {
  Queue q;
  q.add("p");
  const auto again_after = [&](std::chrono::seconds wait) {
    CHECK(q.queue.next_wakeup() == q.now + wait);
    q.now += wait;
    REQUIRE(q.pop() == "p");
  };
  const auto refuse = [&] {
    q.park({&wants_nodes});
    q.move(Action::add);
  };
  REQUIRE(q.pop() == "p");
  for (const auto wait : {1s, 2s, 4s}) {
    refuse();
    again_after(wait);
  }
  q.queue.retry(*q.last, q.now);
  again_after(1s);
  q.queue.retry(*q.last, q.now);
  again_after(2s);
  refuse();  // for the fourth time
  again_after(8s);
}

TEST_CASE("a refused Pod waits for what may help, and for its backoff") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.park({&wants_nothing, &wants_room});
  CHECK(q.queue.lengths().unschedulable == 1);

  q.move(Action::node_labels);
  q.move(Action::node_taints);
  CHECK(q.queue.lengths().unschedulable == 1);
  q.move(Action::remove);
  CHECK(q.queue.lengths().backoff == 1);
  CHECK(q.pop().empty());
  q.now += 1s;
  CHECK(q.pop() == "p");
  CHECK(q.last->rejected_by.empty());

  // Its backoff is over when the event comes: tried at once.
  q.park({&wants_nodes});
  q.now += 1min;
  q.move(Action::remove);
  CHECK(q.pop().empty());
  q.move(Action::add);
  CHECK(q.pop() == "p");
}

TEST_CASE("Pods of one kind that the same plugins refused are asked as one, and woken together") {
  int asked = 0;
  std::vector<std::string> observed;
  SchedulingQueue queue(
      QueueOptions{}, gate,
      [&](const ClusterEvent& event) -> Hopeful {
        return [&asked, hopeful = about(event)](const auto& pod, const auto& plugins) {
          ++asked;
          return hopeful(pod, plugins);
        };
      },
      [&](const api::Pod& pod, const ClusterEvent& event, std::string_view plugin) {
        observed.push_back(pod.meta.name + " " + to_string(event) + " " + std::string(plugin));
      });
  struct Row {
    const char *name, *kind;
    const Plugin* rejected_by;
  };
  const Row rows[] = {{"a", "small", &wants_room},
                      {"b", "small", &wants_room},
                      {"c", "small", &wants_nodes},
                      {"d", "", &wants_room},
                      {"e", "", &wants_room}};
  for (const auto& row : rows) queue.add(std::make_shared<api::Pod>(make_pod(row.name)), start);
  for (const auto& row : rows) queue.park(*queue.pop(start), {row.rejected_by}, start, row.kind);
  queue.remove("uid-e");
  queue.move(event(Action::remove), start);
  CHECK(asked == 3);
  std::ranges::sort(observed);
  CHECK(observed == std::vector<std::string>{"a NodeDelete WantsRoom", "b NodeDelete WantsRoom",
                                             "d NodeDelete WantsRoom"});
  CHECK(queue.lengths().unschedulable == 1);
}

TEST_CASE("an edited Pod is asked on its own: it may hope for what others of its kind do not") {
  int asked = 0;
  const auto for_labelled = [&](const ClusterEvent&) -> Hopeful {
    return [&](const api::Pod& pod, const auto&) -> std::optional<std::string_view> {
      ++asked;
      return pod.meta.labels->empty() ? std::nullopt : std::optional<std::string_view>("WantsRoom");
    };
  };
  // Edits that give no hope at once.
  SchedulingQueue queue(QueueOptions{}, gate, [&](const ClusterEvent& event) -> Hopeful {
    return event.action == Action::remove ? for_labelled(event) : nullptr;
  });
  const auto label = [](api::Pod& pod) { pod.meta.labels->emplace("k", "v"); };
  std::vector<QueuedPod> popped;
  for (const char* name : {"a", "b", "c", "d", "e"})
    queue.add(std::make_shared<api::Pod>(make_pod(name)), start);
  while (auto pod = queue.pop(start)) popped.push_back(*pod);
  // A status is no edit.
  const auto refused = [](api::Pod& pod) { pod.conditions->push_back({.type = "PodScheduled"}); };
  queue.update(edited(std::make_shared<api::Pod>(*popped[3].pod), refused), start);
  // While being tried.
  queue.update(edited(std::make_shared<api::Pod>(*popped[1].pod), label), start);
  for (const auto& pod : popped) queue.park(pod, {&wants_room}, start, "small");
  // While it waits.
  queue.update(edited(std::make_shared<api::Pod>(*popped[2].pod), label), start);
  queue.update(edited(std::make_shared<api::Pod>(*popped[4].pod), refused), start);
  REQUIRE(queue.lengths().unschedulable == 5);
  queue.move(event(Action::remove), start);
  CHECK(queue.lengths().unschedulable == 3);
  CHECK(asked == 3);
  CHECK(queue.find("uid-a")->since == start);
  queue.tick(start + 5min);
  CHECK(queue.lengths().unschedulable == 0);
}

TEST_CASE("after five minutes a refused Pod is tried again whatever happened") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  q.park({&wants_nothing});
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
  q.move(Action::node_taints);
  q.move(Action::add);
  q.park({&wants_nodes});
  CHECK(q.queue.lengths().backoff == 1);
  q.now += 1s;
  REQUIRE(q.pop() == "p");
  q.move(Action::node_taints);
  q.park({&wants_nodes});
  CHECK(q.queue.lengths().unschedulable == 1);
}

TEST_CASE("of several Pods that are being tried, each has missed what came after it") {
  Queue q;
  for (const auto* name : {"a", "b", "c"}) q.add(name);
  REQUIRE(q.pop() == "a");
  const auto a = *q.last;
  q.move(Action::add);
  REQUIRE(q.pop() == "b");
  const auto b = *q.last;
  REQUIRE(q.pop() == "c");
  const auto c = *q.last;
  q.move(Action::remove);
  // The first to be done does not take away what the others have not seen.
  q.queue.park(c, {&wants_nodes}, q.now);
  CHECK(q.queue.lengths().unschedulable == 1);
  q.queue.park(a, {&wants_nodes}, q.now);
  CHECK(q.queue.lengths().backoff == 1);
  q.queue.park(b, {&wants_nodes}, q.now);
  CHECK(q.queue.lengths().unschedulable == 2);
  // What is over is forgotten.
  q.now += 1s;
  REQUIRE(q.pop() == "a");
  q.park({&wants_room});
  CHECK(q.queue.lengths().unschedulable == 3);
}

TEST_CASE("a Pod that was being tried for longer than events are kept is tried again") {
  Queue q;
  q.add("p");
  REQUIRE(q.pop() == "p");
  const auto forever = *q.last;
  q.add("q");
  for (std::size_t i = 0; i < SchedulingQueue::max_missed; ++i) q.move(Action::node_taints);
  REQUIRE(q.pop() == "q");
  q.move(Action::node_taints);
  q.park({&wants_nodes});
  CHECK(q.queue.lengths().unschedulable == 1);
  q.queue.park(forever, {&wants_nodes}, q.now);
  CHECK(q.queue.lengths().backoff == 1);
}

TEST_CASE("a gated Pod waits for its own update alone") {
  Queue q;
  auto gated = std::make_shared<api::Pod>(make_pod("p"));
  gated->spec->scheduling_gates = {"g"};
  q.queue.add(gated, q.now);
  CHECK(q.queue.lengths().gated == 1);
  CHECK(q.queue.find("uid-p")->gated_by == "waiting for scheduling gates: [g]");
  CHECK_FALSE(q.queue.next_wakeup());
  q.move(Action::add);
  q.move(Action::remove);
  q.now += 1h;
  CHECK(q.pop().empty());
  q.queue.update(std::make_shared<api::Pod>(make_pod("p")), q.now);
  CHECK(q.pop() == "p");
}

TEST_CASE("an edit wakes a refused Pod if a plugin that refused it takes it for hope") {
  struct Row {
    const char* what;
    void (*edit)(api::Pod&);
    bool wakes;
  };
  const Row rows[] = {
      {"nothing", [](api::Pod&) {}, false},
      {"a condition", [](api::Pod& p) { p.conditions->push_back({.type = "PodScheduled"}); }, false},
      {"the resource version", [](api::Pod& p) { p.meta.resource_version = "9"; }, false},
      {"a toleration", [](api::Pod& p) { p.spec->tolerations.push_back({.key = "k"}); }, true},
      {"a label", [](api::Pod& p) { p.meta.labels->emplace("k", "v"); }, true},
      {"an annotation", [](api::Pod& p) { p.meta.annotations->emplace("k", "v"); }, false},
      {"an annotation and a label",
       [](api::Pod& p) {
         p.meta.annotations->emplace("k", "v");
         p.meta.labels->emplace("k", "v");
       },
       true},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Queue q;
    const auto pod = q.add("p");
    REQUIRE(q.pop() == "p");
    q.park({&wants_edits});
    q.now += 1min;
    const auto after = edited(pod, row.edit);
    q.queue.update(after, q.now);
    CHECK(q.queue.lengths().active == (row.wakes ? 1U : 0U));
    CHECK(q.queue.find("uid-p")->pod == after);
  }
}

TEST_CASE("an edit while being tried counts when the Pod is refused") {
  for (const auto* plugin : {&wants_edits, &wants_nodes}) {
    Queue q;
    const auto pod = q.add("p");
    REQUIRE(q.pop() == "p");
    const auto after = edited(pod, [](api::Pod& p) { p.spec->tolerations.push_back({.key = "k"}); });
    q.queue.update(after, q.now);
    q.park({plugin});
    CHECK(q.queue.lengths().backoff == (plugin == &wants_edits ? 1U : 0U));
    CHECK(q.queue.find("uid-p")->pod == after);
  }
}

TEST_CASE("a Pod that is removed is gone from every part") {
  Queue q;
  for (const auto* name : {"active", "tried", "refused", "failed"}) q.add(name);
  REQUIRE(q.pop() == "active");
  q.queue.retry(*q.last, q.now);  // now in backoff
  REQUIRE(q.pop() == "tried");
  const auto tried = *q.last;
  REQUIRE(q.pop() == "refused");
  q.park({&wants_nodes});
  for (const auto* name : {"active", "tried", "refused", "failed", "unknown"}) {
    q.queue.remove(std::string("uid-") + name);
  }
  q.queue.park(tried, {&wants_nodes}, q.now);
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
