#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <actimanager/api/yaml.hpp>
#include <actimanager/kube/config.hpp>
#include <actimanager/kube/read_file.hpp>

namespace actimanager::kube {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Result<std::string> decode_base64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.size() % 4 != 0) return fail(Errc::invalid_argument, "not base64");
  std::vector<unsigned char> bytes(text.size() / 4 * 3 + 1);
  const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return fail(Errc::invalid_argument, "not base64");
  std::string decoded(bytes.begin(), bytes.begin() + size);
  for (auto it = text.rbegin(); it != text.rend() && *it == '=' && !decoded.empty(); ++it) decoded.pop_back();
  return decoded;
}

// One kubeconfig being read: the first error sticks.
class Reader {
 public:
  explicit Reader(fs::path directory) : directory_(std::move(directory)) {}

  std::string text(const json& node, const char* field, const std::string& where) {
    const auto value = node.find(field);
    if (value == node.end() || value->is_null()) return {};
    if (value->is_string()) return *value;
    report(fmt::format("{}.{}: expected a string", where, field));
    return {};
  }

  bool flag(const json& node, const char* field, const std::string& where) {
    const auto value = node.find(field);
    if (value == node.end() || value->is_null()) return false;
    if (value->is_boolean()) return *value;
    report(fmt::format("{}.{}: expected true or false", where, field));
    return false;
  }

  fs::path file(const json& node, const char* field, const std::string& where) {
    const fs::path path = text(node, field, where);
    return path.empty() || path.is_absolute() ? path : directory_ / path;
  }

  // PEM from `field`-data (base64) or the file `field` names.
  std::string pem(const json& node, const std::string& field, const std::string& where) {
    const auto data_field = field + "-data";
    if (const auto data = text(node, data_field.c_str(), where); !data.empty()) {
      return keep(decode_base64(data), fmt::format("{}.{}", where, data_field));
    }
    const auto path = file(node, field.c_str(), where);
    return path.empty() ? std::string() : keep(read_file(path), fmt::format("{}.{}", where, field));
  }

  // The member `member` of the list entry with this name.
  json entry(const json& document, const char* list, const std::string& name, const char* member) {
    if (const auto items = document.find(list); items != document.end() && items->is_array()) {
      for (const auto& item : *items) {
        if (!item.is_object() || !item.contains(member) || !item[member].is_object()) continue;
        if (item.contains("name") && item["name"] == name) return item[member];
      }
    }
    report(fmt::format("{}: there is no \"{}\"", list, name));
    return json::object();
  }

  void report(std::string what) {
    if (!error_) error_ = Error{Errc::invalid_argument, std::move(what)};
  }
  std::optional<Error> take_error() { return std::move(error_); }

 private:
  std::string keep(Result<std::string> value, const std::string& where) {
    if (value) return std::move(*value);
    if (!error_) error_ = std::move(value.error()).wrap(where);
    return {};
  }

  fs::path directory_;
  std::optional<Error> error_;
};

Result<ClusterConfig> read_kubeconfig(const json& document, const std::string& directory) {
  Reader reader(directory);
  ClusterConfig config;
  if (!document.is_object()) return fail(Errc::invalid_argument, "not a kubeconfig: expected a map");
  const auto context_name = reader.text(document, "current-context", "kubeconfig");
  if (context_name.empty()) return fail(Errc::invalid_argument, "current-context is not set");
  const auto context = reader.entry(document, "contexts", context_name, "context");
  const auto cluster_name = reader.text(context, "cluster", "contexts." + context_name);
  const auto user_name = reader.text(context, "user", "contexts." + context_name);
  config.namespace_ = reader.text(context, "namespace", "contexts." + context_name);
  if (auto error = reader.take_error()) return fail(std::move(*error));

  const auto cluster = reader.entry(document, "clusters", cluster_name, "cluster");
  const auto cluster_where = "clusters." + cluster_name;
  const auto server = reader.text(cluster, "server", cluster_where);
  if (const auto url = net::Url::parse(server)) {
    config.server = *url;
  } else {
    // Without what may be a password.
    const auto shown = server.substr(server.rfind('@') + 1);
    reader.report(fmt::format("{}.server: \"{}\" is not an http(s) URL", cluster_where, shown));
  }
  config.tls.ca = reader.pem(cluster, "certificate-authority", cluster_where);
  config.tls.server_name = reader.text(cluster, "tls-server-name", cluster_where);
  config.tls.insecure = reader.flag(cluster, "insecure-skip-tls-verify", cluster_where);
  if (cluster.contains("proxy-url")) reader.report(cluster_where + ".proxy-url: not supported");

  if (!user_name.empty()) {
    const auto user = reader.entry(document, "users", user_name, "user");
    const auto where = "users." + user_name;
    for (const char* unsupported : {"exec", "auth-provider", "username", "password"}) {
      if (user.contains(unsupported)) {
        reader.report(fmt::format("{}.{}: not supported; use a client certificate, token or tokenFile", where,
                                  unsupported));
      }
    }
    for (const char* unsupported : {"as", "as-uid", "as-groups", "as-user-extra"}) {
      if (user.contains(unsupported)) reader.report(fmt::format("{}.{}: not supported", where, unsupported));
    }
    config.tls.certificate = reader.pem(user, "client-certificate", where);
    config.tls.key = reader.pem(user, "client-key", where);
    config.token = reader.text(user, "token", where);
    config.token_file = reader.file(user, "tokenFile", where).string();
    if (config.tls.certificate.empty() != config.tls.key.empty()) {
      reader.report(where + ": client-certificate and client-key must be given together");
    }
  }
  if (auto error = reader.take_error()) return fail(std::move(*error));
  return config;
}

}  // namespace

Result<ClusterConfig> parse_kubeconfig(std::string_view text, const std::string& directory) {
  const auto document = api::yaml_to_json(text);
  if (!document) return fail(Error(document.error()).wrap("not YAML"));
  return read_kubeconfig(*document, directory);
}

Result<ClusterConfig> load_kubeconfig(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  auto config = parse_kubeconfig(*text, fs::path(path).parent_path().string());
  if (!config) return fail(std::move(config.error()).wrap(path));
  return config;
}

Result<ClusterConfig> in_cluster_config(const std::string& service_account) {
  constexpr auto host_variable = "KUBERNETES_SERVICE_HOST", port_variable = "KUBERNETES_SERVICE_PORT";
  const char* host = std::getenv(host_variable);
  const char* port = std::getenv(port_variable);
  if (host == nullptr || port == nullptr) {
    return fail(Errc::not_found, fmt::format("not in a Pod ({} is not set) and no --kubeconfig given",
                                             host == nullptr ? host_variable : port_variable));
  }
  const std::string address(host);
  const bool v6 = address.find(':') != std::string::npos;
  const auto text = fmt::format("https://{}:{}", v6 ? "[" + address + "]" : address, port);
  const auto url = net::Url::parse(text);
  if (!url) {
    return fail(Errc::invalid_argument,
                fmt::format("{} and {} make no address: {}", host_variable, port_variable, text));
  }
  ClusterConfig config;
  config.server = *url;
  const fs::path directory(service_account);
  auto ca = read_file(directory / "ca.crt");
  if (!ca) return fail(std::move(ca.error()));
  config.tls.ca = std::move(*ca);
  config.token_file = (directory / "token").string();
  if (auto token = read_file(config.token_file); !token) return fail(std::move(token.error()));
  if (auto own_namespace = read_file(directory / "namespace")) config.namespace_ = std::move(*own_namespace);
  return config;
}

}  // namespace actimanager::kube
