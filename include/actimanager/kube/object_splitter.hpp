// ObjectSplitter: cuts a response body, as it arrives, into the JSON objects it is made of, so that no body
// is ever held whole: the items of a list, or the events of a watch. Sans-I/O.
//
// Drops metadata.managedFields (up to half of an object, used by nobody here) on the way. Checks only the
// structure it needs; the objects it yields are for a real parser, which need not fear their depth
// (max_depth) or size.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <actimanager/core/error.hpp>

namespace actimanager::kube {

class ObjectSplitter {
 public:
  enum class Body {
    list,   // one object: the members of its "items" are the objects, the rest is the envelope
    watch,  // objects one after the other
  };
  static constexpr std::size_t max_depth = 64;
  static constexpr std::size_t max_object =
      4 << 20;  // bytes, without managedFields; etcd's own limit is below it

  explicit ObjectSplitter(Body body) : body_(body) {}

  using Sink = std::function<void(std::string_view object)>;
  // Calls `sink` for each object that these bytes complete. Errors: invalid_argument (this is not JSON of the
  // expected shape), out_of_range (max_depth, max_object). After an error the splitter is of no use.
  Result<void> feed(std::string_view bytes, const Sink& sink);

  // A list's envelope: {"kind": …, "metadata": …, "items": []}. Error: unavailable if the body is not
  // complete.
  Result<std::string> envelope() &&;

 private:
  struct Level {
    bool object = false;
    bool key_next = false;  // of an object: a key is next
    bool metadata = false;  // this is the value of a key "metadata"
    bool items = false;     // this is a list's "items"
  };

  Result<void> open(bool object);
  Result<void> close(bool object, const Sink& sink);
  bool in_items() const { return body_ == Body::list && levels_.size() == 2 && levels_.back().items; }
  Result<void> keep(std::string_view bytes);

  Body body_;
  std::vector<Level> levels_;
  std::string key_;  // the last one read, shortened
  bool in_string_ = false, escaped_ = false, reading_key_ = false;
  std::size_t skip_below_ = 0;  // > 0: dropping everything until the depth is below this
  bool in_object_ = false;      // bytes go to object_, else to envelope_
  bool done_ = false;           // a list's outer object has ended
  std::string object_, envelope_;
};

}  // namespace actimanager::kube
