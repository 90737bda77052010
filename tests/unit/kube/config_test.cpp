#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/kube/config.hpp>

namespace actimanager::kube {
namespace {

namespace fs = std::filesystem;

struct Directory {
  fs::path path = [] {
    auto name = (fs::temp_directory_path() / "kube-config-XXXXXX").string();
    return fs::path(::mkdtemp(name.data()));
  }();
  ~Directory() { fs::remove_all(path); }
  void write(const char* name, const char* text) const { std::ofstream(path / name) << text; }
};

std::string with_user(const std::string& user) {
  return R"({current-context: x, contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}],
    clusters: [{name: other, cluster: {server: "http://no"}}, {name: c, cluster: {server: "https://127.0.0.1:6443/base/"}}],
    users: [{name: u, user: )" +
         user + "}]}";
}

TEST_CASE("kubeconfig: server, namespace and credentials of the current context") {
  Directory directory;
  directory.write("client.crt", "CERT");
  directory.write("client.key", "KEY");
  const auto config = parse_kubeconfig(with_user("{client-certificate: client.crt, client-key: client.key}"),
                                       directory.path.string());
  REQUIRE(config);
  CHECK(config->server.tls);
  CHECK(config->server.host == "127.0.0.1");
  CHECK(config->server.port == "6443");
  CHECK(config->server.path == "/base");
  CHECK(config->namespace_ == "team");
  CHECK(config->tls.certificate == "CERT");
  CHECK(config->tls.key == "KEY");
}

TEST_CASE("kubeconfig: data fields are base64, with any padding") {
  const auto config =
      parse_kubeconfig(with_user("{client-certificate-data: QQ==, client-key-data: QUI=}"), "");
  REQUIRE(config);
  CHECK(config->tls.certificate == "A");
  CHECK(config->tls.key == "AB");
}

TEST_CASE("kubeconfig: what is wrong is named") {
  struct Row {
    std::string text;
    const char* message;
  };
  for (const auto& [text, message] : {
           Row{"[", "not YAML"},
           Row{"7", "not a kubeconfig"},
           Row{"{}", "current-context is not set"},
           Row{"{current-context: x}", "contexts: there is no \"x\""},
           Row{"{current-context: x, contexts: [{name: x, context: {cluster: c}}]}",
               "clusters: there is no \"c\""},
           Row{with_user("{exec: {command: aws}}"), "users.u.exec: not supported"},
           Row{with_user("{token: t, as: viewer}"), "users.u.as: not supported"},
           Row{"{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [{name: c, "
               "cluster: {server: 'https://x', proxy-url: 'http://p'}}]}",
               "clusters.c.proxy-url: not supported"},
           Row{"{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [{name: c, "
               "cluster: {server: 'https://x', insecure-skip-tls-verify: maybe}}]}",
               "clusters.c.insecure-skip-tls-verify: expected true or false"},
           Row{with_user("{client-certificate: /nowhere}"),
               "users.u.client-certificate: /nowhere: cannot be read"},
           Row{with_user("{client-key-data: '%%%'}"), "users.u.client-key-data: not base64"},
           Row{with_user("{client-key-data: QQ==}"), "must be given together"},
           Row{with_user("{token: [a]}"), "users.u.token: expected a string"},
           Row{"{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [{name: c, "
               "cluster: "
               "{server: 'ftp://x'}}]}",
               "clusters.c.server: \"ftp://x\" is not an http(s) URL"},
           Row{"{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [{name: c, "
               "cluster: "
               "{server: 'https://me:secret@x'}}]}",
               "clusters.c.server: \"x\" is not an http(s) URL"},
       }) {
    CAPTURE(text);
    const auto config = parse_kubeconfig(text, "");
    REQUIRE_FALSE(config);
    CHECK(config.error().message().find(message) != std::string::npos);
  }
  CHECK(load_kubeconfig("/nowhere/config").error().code == std::errc::no_such_file_or_directory);
}

TEST_CASE("in-cluster: from the environment and the mounted ServiceAccount") {
  Directory directory;
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  CHECK(in_cluster_config(directory.path.string()).error().code == Errc::not_found);
  ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  CHECK(in_cluster_config(directory.path.string()).error().code == std::errc::no_such_file_or_directory);
  directory.write("ca.crt", "CA");
  directory.write("token", "secret");
  directory.write("namespace", "actimanager-system");
  const auto config = in_cluster_config(directory.path.string());
  REQUIRE(config);
  CHECK(config->server.host == "fd00::1");
  CHECK(config->tls.ca == "CA");
  CHECK(config->namespace_ == "actimanager-system");
  CHECK(config->token_file == directory.path / "token");
  ::unsetenv("KUBERNETES_SERVICE_HOST");
}

}  // namespace
}  // namespace actimanager::kube
