#include <cctype>
#include <charconv>
#include <cstdint>
#include <iterator>

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <actimanager/net/http.hpp>

namespace actimanager::net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool is_unreserved(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
}

}  // namespace

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [field, value] : fields_)
    if (equal_without_case(field, name)) return &value;
  return nullptr;
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::optional<Url> Url::parse(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed || parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment()) return std::nullopt;
  Url url;
  if (equal_without_case(parsed->scheme(), "https")) {
    url.tls = true;
  } else if (!equal_without_case(parsed->scheme(), "http")) {
    return std::nullopt;
  }
  url.host = std::string(parsed->encoded_host_address());
  url.port = parsed->has_port() ? std::string(parsed->port()) : (url.tls ? "443" : "80");
  url.path = std::string(parsed->encoded_path());
  while (url.path.ends_with('/')) url.path.pop_back();
  std::uint16_t port = 0;  // parsed->port_number() wraps around
  const auto [end, failed] = std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
  if (failed != std::errc{} || end != url.port.data() + url.port.size() || port == 0) return std::nullopt;
  if (url.host.empty()) return std::nullopt;
  return url;
}

}  // namespace actimanager::net
