#include <algorithm>
#include <cassert>
#include <charconv>

#include <fmt/format.h>

#include <actimanager/core/cpu_set.hpp>

namespace actimanager {
namespace {

std::string_view trim_spaces(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const auto first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

Result<int> parse_id(std::string_view text, std::string_view part, int max_id) {
  text = trim_spaces(text);
  unsigned long value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec == std::errc::result_out_of_range || (ec == std::errc{} && value > static_cast<unsigned>(max_id))) {
    return fail(Errc::out_of_range, fmt::format("\"{}\" is above {}", part, max_id));
  }
  if (ec != std::errc{} || end != text.data() + text.size()) {
    return fail(Errc::invalid_argument, fmt::format("\"{}\" is not an id or a range such as 0-3", part));
  }
  return static_cast<int>(value);
}

}  // namespace

template <class IdType>
Result<IdSet<IdType>> IdSet<IdType>::parse(std::string_view text) {
  IdSet set;
  text = trim_spaces(text);
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = trim_spaces(text.substr(0, comma));
    if (comma != std::string_view::npos && comma + 1 == text.size()) {
      return fail(Errc::invalid_argument, "the list ends with a comma");
    }
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);

    const auto dash = part.find('-');
    const auto first = parse_id(part.substr(0, dash), part, max_id);
    if (!first) return fail(first.error());
    const auto last = dash == std::string_view::npos ? first : parse_id(part.substr(dash + 1), part, max_id);
    if (!last) return fail(last.error());
    if (*last < *first) return fail(Errc::invalid_argument, fmt::format("range \"{}\" runs backwards", part));
    for (int id = *first; id <= *last; ++id) set.insert(IdType{id});
  }
  return set;
}

template <class IdType>
IdSet<IdType> IdSet<IdType>::range(int first, int last) {
  IdSet set;
  for (int id = first; id <= last; ++id) set.insert(IdType{id});
  return set;
}

template <class IdType>
void IdSet<IdType>::insert(IdType id) {
  assert(id.value >= 0 && id.value <= max_id);
  const auto word = static_cast<std::size_t>(id.value) / 64;
  if (word >= words_.size()) words_.resize(word + 1, 0);
  words_[word] |= std::uint64_t{1} << (id.value % 64);
}

template <class IdType>
void IdSet<IdType>::erase(IdType id) {
  if (!contains(id)) return;
  words_[static_cast<std::size_t>(id.value) / 64] &= ~(std::uint64_t{1} << (id.value % 64));
  trim();
}

template <class IdType>
bool IdSet<IdType>::contains(IdType id) const noexcept {
  if (id.value < 0) return false;
  const auto word = static_cast<std::size_t>(id.value) / 64;
  return word < words_.size() && (words_[word] >> (id.value % 64) & 1) != 0;
}

template <class IdType>
int IdSet<IdType>::size() const noexcept {
  int count = 0;
  for (const auto word : words_) count += std::popcount(word);
  return count;
}

template <class IdType>
std::optional<IdType> IdSet<IdType>::first() const noexcept {
  if (empty()) return std::nullopt;
  return *begin();
}

template <class IdType>
std::optional<IdType> IdSet<IdType>::last() const noexcept {
  if (empty()) return std::nullopt;
  return IdType{static_cast<int>(words_.size() * 64) - 1 - std::countl_zero(words_.back())};
}

template <class IdType>
bool IdSet<IdType>::intersects(const IdSet& other) const noexcept {
  const auto common = std::min(words_.size(), other.words_.size());
  for (std::size_t i = 0; i < common; ++i) {
    if ((words_[i] & other.words_[i]) != 0) return true;
  }
  return false;
}

template <class IdType>
bool IdSet<IdType>::includes(const IdSet& other) const noexcept {
  if (other.words_.size() > words_.size()) return false;
  for (std::size_t i = 0; i < other.words_.size(); ++i) {
    if ((other.words_[i] & ~words_[i]) != 0) return false;
  }
  return true;
}

template <class IdType>
int IdSet<IdType>::count_common(const IdSet& other) const noexcept {
  int count = 0;
  const auto common = std::min(words_.size(), other.words_.size());
  for (std::size_t i = 0; i < common; ++i) count += std::popcount(words_[i] & other.words_[i]);
  return count;
}

template <class IdType>
IdSet<IdType>& IdSet<IdType>::operator|=(const IdSet& other) {
  if (other.words_.size() > words_.size()) words_.resize(other.words_.size(), 0);
  for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

template <class IdType>
IdSet<IdType>& IdSet<IdType>::operator&=(const IdSet& other) {
  if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  trim();
  return *this;
}

template <class IdType>
IdSet<IdType>& IdSet<IdType>::operator-=(const IdSet& other) {
  const auto common = std::min(words_.size(), other.words_.size());
  for (std::size_t i = 0; i < common; ++i) words_[i] &= ~other.words_[i];
  trim();
  return *this;
}

template <class IdType>
std::string IdSet<IdType>::to_string() const {
  std::string text;
  for (auto it = begin(); it != end();) {
    const int first = (*it).value;
    int last = first;
    for (++it; it != end() && (*it).value == last + 1; ++it) last = (*it).value;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return text;
}

template <class IdType>
void IdSet<IdType>::trim() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
}

template class IdSet<CpuId>;
template class IdSet<NumaId>;

}  // namespace actimanager
