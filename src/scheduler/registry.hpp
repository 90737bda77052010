// The list of all plugins that a profile may name.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "plugins/plugins.hpp"

namespace actimanager::scheduler {

struct Registered {
  std::string_view name;
  // nullptr: one whose work is done elsewhere (DefaultBinder: by the leader). Profiles may name it.
  Factory make = nullptr;
  std::vector<std::string_view> args;  // the fields of its arguments; of one without factory: any
  std::int64_t weight = 1;             // where the configuration leaves it out
  bool by_default = false;             // in upstream's default MultiPoint set, in that order
  // Ours: places CPUs. Wherever a profile enables it, it filters and reserves; it may be enabled at any
  // point.
  bool places_cpus = false;
};

std::span<const Registered> registry();
const Registered* find_registered(std::string_view name);

}  // namespace actimanager::scheduler
