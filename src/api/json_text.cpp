#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>

namespace actimanager::api {

std::string json_text(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace actimanager::api
