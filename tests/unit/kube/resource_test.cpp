#include <catch2/catch_test_macros.hpp>

#include <actimanager/kube/resource.hpp>

namespace actimanager::kube {
namespace {

TEST_CASE("ResourceRef: paths of core and group resources, collections, objects and subresources") {
  CHECK(resource<api::Pod>().path() == "/api/v1/pods");
  CHECK(resource<api::Pod>("default", "web", "status").path() ==
        "/api/v1/namespaces/default/pods/web/status");
  CHECK(resource<api::NodeCPUTopology>("", "n-cputopology").path() ==
        "/apis/cslab.ece.ntua.gr/v1alpha1/nodecputopologies/n-cputopology");
  CHECK(lease_resource("kube-system", "a").path() ==
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a");
}

TEST_CASE("ResourceRef: nothing in a name changes the path around it") {
  CHECK(resource<api::Pod>("a/b", "../secrets?x#y").path() ==
        "/api/v1/namespaces/a%2Fb/pods/..%2Fsecrets%3Fx%23y");
}

TEST_CASE("ResourceRef: described for people") {
  CHECK(resource<api::Pod>("default", "web", "status").describe() == "pods/status default/web");
  CHECK(resource<api::Node>("", "n").describe() == "nodes n");
}

}  // namespace
}  // namespace actimanager::kube
