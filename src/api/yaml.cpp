#include <charconv>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <actimanager/api/yaml.hpp>

namespace actimanager::api {
namespace {

using nlohmann::json;

constexpr int max_depth = 100;
constexpr auto* text_tag = "tag:yaml.org,2002:str";
constexpr auto* merge_key = "<<";

struct Converter {
  int values_left;

  [[noreturn]] static void refuse(const YAML::Node& node, const char* why) {
    throw YAML::Exception(node.Mark(), why);
  }

  static json scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!" || node.Tag() == text_tag) return text;  // quoted, or said to be text
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const auto* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto [at, ec] = std::from_chars(text.data(), end, integer); ec == std::errc{} && at == end) {
      return integer;
    }
    const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    double real = 0;
    if (const auto [at, ec] = std::from_chars(text.data(), end, real);
        numeric && ec == std::errc{} && at == end) {
      return real;
    }
    return text;
  }

  json convert(const YAML::Node& node, int depth) {
    if (depth > max_depth) refuse(node, "nested too deeply");
    if (--values_left < 0) refuse(node, "too many values");
    if (node.IsScalar()) return scalar(node);
    if (node.IsSequence()) {
      json list = json::array();
      for (const auto& item : node) list.push_back(convert(item, depth + 1));
      return list;
    }
    if (node.IsMap()) {
      json object = json::object();
      for (const auto& entry : node) {
        if (!entry.first.IsScalar()) refuse(entry.first, "a key must be a plain text");
        if (is_merge(entry.first)) continue;
        if (object.contains(entry.first.Scalar())) refuse(entry.first, "this key is there twice");
        object[entry.first.Scalar()] = convert(entry.second, depth + 1);
      }
      for (const auto& entry : node) {
        if (is_merge(entry.first)) merge(entry.second, object, depth + 1);
      }
      return object;
    }
    return nullptr;
  }

  static bool is_merge(const YAML::Node& key) { return key.Scalar() == merge_key && key.Tag() != "!"; }

  // A mapping, or several: what the object has, or an earlier one of them, stays.
  void merge(const YAML::Node& node, json& object, int depth) {
    if (node.IsSequence()) {
      for (const auto& each : node) merge_one(each, object, depth);
    } else {
      merge_one(node, object, depth);
    }
  }
  void merge_one(const YAML::Node& node, json& object, int depth) {
    if (!node.IsMap()) refuse(node, "only mappings can be merged");
    for (auto& [key, value] : convert(node, depth).items()) {
      if (!object.contains(key)) object[key] = std::move(value);
    }
  }
};

}  // namespace

Result<std::vector<json>> yaml_documents(std::string_view text, int max_values) {
  try {
    std::vector<json> documents;
    Converter converter{max_values};
    for (const auto& each : YAML::LoadAll(std::string(text))) {
      if (each.IsDefined() && !each.IsNull()) documents.push_back(converter.convert(each, 0));
    }
    return documents;
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) return fail(Errc::invalid_argument, error.msg);
    return fail(Errc::invalid_argument,
                fmt::format("line {}, column {}: {}", error.mark.line + 1, error.mark.column + 1, error.msg));
  }
}

Result<json> yaml_to_json(std::string_view text) {
  auto documents = yaml_documents(text);
  if (!documents) return fail(std::move(documents.error()));
  if (documents->size() > 1) return fail(Errc::invalid_argument, "more than one YAML document");
  return documents->empty() ? json() : std::move(documents->front());
}

}  // namespace actimanager::api
