#include "object_files.hpp"

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include <actimanager/api/yaml.hpp>
#include <actimanager/kube/read_file.hpp>

namespace actimanager::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int max_yaml_values = 20'000'000;
// Text that begins like JSON and is none may be YAML. A long one is more likely JSON that was cut off.
constexpr std::size_t longest_flow_yaml = 16 << 20;
constexpr std::string_view list_suffix = "List";

bool is_list(const json& document) {
  const auto items = document.find("items");
  return document.is_object() && items != document.end() && items->is_array();
}

// Items of a typed list may leave out what the list's own kind says.
void name_kind(const json& list, json& item) {
  const auto kind = text_of(list, "kind");
  if (!item.is_object() || item.contains("kind") || !kind.ends_with(list_suffix)) return;
  item["kind"] = kind.substr(0, kind.size() - list_suffix.size());
  item["apiVersion"] = text_of(list, "apiVersion");
}

// In their order. Not by recursion: a file may nest lists without end.
void take_apart(json&& document, std::vector<json>& objects) {
  std::vector<json> waiting;
  waiting.push_back(std::move(document));
  while (!waiting.empty()) {
    auto next = std::move(waiting.back());
    waiting.pop_back();
    if (!is_list(next)) {
      objects.push_back(std::move(next));
      continue;
    }
    for (auto& item : next["items"] | std::views::reverse) {
      name_kind(next, item);
      waiting.push_back(std::move(item));
    }
  }
}

Result<std::vector<json>> parse_json(const std::string& text) {
  std::vector<json> documents;
  std::istringstream stream(text);
  try {
    while (stream >> std::ws && stream.peek() != std::char_traits<char>::eof()) {
      stream >> documents.emplace_back();
    }
  } catch (const json::parse_error& error) {
    const std::string_view what = error.what();
    return fail(Errc::invalid_argument, std::string(what.substr(what.find("] ") + 2)));
  }
  return documents;
}

Result<std::vector<json>> parse(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return std::vector<json>();
  if (text[first] != '{' && text[first] != '[') return api::yaml_documents(text, max_yaml_values);
  auto documents = parse_json(text);
  if (documents || text.size() > longest_flow_yaml) return documents;
  auto as_yaml = api::yaml_documents(text, max_yaml_values);
  return as_yaml ? std::move(as_yaml) : std::move(documents);
}

Result<void> read_into(std::vector<json>& objects, const std::string& path) {
  const auto text = kube::read_file(path);
  if (!text) return fail(text.error());
  auto documents = parse(*text);
  if (!documents) return fail(std::move(documents.error()).wrap(path));
  if (documents->empty()) return fail(Errc::invalid_argument, path + ": there is no object in it");
  for (auto& document : *documents) take_apart(std::move(document), objects);
  return {};
}

}  // namespace

std::string text_of(const json& object, const char* member) {
  const auto it = object.find(member);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Result<std::vector<json>> read_objects(const std::string& path) {
  std::vector<json> objects;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (auto read = read_into(objects, path); !read) return fail(std::move(read.error()));
    return objects;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const auto extension = entry.path().extension();
    if (extension == ".json" || extension == ".yaml" || extension == ".yml") files.push_back(entry.path());
  }
  if (error) return fail(error, path);
  if (files.empty())
    return fail(Errc::invalid_argument, path + ": there is no *.json, *.yaml or *.yml in it");
  std::ranges::sort(files);
  for (const auto& file : files) {
    if (auto read = read_into(objects, file); !read) return fail(std::move(read.error()));
  }
  return objects;
}

}  // namespace actimanager::app
