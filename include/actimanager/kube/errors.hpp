// Errors of the API server as codes the caller switches on, documented by what it does next. Failures below
// HTTP (no connection, a broken one) keep the net layer's codes: Errc::unavailable mostly.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include <actimanager/api/json_value.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::kube {

enum class ApiErrc {
  bad_request = 1,    // 400: our request is wrong; report, do not retry
  unauthorized,       // 401: the token is old or wrong; the client has re-read it already
  forbidden,          // 403: RBAC or an admission policy says no; report, retry rarely
  not_found,          // 404: the object is gone: treat as absent
  already_exists,     // 409 on create: read it and decide again
  conflict,           // 409: somebody wrote first, or a precondition failed: read again
  gone,               // 410: the resource version is too old: list again
  invalid,            // 422: the object is refused by validation; report, do not retry
  too_many_requests,  // 429: later
  server_error,       // 5xx: later
  unexpected,         // any other answer, or one that is no JSON
};

const std::error_category& api_category() noexcept;
std::error_code make_error_code(ApiErrc code) noexcept;

// The error of an answer with this status (>= 400) and body (a meta/v1 Status, where it is one): its code by
// status and reason, its context "<what>: <message>".
Error api_error(int http_status, std::string_view body, std::string_view what);
Error api_error(int http_status, const api::JsonValue& status, std::string_view what);

// Worth another attempt later, as it is: the server or the way to it was at fault.
bool is_transient(const Error& error);

}  // namespace actimanager::kube

template <>
struct std::is_error_code_enum<actimanager::kube::ApiErrc> : std::true_type {};
