#include <fmt/format.h>

#include <actimanager/kube/object_splitter.hpp>

namespace actimanager::kube {
namespace {

constexpr std::size_t max_key = 32;  // longer keys are none of those we look for

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

Result<void> ObjectSplitter::keep(std::string_view bytes) {
  if (skip_below_ > 0) return {};
  auto& target = in_object_ ? object_ : envelope_;
  if (target.size() + bytes.size() > max_object) {
    return fail(Errc::out_of_range, fmt::format("an object is longer than {} bytes", max_object));
  }
  target += bytes;
  return {};
}

Result<void> ObjectSplitter::open(bool object) {
  if (levels_.size() >= max_depth) {
    return fail(Errc::out_of_range, fmt::format("an object is nested deeper than {}", max_depth));
  }
  if (levels_.empty()) {
    if (!object || done_) return fail(Errc::invalid_argument, "expected a JSON object");
    if (body_ == Body::watch) in_object_ = true;
  } else if (in_items()) {
    if (!object) return fail(Errc::invalid_argument, "items: expected objects");
    in_object_ = true;
  }
  Level level{.object = object, .key_next = object};
  if (!levels_.empty() && levels_.back().object) {
    level.metadata = object && key_ == "metadata";
    level.items = !object && levels_.size() == 1 && key_ == "items";
    if (levels_.back().metadata && key_ == "managedFields" && skip_below_ == 0) {
      if (auto kept = keep("null"); !kept) return kept;
      skip_below_ = levels_.size() + 1;
    }
  }
  levels_.push_back(level);
  key_.clear();
  return keep(object ? "{" : "[");
}

Result<void> ObjectSplitter::close(bool object, const Sink& sink) {
  if (levels_.empty() || levels_.back().object != object)
    return fail(Errc::invalid_argument, "unbalanced JSON");
  if (auto kept = keep(object ? "}" : "]"); !kept) return kept;
  levels_.pop_back();
  if (skip_below_ > levels_.size()) skip_below_ = 0;
  const bool ended = body_ == Body::watch ? levels_.empty() : in_items();
  if (ended && in_object_) {
    in_object_ = false;
    sink(object_);
    object_.clear();
  }
  if (levels_.empty() && body_ == Body::list) done_ = true;
  return {};
}

Result<void> ObjectSplitter::feed(std::string_view bytes, const Sink& sink) {
  for (std::size_t at = 0; at < bytes.size();) {
    if (in_string_) {
      // Up to the end of the string, or of an escape in it, in one piece.
      std::size_t end = at;
      while (end < bytes.size()) {
        const char c = bytes[end++];
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_string_ = false;
          break;
        }
      }
      const auto piece = bytes.substr(at, end - at);
      if (reading_key_ && key_.size() <= max_key) key_ += piece.substr(0, max_key + 1);
      if (!in_string_ && reading_key_) {
        reading_key_ = false;
        if (!key_.empty() && key_.back() == '"') key_.pop_back();
      }
      if (auto kept = keep(piece); !kept) return kept;
      at = end;
      continue;
    }
    const char c = bytes[at];
    if (is_space(c)) {
      ++at;
      continue;
    }
    Result<void> step;
    switch (c) {
      case '{':
        step = open(true);
        break;
      case '[':
        step = open(false);
        break;
      case '}':
        step = close(true, sink);
        break;
      case ']':
        step = close(false, sink);
        break;
      default:
        if (levels_.empty()) return fail(Errc::invalid_argument, "expected a JSON object");
        if (c == ',') {
          levels_.back().key_next = levels_.back().object;
          if (!in_items()) step = keep(",");
          break;
        }
        if (in_items()) return fail(Errc::invalid_argument, "items: expected objects");
        if (c == '"') {
          in_string_ = true;
          reading_key_ = levels_.back().object && levels_.back().key_next;
          if (reading_key_) key_.clear();
        } else if (c == ':') {
          levels_.back().key_next = false;
        }
        step = keep(bytes.substr(at, 1));
    }
    if (!step) return step;
    ++at;
  }
  return {};
}

Result<std::string> ObjectSplitter::envelope() && {
  if (!done_) return fail(Errc::unavailable, "the list ended in the middle");
  return std::move(envelope_);
}

}  // namespace actimanager::kube
