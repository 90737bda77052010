#include <actimanager/core/error.hpp>

namespace actimanager {
namespace {

class CoreCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "actimanager"; }
  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::invalid_argument:
        return "invalid";
      case Errc::out_of_range:
        return "out of range";
      case Errc::not_found:
        return "not found";
      case Errc::already_exists:
        return "already exists";
      case Errc::conflict:
        return "conflict";
      case Errc::unavailable:
        return "unavailable";
      case Errc::unsupported:
        return "not supported";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& core_category() noexcept {
  static const CoreCategory category;
  return category;
}

std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), core_category()};
}

std::string Error::message() const {
  if (!code) return context;
  if (context.empty()) return code.message();
  if (code.category() == core_category()) return context;
  return context + ": " + code.message();
}

Error Error::wrap(std::string_view outer) && {
  context = context.empty() ? std::string(outer) : std::string(outer) + ": " + context;
  return std::move(*this);
}

Error Error::wrap(std::string_view outer) const& {
  return Error(*this).wrap(outer);
}

}  // namespace actimanager
