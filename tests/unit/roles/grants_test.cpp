#include "grants.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>

using namespace actimanager;
using roles::Grants;

namespace {

using Store = kube::Store<api::PodCPUBinding>;
const Grants::Clock::time_point start{};

nlohmann::json object_named(const std::string& name) {
  return {{"metadata",
           {{"name", name}, {"namespace", "default"}, {"uid", name + "-uid"}, {"resourceVersion", "1"}}},
          {"spec", {{"podName", name}, {"cpuSet", {{{"cpuID", 1}}}}, {"exclusivenessLevel", "None"}}}};
}

binding::Verdict granted(const binding::BindingPointer& object, const std::string& pod_uid) {
  binding::Verdict verdict;
  verdict.binding = object;
  verdict.kind = binding::Verdict::Kind::admitted;
  verdict.grant =
      api::PodCPUBinding::Admitted{.generation = 1, .cpu_set = {1}, .exclusive_cpus = {}, .containers = {}};
  if (!pod_uid.empty()) {
    auto pod = std::make_shared<api::Pod>();
    pod->meta.uid = pod_uid;
    verdict.pod = pod;
  }
  return verdict;
}

}  // namespace

TEST_CASE("a grant counts, with its owner, before the API has it") {
  Store bound, unclaimed;
  REQUIRE(unclaimed.put(api::JsonDocument(object_named("a")).root()));
  Grants grants;
  const auto first = grants.current(bound, unclaimed, start);
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first[0]->status.admitted);
  grants.remember({granted(first[0], "pod-uid")});
  const auto second = grants.current(bound, unclaimed, start);
  REQUIRE(second[0]->status.admitted);
  CHECK(second[0]->status.admitted->cpu_set == CpuSet{1});
  CHECK(second[0]->owner_uid() == "pod-uid");
}

TEST_CASE("what is held for a Pod on its way is not a grant") {
  Store bound, unclaimed;
  REQUIRE(bound.put(api::JsonDocument(object_named("a")).root()));
  Grants grants;
  const auto first = grants.current(bound, unclaimed, start);
  grants.remember({granted(first[0], "")});
  CHECK_FALSE(grants.current(bound, unclaimed, start)[0]->status.admitted);
}

TEST_CASE("a grant that was not given again is forgotten") {
  Store bound, unclaimed;
  REQUIRE(bound.put(api::JsonDocument(object_named("a")).root()));
  Grants grants;
  const auto first = grants.current(bound, unclaimed, start);
  grants.remember({granted(first[0], "pod-uid")});
  grants.remember({});
  CHECK_FALSE(grants.current(bound, unclaimed, start)[0]->status.admitted);
}

TEST_CASE("a grant whose binding left the unclaimed holds until the other watch has had time to show it") {
  Store bound, unclaimed;
  REQUIRE(unclaimed.put(api::JsonDocument(object_named("a")).root()));
  Grants grants;
  const auto before = unclaimed.get("default/a");
  grants.remember({granted(before, "pod-uid")});
  unclaimed.erase("default/a");
  grants.left(before, start);
  const auto held = grants.current(bound, unclaimed, start);
  REQUIRE(held.size() == 1);
  CHECK(held[0]->status.admitted);
  const auto over = grants.next_over();
  CHECK((over > start && over <= start + std::chrono::seconds(2)));

  SECTION("it was deleted") {
    CHECK(grants.current(bound, unclaimed, over).empty());
    CHECK(grants.next_over() == Grants::Clock::time_point::max());
  }
  SECTION("it was labelled: what the watch of the bound ones has counts") {
    REQUIRE(bound.put(api::JsonDocument(object_named("a")).root()));
    CHECK(grants.current(bound, unclaimed, start).size() == 1);
    bound.erase("default/a");
    CHECK(grants.current(bound, unclaimed, start).empty());
  }
  SECTION("it was made anew: that is another one") {
    auto anew = object_named("a");
    anew["metadata"]["uid"] = "another";
    REQUIRE(unclaimed.put(api::JsonDocument(anew).root()));
    CHECK(grants.current(bound, unclaimed, start)[0]->meta.uid == "another");
    CHECK_FALSE(grants.current(bound, unclaimed, start)[0]->status.admitted);
  }
}

TEST_CASE("a binding that left without a grant leaves nothing") {
  Store bound, unclaimed;
  REQUIRE(unclaimed.put(api::JsonDocument(object_named("a")).root()));
  Grants grants;
  const auto before = unclaimed.get("default/a");
  unclaimed.erase("default/a");
  grants.left(before, start);
  CHECK(grants.current(bound, unclaimed, start).empty());
}

TEST_CASE("a binding that was just labelled is there while neither watch has it") {
  Store bound, unclaimed;
  Grants grants;
  auto object = api::decode<api::PodCPUBinding>(object_named("a"));
  REQUIRE(object);
  grants.claimed(*object, start);
  CHECK(grants.current(bound, unclaimed, start).size() == 1);

  SECTION("until the watch of the bound ones has it") {
    REQUIRE(bound.put(api::JsonDocument(object_named("a")).root()));
    CHECK(grants.current(bound, unclaimed, start).size() == 1);
    bound.erase("default/a");
    CHECK(grants.current(bound, unclaimed, start).empty());
  }
  SECTION("however long that watch is down, within reason: it may have been deleted meanwhile") {
    CHECK(grants.current(bound, unclaimed, start + std::chrono::seconds(170)).size() == 1);
    CHECK(grants.current(bound, unclaimed, start + std::chrono::seconds(190)).empty());
  }
  SECTION("until that watch has had it, if only between two looks") {
    REQUIRE(bound.put(api::JsonDocument(object_named("a")).root()));
    const auto seen = bound.get("default/a");
    bound.erase("default/a");
    grants.ended(seen, start);
    CHECK(grants.current(bound, unclaimed, start).empty());
  }
  SECTION("another of its name that ended is none of its business") {
    auto earlier = object_named("a");
    earlier["metadata"]["uid"] = "another";
    REQUIRE(bound.put(api::JsonDocument(earlier).root()));
    const auto seen = bound.get("default/a");
    bound.erase("default/a");
    grants.ended(seen, start);
    CHECK(grants.current(bound, unclaimed, start).size() == 1);
  }
}

TEST_CASE("an answer that comes after the watch has shown the end of its binding brings nothing back") {
  Store bound, unclaimed;
  Grants grants;
  const auto object = api::decode<api::PodCPUBinding>(object_named("a"));
  REQUIRE(object);
  grants.ended(std::make_shared<const api::PodCPUBinding>(*object), start);
  grants.claimed(*object, start);
  CHECK(grants.current(bound, unclaimed, start).empty());
  auto next = *object;
  next.meta.uid = "another";
  grants.claimed(next, start);
  CHECK(grants.current(bound, unclaimed, start).size() == 1);
}
