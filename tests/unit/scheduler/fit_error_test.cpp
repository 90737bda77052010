#include "fit_error.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager::scheduler;

TEST_CASE("reasons are counted by node and sorted as text") {
  Reasons reasons;
  reasons.add(unschedulable("Insufficient cpu"), 10);
  reasons.add(Status{Code::unschedulable, {"Insufficient cpu", "Too many pods"}, {}});
  reasons.add("had something else", 2);
  reasons.add("had nothing at all", 0);
  CHECK(reasons.nodes() == 13);
  CHECK(fit_error(15, reasons) ==
        "0/15 nodes are available: 1 Too many pods, 11 Insufficient cpu, 2 had something else.");
}

TEST_CASE("where nobody gave a reason the sentence ends early, as kube-scheduler's does") {
  CHECK(fit_error(3, Reasons()) == "0/3 nodes are available:");
  CHECK(fit_error(3, unresolvable("no such claim")) == "0/3 nodes are available: no such claim.");
}
