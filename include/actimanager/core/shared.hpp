// Shared<T>: a value that copies of it share until one of them is changed, and that an Interner makes one
// with its equals. Nobody can tell it from a T of its own but by the memory it takes; a T{} takes none. Read
// by -> and *; through an object that is not const they give it a T of its own first, and that is how it is
// changed.
//
// Copies may be used by different threads, one of them by one at a time. What -> and * refer to lives until
// this, and not a copy of it, is changed or gone.
#pragma once

#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace actimanager {

template <class T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) {  // NOLINT(google-explicit-constructor): a T is one
    if (value != none()) box_ = new Box(std::move(value));
  }

  const T& operator*() const { return box_ ? box_->value : none(); }
  const T* operator->() const { return &**this; }
  T& operator*() {
    if (!box_) {
      box_ = new Box(T());
    } else if (!is_sole()) {
      box_ = new Box(T(box_->value));
    }
    return box_->value;
  }
  T* operator->() { return &**this; }
  operator const T&() const { return **this; }  // NOLINT(google-explicit-constructor): as above

  // As T's.
  template <class Key>
  decltype(auto) operator[](Key&& key) const {
    return (**this)[std::forward<Key>(key)];
  }
  template <class Key>
  decltype(auto) operator[](Key&& key) {
    return (**this)[std::forward<Key>(key)];
  }

  bool operator==(const Shared& other) const { return shares_with(other) || **this == *other; }
  bool operator==(const T& other) const { return **this == other; }
  // Whether both are in the same memory. Two T{} are in none.
  bool shares_with(const Shared& other) const { return box_ == other.box_; }
  // Whether no other shares this, now that nobody else copies it.
  bool is_sole() const { return !box_ || box_->use_count() == 1; }

 private:
  struct Box : boost::intrusive_ref_counter<Box, boost::thread_safe_counter> {
    explicit Box(T&& from) : value(std::move(from)) {}
    T value;
  };
  static const T& none() {
    static const T empty{};
    return empty;
  }
  boost::intrusive_ptr<Box> box_;
};

}  // namespace actimanager
