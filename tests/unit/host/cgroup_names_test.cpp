#include <string>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cgroup_names.hpp>

using namespace actimanager::host;

namespace {

const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string uid = "6f1a2b3c-0000-4111-8222-333344445555";
const std::string escaped_uid = "6f1a2b3c_0000_4111_8222_333344445555";

}  // namespace

TEST_CASE("kubepods directories are known in both drivers' spelling, nested ones too") {
  CHECK(is_kubepods("kubepods"));
  CHECK(is_kubepods("kubepods.slice"));
  CHECK(is_kubepods("kubelet-kubepods.slice"));
  CHECK(is_kubepods("a-b-kubepods.slice"));
  for (const char* other : {"", "kubepods2", "mykubepods", "mykubepods.slice", "kubepods-burstable.slice",
                            ".slice", "system.slice", "kubelet-kubepods", "kubepods.scope"})
    CHECK_FALSE(is_kubepods(other));
}

TEST_CASE("QoS levels are known in both drivers' spelling") {
  for (const char* level : {"burstable", "besteffort", "kubepods-burstable.slice",
                            "kubepods-besteffort.slice", "kubelet-kubepods-burstable.slice"})
    CHECK(is_qos_class(level));
  for (const char* other : {"", "guaranteed", "burstable.slice", "-burstable.slice", "system-burstable.slice",
                            "kubepods-burstable", "kubepods.slice"})
    CHECK_FALSE(is_qos_class(other));
}

TEST_CASE("a Pod's directory gives the UID as the API writes it") {
  CHECK(parse_pod_name("pod" + uid)->uid == uid);
  CHECK(parse_pod_name("pod" + uid)->driver == CgroupDriver::cgroupfs);
  for (const char* stem : {"kubepods", "kubepods-burstable", "kubepods-besteffort",
                           "kubelet-kubepods-burstable", "a-b-kubepods"}) {
    auto name = parse_pod_name(std::string(stem) + "-pod" + escaped_uid + ".slice");
    REQUIRE(name);
    CHECK(name->uid == uid);
    CHECK(name->driver == CgroupDriver::systemd);
  }
  // A static Pod's UID is the hash of its configuration.
  CHECK(parse_pod_name("pod0f9e8d7c6b5a40302010ffeeddccbbaa")->uid == "0f9e8d7c6b5a40302010ffeeddccbbaa");
}

TEST_CASE("what is no Pod's directory is not taken for one") {
  for (const char* other :
       {"", "pod", "po", "kubepods-pod.slice", "-podabc.slice", "system-podabc.slice", "podabc.slice",
        "kubepods-guaranteed-podabc.slice", "xpodabc", "pod a", "pod\n", "kubepods-burstable.slice"})
    CHECK_FALSE(parse_pod_name(other));
  CHECK_FALSE(parse_pod_name("pod" + std::string(300, 'a')));
}

TEST_CASE("containers are known by their id behind any runtime's prefix") {
  for (const char* prefix : {"", "crio-"}) CHECK(parse_container_name(prefix + id) == id);
  for (const char* prefix : {"cri-containerd-", "crio-", "docker-", "nerdctl-", ""})
    CHECK(parse_container_name(prefix + id + ".scope") == id);
}

TEST_CASE("what is no container is not taken for one") {
  CHECK_FALSE(parse_container_name("crio-conmon-" + id + ".scope"));
  CHECK_FALSE(parse_container_name("crio-conmon-" + id));
  CHECK_FALSE(parse_container_name(""));
  CHECK_FALSE(parse_container_name("container"));
  CHECK_FALSE(parse_container_name(id.substr(1)));
  CHECK_FALSE(parse_container_name("0" + id));
  CHECK_FALSE(parse_container_name("-" + id));
  CHECK_FALSE(parse_container_name("docker-" + id + ".slice"));
  std::string upper = id;
  upper.back() = 'F';
  CHECK_FALSE(parse_container_name(upper));
}
