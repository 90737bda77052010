// HTTP/1.1 messages as plain data, for client and server alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actimanager::net {

// In the order of the message; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // The first one of this name, or nullptr.
  const std::string* find(std::string_view name) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, percent-encoded
  Headers headers;
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// For one segment of a path or one value of a query: everything but unreserved characters (RFC 3986) is
// encoded.
std::string percent_encode(std::string_view text);

// An absolute http(s) URL's parts. IPv6 hosts come without their brackets.
struct Url {
  bool tls = false;
  std::string host;
  std::string port;  // the scheme's where the URL has none
  std::string path;  // without a trailing '/'
  static std::optional<Url> parse(std::string_view text);
};

}  // namespace actimanager::net
