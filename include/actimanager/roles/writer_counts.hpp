// WriterCounts: how often each program wrote what it should not, by its name. A metric's label, so names are
// few: once there are `max_names`, those that are new are counted together as "other".
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace actimanager::roles {

class WriterCounts {
 public:
  static constexpr std::size_t max_names = 20;

  // "": it is not known who.
  void count(const std::string& name) {
    const auto& known = name.empty() ? unknown : name;
    const bool room = counts_.contains(known) || counts_.size() < max_names;
    ++counts_[room ? known : other];
  }

  // "unknown" is always among them.
  const std::map<std::string, std::uint64_t>& by_name() const { return counts_; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : counts_) sum += count;
    return sum;
  }

 private:
  inline static const std::string unknown = "unknown", other = "other";
  std::map<std::string, std::uint64_t> counts_{{unknown, 0}};
};

}  // namespace actimanager::roles
