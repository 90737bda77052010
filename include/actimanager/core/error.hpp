// The two words every layer shares for outcomes: Error (what the caller may switch on, plus context for a
// person) and Result<T>. Outcomes driven by input are values; broken infrastructure is thrown and ends the
// role.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <system_error>

namespace actimanager {

// Documented by what the caller does next.
enum class Errc {
  invalid_argument = 1,  // the input is wrong: report it to whoever wrote it, do not retry
  out_of_range,          // a number is outside what this machine or type has: report, do not retry
  not_found,             // the thing named does not exist: treat as absent
  already_exists,        // somebody else made it: read it and decide again
  conflict,              // the world moved: re-read and retry
  unavailable,           // may work later: retry with backoff
  unsupported,           // never works here: say so once and do without
};

const std::error_category& core_category() noexcept;
std::error_code make_error_code(Errc code) noexcept;

struct Error {
  std::error_code code;
  std::string context;  // outermost first: "pod default/web: container c1: write cpuset.cpus"

  // The context, then the code's own message where it adds something: of an Errc the context says it all.
  std::string message() const;

  // The same code, with `outer` put before the context.
  [[nodiscard]] Error wrap(std::string_view outer) &&;
  [[nodiscard]] Error wrap(std::string_view outer) const&;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::error_code code, std::string context) {
  return std::unexpected(Error{code, std::move(context)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

// For roles: infrastructure that broke. Carries the Error so that main can print its cause.
class Failure : public std::system_error {
 public:
  explicit Failure(Error error) : std::system_error(error.code, error.context), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

// The value, or a thrown Failure: for the role boundary.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw Failure(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace actimanager

template <>
struct std::is_error_code_enum<actimanager::Errc> : std::true_type {};
