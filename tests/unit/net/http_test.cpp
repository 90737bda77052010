#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/net/http.hpp>

using namespace actimanager::net;

TEST_CASE("URLs are taken apart") {
  struct Row {
    const char* text;
    bool tls;
    const char *host, *port, *path;
  };
  const auto row =
      GENERATE(Row{"https://10.96.0.1:443", true, "10.96.0.1", "443", ""},
               Row{"http://localhost", false, "localhost", "80", ""},
               Row{"https://api.example/", true, "api.example", "443", ""},
               Row{"https://[fd00::1]:6443/k8s/clusters/c-1//", true, "fd00::1", "6443", "/k8s/clusters/c-1"},
               Row{"HTTPS://Host:6443/a%20b", true, "Host", "6443", "/a%20b"});
  CAPTURE(row.text);
  const auto url = Url::parse(row.text);
  REQUIRE(url);
  CHECK(url->tls == row.tls);
  CHECK(url->host == row.host);
  CHECK(url->port == row.port);
  CHECK(url->path == row.path);
}

TEST_CASE("what is no server's URL is refused") {
  const auto* text =
      GENERATE("", "localhost", "localhost:80", "ftp://host", "http://", "http://:80", "http://host:0",
               "http://host:99999", "http://host:port", "http://user:secret@host", "http://host?a=b",
               "http://host#a", "http://ho st", "http://[::1", "//host");
  CAPTURE(text);
  CHECK_FALSE(Url::parse(text));
}

TEST_CASE("everything that is not unreserved is percent-encoded") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("a/b c&d=%+") == "a%2Fb%20c%26d%3D%25%2B");
  CHECK(percent_encode("\xc3\xa4\n") == "%C3%A4%0A");
}

TEST_CASE("headers are found whatever their case, the first of a name") {
  Headers headers;
  headers.add("Retry-After", "1");
  headers.add("retry-after", "2");
  REQUIRE(headers.find("RETRY-AFTER") != nullptr);
  CHECK(*headers.find("RETRY-AFTER") == "1");
  CHECK(headers.find("Retry") == nullptr);
}
