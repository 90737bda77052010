#include <string>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/kube/errors.hpp>

namespace actimanager::kube {
namespace {

TEST_CASE("api_error: the status decides, the reason tells the two meanings of 409 apart") {
  struct Row {
    int status;
    const char* body;
    ApiErrc code;
  };
  for (const auto& [status, body, code] : {
           Row{400, "", ApiErrc::bad_request},
           Row{401, "{}", ApiErrc::unauthorized},
           Row{403, "[]", ApiErrc::forbidden},
           Row{404, "null", ApiErrc::not_found},
           Row{409, R"({"reason":"AlreadyExists"})", ApiErrc::already_exists},
           Row{409, R"({"reason":"Conflict"})", ApiErrc::conflict},
           Row{409, "not json", ApiErrc::conflict},
           Row{410, R"({"reason":7})", ApiErrc::gone},
           Row{422, "", ApiErrc::invalid},
           Row{429, "", ApiErrc::too_many_requests},
           Row{500, "", ApiErrc::server_error},
           Row{503, "", ApiErrc::server_error},
           Row{418, "", ApiErrc::unexpected},
       }) {
    CAPTURE(status, body);
    CHECK(api_error(status, body, "get pods a/b").code == code);
  }
}

TEST_CASE("api_error: the server's message is in the context, shortened if it is very long") {
  CHECK(api_error(403, R"({"message":"pods is forbidden"})", "list pods").context ==
        "list pods: pods is forbidden");
  CHECK(api_error(502, "<html>", "list pods").context == "list pods: HTTP status 502");
  const auto text = R"({"message":")" + std::string(100000, 'x') + R"("})";
  CHECK(api_error(500, text, "get").context.size() < 2000);
}

TEST_CASE("is_transient: the server's and the network's faults are") {
  CHECK(is_transient({Errc::unavailable, ""}));
  CHECK(is_transient({ApiErrc::too_many_requests, ""}));
  CHECK(is_transient({ApiErrc::server_error, ""}));
  CHECK_FALSE(is_transient({ApiErrc::conflict, ""}));
  CHECK_FALSE(is_transient({ApiErrc::forbidden, ""}));
}

}  // namespace
}  // namespace actimanager::kube
