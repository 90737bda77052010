#include <catch2/catch_test_macros.hpp>

#include <actimanager/core/error.hpp>

using namespace actimanager;

TEST_CASE("Error gains context outside and keeps its code") {
  const Error inner{make_error_code(std::errc::device_or_resource_busy), "write cpuset.cpus"};
  const Error outer = inner.wrap("container c1").wrap("pod default/web");
  CHECK(outer.code == std::errc::device_or_resource_busy);
  CHECK(outer.message() == "pod default/web: container c1: write cpuset.cpus: Device or resource busy");
}

TEST_CASE("an invalid input speaks for itself") {
  CHECK(Error{Errc::invalid_argument, "spec.cpuSet: empty"}.message() == "spec.cpuSet: empty");
  CHECK(Error{Errc::not_found, ""}.message() == "not found");
}

TEST_CASE("value_or_throw carries the cause to the role boundary") {
  CHECK(value_or_throw(Result<int>(4)) == 4);
  try {
    value_or_throw(Result<void>(fail(Errc::conflict, "lease")));
    FAIL("nothing was thrown");
  } catch (const Failure& failure) {
    CHECK(failure.error().code == Errc::conflict);
    CHECK(failure.error().context == "lease");
  }
}
