#include <fmt/format.h>

#include <actimanager/core/utf8.hpp>
#include <actimanager/kube/errors.hpp>

namespace actimanager::kube {
namespace {

class ApiCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "kubernetes"; }
  std::string message(int code) const override {
    switch (static_cast<ApiErrc>(code)) {
      case ApiErrc::bad_request:
        return "bad request";
      case ApiErrc::unauthorized:
        return "unauthorized";
      case ApiErrc::forbidden:
        return "forbidden";
      case ApiErrc::not_found:
        return "not found";
      case ApiErrc::already_exists:
        return "already exists";
      case ApiErrc::conflict:
        return "conflict";
      case ApiErrc::gone:
        return "resource version too old";
      case ApiErrc::invalid:
        return "invalid";
      case ApiErrc::too_many_requests:
        return "too many requests";
      case ApiErrc::server_error:
        return "server error";
      case ApiErrc::unexpected:
        return "unexpected answer";
    }
    return "unknown";
  }
};

ApiErrc code_of(int http_status, std::string_view reason) {
  switch (http_status) {
    case 400:
      return ApiErrc::bad_request;
    case 401:
      return ApiErrc::unauthorized;
    case 403:
      return ApiErrc::forbidden;
    case 404:
      return ApiErrc::not_found;
    case 409:
      return reason == "AlreadyExists" ? ApiErrc::already_exists : ApiErrc::conflict;
    case 410:
      return ApiErrc::gone;
    case 422:
      return ApiErrc::invalid;
    case 429:
      return ApiErrc::too_many_requests;
    default:
      return http_status >= 500 ? ApiErrc::server_error : ApiErrc::unexpected;
  }
}

}  // namespace

const std::error_category& api_category() noexcept {
  static const ApiCategory category;
  return category;
}

std::error_code make_error_code(ApiErrc code) noexcept {
  return {static_cast<int>(code), api_category()};
}

Error api_error(int http_status, const api::JsonValue& status, std::string_view what) {
  const auto code = code_of(http_status, status.text_of("reason"));
  const auto message = utf8_prefix(status.text_of("message"), 1024);
  if (message.empty()) return {code, fmt::format("{}: HTTP status {}", what, http_status)};
  return {code, fmt::format("{}: {}", what, message)};
}

Error api_error(int http_status, std::string_view body, std::string_view what) {
  api::JsonDocument status;
  if (!status.parse(body)) return api_error(http_status, api::JsonValue(), what);
  return api_error(http_status, status.root(), what);
}

bool is_transient(const Error& error) {
  return error.code == Errc::unavailable || error.code == ApiErrc::too_many_requests ||
         error.code == ApiErrc::server_error || error.code == ApiErrc::unauthorized;
}

}  // namespace actimanager::kube
