#include "object_splitter.hpp"

#include <fmt/format.h>

namespace actimanager::kube {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

std::unexpected<Error> too_deep() {
  return fail(Errc::out_of_range,
              fmt::format("an object is nested deeper than {}", ObjectSplitter::max_depth));
}

Result<void> append(std::string& text, std::string_view bytes) {
  if (text.size() + bytes.size() > ObjectSplitter::max_object) {
    return fail(Errc::out_of_range,
                fmt::format("an object is longer than {} bytes", ObjectSplitter::max_object));
  }
  text += bytes;
  return {};
}

}  // namespace

std::size_t ObjectSplitter::end_of_string(std::string_view bytes, std::size_t at) {
  while (at < bytes.size()) {
    const char c = bytes[at++];
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      break;
    }
  }
  return at;
}

Result<std::size_t> ObjectSplitter::take_object(std::string_view bytes, const Sink& sink) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (in_string_) {
      at = end_of_string(bytes, at);
      continue;
    }
    const char c = bytes[at++];
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      if (++depth_ > max_depth) return too_deep();
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      if (c == ']') return fail(Errc::invalid_argument, "unbalanced JSON");
      in_object_ = false;
      break;
    }
  }
  const auto taken = bytes.substr(0, at);
  if (!in_object_ && object_.empty()) {
    sink(taken);
    return at;
  }
  if (auto kept = append(object_, taken); !kept) return fail(std::move(kept.error()));
  if (!in_object_) {
    sink(object_);
    object_.clear();
  }
  return at;
}

// Outside of strings.
Result<void> ObjectSplitter::take_mark(char mark) {
  if (mark == '{' || mark == '[') {
    const bool outermost = open_.empty();
    if (outermost && (mark != '{' || done_ || body_ == Body::watch)) {
      return fail(Errc::invalid_argument, "expected a JSON object");
    }
    if (open_.size() == max_depth) return too_deep();
    in_items_ = mark == '[' && open_.size() == 1 && name_ == "\"items\"";
    open_ += mark;
  } else if (open_.empty()) {
    return fail(Errc::invalid_argument, "expected a JSON object");
  } else if (mark == '}' || mark == ']') {
    if (open_.back() != (mark == '}' ? '{' : '[')) return fail(Errc::invalid_argument, "unbalanced JSON");
    open_.pop_back();
    in_items_ = false;
    done_ = open_.empty();
  } else if (mark == '"') {
    in_string_ = true;
    if (open_.size() == 1) name_.clear();
  }
  return {};
}

Result<std::size_t> ObjectSplitter::take_between(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto start = at;
    if (in_string_) {
      at = end_of_string(bytes, at);
    } else {
      const char c = bytes[at++];
      if (is_space(c)) continue;
      if (object_is_next()) {
        if (c == '{') {
          in_object_ = true;
          return start;
        }
        if (in_items_ && c == ',') continue;
        if (in_items_ && c != ']') return fail(Errc::invalid_argument, "items: expected objects");
      }
      if (auto taken = take_mark(c); !taken) return fail(std::move(taken.error()));
    }
    const auto piece = bytes.substr(start, at - start);
    if (auto kept = append(envelope_, piece); !kept) return fail(std::move(kept.error()));
    if (open_.size() == 1 && (in_string_ || piece.back() == '"')) name_ += piece;
  }
  return at;
}

Result<void> ObjectSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const auto taken = in_object_ ? take_object(bytes, sink) : take_between(bytes);
    if (!taken) return fail(taken.error());
    bytes.remove_prefix(*taken);
  }
  return {};
}

Result<std::string> ObjectSplitter::envelope() && {
  if (!done_) return fail(Errc::unavailable, "the list ended in the middle");
  return std::move(envelope_);
}

}  // namespace actimanager::kube
