// Objects whose errors name them, as well as the field.
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/kind.hpp>
#include <actimanager/api/meta.hpp>

namespace actimanager::app {

// "Pod default/web", for messages.
inline std::string described(std::string_view kind, const api::JsonValue& object) {
  const bool named = object.find("metadata") != nullptr;
  return fmt::format("{} {}", kind, named ? api::key_of(object) : "without a name");
}

// Errors: invalid_argument, naming the object and its field.
template <class T>
Result<T> decoded(const api::JsonValue& object) {
  auto result = T::decode(object);
  if (!result) return fail(std::move(result.error()).wrap(described(api::Kind<T>::kind, object)));
  return result;
}

}  // namespace actimanager::app
