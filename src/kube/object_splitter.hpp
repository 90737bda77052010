// ObjectSplitter: cuts a response body, as it arrives, into the JSON objects it is made of, so that no body
// is ever held whole: the items of a list, or the events of a watch. Sans-I/O.
//
// Checks only the structure it needs; the objects it yields are for a real parser, which need not fear their
// depth (max_depth) or size.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <actimanager/core/error.hpp>

namespace actimanager::kube {

class ObjectSplitter {
 public:
  enum class Body {
    list,   // one object: the members of its "items" are the objects, the rest is the envelope
    watch,  // objects one after the other
  };
  static constexpr std::size_t max_depth = 64;
  static constexpr std::size_t max_object = 8 << 20;  // bytes; etcd's own limit is far below it

  explicit ObjectSplitter(Body body) : body_(body) {}

  using Sink = std::function<void(std::string_view object)>;
  // Calls `sink` for each object that these bytes complete. Errors: invalid_argument (this is not JSON of the
  // expected shape), out_of_range (max_depth, max_object). After an error the splitter is of no use.
  Result<void> feed(std::string_view bytes, const Sink& sink);

  // A list's envelope: {"kind": …, "metadata": …, "items": []}. Error: unavailable if the body is not
  // complete.
  Result<std::string> envelope() &&;

 private:
  // How many of the bytes were taken.
  Result<std::size_t> take_object(std::string_view bytes, const Sink& sink);
  Result<std::size_t> take_between(std::string_view bytes);
  Result<void> take_mark(char mark);
  // Where the string ends that begins, or goes on, here; all of the bytes, if it does not.
  std::size_t end_of_string(std::string_view bytes, std::size_t at);
  bool object_is_next() const { return body_ == Body::watch ? open_.empty() : in_items_; }

  Body body_;
  bool in_string_ = false, escaped_ = false;

  bool in_object_ = false;
  std::size_t depth_ = 0;  // within the object
  std::string object_;     // what earlier pieces had of it

  std::string open_;  // braces and brackets around the objects
  std::string name_;  // the last string among the members of a list's outer object
  bool in_items_ = false;
  bool done_ = false;  // a list's outer object has ended
  std::string envelope_;
};

}  // namespace actimanager::kube
