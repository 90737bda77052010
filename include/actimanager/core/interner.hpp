// Interner<T, Hash>: of equal Shared<T>, one. It forgets a value some time after everybody else has: never
// are more than twice those in use remembered, and a few.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_set>

#include <actimanager/core/shared.hpp>

namespace actimanager {

template <class T, class Hash>
class Interner {
 public:
  // The value shares what an equal one before it has.
  void share(Shared<T>& value) {
    if (value.shares_with({})) return;
    if (values_.size() >= most_) {
      std::erase_if(values_, [](const Shared<T>& known) { return known.is_sole(); });
      most_ = std::max(few, 2 * values_.size());
    }
    value = *values_.insert(value).first;
  }
  // How many are remembered.
  std::size_t size() const { return values_.size(); }

 private:
  static constexpr std::size_t few = 64;
  struct HashOf {  // not noexcept: so hashes are kept, and not worked out anew
    std::size_t operator()(const Shared<T>& value) const { return Hash()(*value); }
  };
  std::unordered_set<Shared<T>, HashOf> values_;
  std::size_t most_ = few;
};

}  // namespace actimanager
