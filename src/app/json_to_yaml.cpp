#include "json_to_yaml.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <yaml.h>

#include <nlohmann/json.hpp>

namespace actimanager::app {
namespace {

using nlohmann::json;

// Letters first, then what names and paths are made of; and no word that YAML 1.1 reads as something else.
bool is_plain(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view others = "0123456789-_./";
  constexpr std::string_view words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  if (text.empty() || !letters.contains(text.front())) return false;
  if (!std::ranges::all_of(text, [&](char c) { return letters.contains(c) || others.contains(c); })) {
    return false;
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::find(words, lower) == std::end(words);
}

class Emitter {
 public:
  Emitter() {
    if (yaml_emitter_initialize(&emitter_) == 0) throw std::bad_alloc();
    yaml_emitter_set_output(&emitter_, append, &text_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, -1);
  }
  ~Emitter() { yaml_emitter_delete(&emitter_); }
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  std::string document(const json& value) && {
    send([](auto* event) { return yaml_stream_start_event_initialize(event, YAML_UTF8_ENCODING); });
    send([](auto* event) {
      return yaml_document_start_event_initialize(event, nullptr, nullptr, nullptr, 1);
    });
    emit(value);
    send([](auto* event) { return yaml_document_end_event_initialize(event, 1); });
    send([](auto* event) { return yaml_stream_end_event_initialize(event); });
    return std::move(text_);
  }

 private:
  static int append(void* text, unsigned char* bytes, std::size_t size) {
    static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }

  template <class Make>
  void send(Make make) {
    yaml_event_t event;
    // The emitter takes the event, also where it fails.
    if (make(&event) == 0) throw std::bad_alloc();
    if (yaml_emitter_emit(&emitter_, &event) == 0) throw std::runtime_error(emitter_.problem);
  }

  void emit(const json& value) {
    if (value.is_object()) {
      const auto style = value.empty() ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
      send([&](auto* event) {
        return yaml_mapping_start_event_initialize(event, nullptr, nullptr, 1, style);
      });
      for (const auto& [key, member] : value.items()) {
        emit_scalar(key, !is_plain(key));
        emit(member);
      }
      send([](auto* event) { return yaml_mapping_end_event_initialize(event); });
    } else if (value.is_array()) {
      const bool flat = std::ranges::none_of(value, [](const json& item) { return item.is_structured(); });
      const auto style = flat ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
      send([&](auto* event) {
        return yaml_sequence_start_event_initialize(event, nullptr, nullptr, 1, style);
      });
      for (const auto& item : value) emit(item);
      send([](auto* event) { return yaml_sequence_end_event_initialize(event); });
    } else if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      emit_scalar(text, !is_plain(text));
    } else {
      emit_scalar(value.dump(), false);  // numbers, booleans and null are written alike
    }
  }

  void emit_scalar(const std::string& text, bool quoted) {
    send([&](auto* event) {
      return yaml_scalar_event_initialize(event, nullptr, nullptr,
                                          reinterpret_cast<const yaml_char_t*>(text.data()),
                                          static_cast<int>(text.size()), 1, 1,
                                          quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
    });
  }

  std::string text_;
  yaml_emitter_t emitter_{};
};

}  // namespace

std::string json_to_yaml(const json& value) {
  return Emitter().document(value);
}

}  // namespace actimanager::app
