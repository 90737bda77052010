// CpuSet: a set of logical CPUs; NumaSet: a set of NUMA nodes. Both are bit sets with the text form of the
// kernel's cpuset files, "0-3,8" (man 7 cpuset, "List format").
//
// Sets up to 256 members live without allocation. Ids up to max_id (the kernel's own limit, 8191) are
// accepted.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include <actimanager/core/error.hpp>
#include <actimanager/core/ids.hpp>

namespace actimanager {

template <class IdType>
class IdSet {
 public:
  static constexpr int max_id = 8191;

  IdSet() = default;
  IdSet(std::initializer_list<int> ids) {
    for (int id : ids) insert(IdType{id});
  }

  // Parses "0-3,8" (spaces around parts allowed, empty text is the empty set).
  // Errors: invalid_argument (not a list), out_of_range (an id above max_id), naming the part.
  static Result<IdSet> parse(std::string_view text);

  // [first, last], both included. Precondition: 0 <= first <= last <= max_id.
  static IdSet range(int first, int last);

  // Precondition: 0 <= id <= max_id.
  void insert(IdType id);
  void erase(IdType id);
  void clear() { words_.clear(); }

  bool contains(IdType id) const noexcept;
  bool empty() const noexcept { return words_.empty(); }
  int size() const noexcept;
  std::optional<IdType> first() const noexcept;
  std::optional<IdType> last() const noexcept;

  bool intersects(const IdSet& other) const noexcept;
  bool includes(const IdSet& other) const noexcept;  // other is a subset of this
  int count_common(const IdSet& other) const noexcept;

  IdSet& operator|=(const IdSet& other);
  IdSet& operator&=(const IdSet& other);
  IdSet& operator-=(const IdSet& other);
  friend IdSet operator|(IdSet a, const IdSet& b) { return a |= b; }
  friend IdSet operator&(IdSet a, const IdSet& b) { return a &= b; }
  friend IdSet operator-(IdSet a, const IdSet& b) { return a -= b; }
  bool operator==(const IdSet& other) const = default;

  // The kernel's list format, shortest form: "0-3,8"; "" for the empty set.
  std::string to_string() const;

  class Iterator {
   public:
    using value_type = IdType;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using pointer = void;
    using reference = IdType;
    Iterator() = default;
    IdType operator*() const { return IdType{static_cast<int>(word_ * 64) + std::countr_zero(bits_)}; }
    Iterator& operator++() {
      bits_ &= bits_ - 1;
      skip_empty_words();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return word_ == other.word_ && bits_ == other.bits_; }

   private:
    friend class IdSet;
    Iterator(const IdSet* set, std::size_t word) : set_(set), word_(word) {
      if (word_ < set_->words_.size()) bits_ = set_->words_[word_];
      skip_empty_words();
    }
    void skip_empty_words() {
      while (bits_ == 0 && word_ < set_->words_.size()) {
        ++word_;
        bits_ = word_ < set_->words_.size() ? set_->words_[word_] : 0;
      }
    }
    const IdSet* set_ = nullptr;
    std::size_t word_ = 0;
    std::uint64_t bits_ = 0;
  };
  // Ascending order.
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, words_.size()); }

 private:
  void trim();
  // Invariant: the last word is not zero, so that equal sets compare equal.
  boost::container::small_vector<std::uint64_t, 4> words_;
};

using CpuSet = IdSet<CpuId>;
using NumaSet = IdSet<NumaId>;

extern template class IdSet<CpuId>;
extern template class IdSet<NumaId>;

}  // namespace actimanager
