// The time: on the wall, as objects say it, and spent.
#pragma once

#include <chrono>

#include <actimanager/api/meta.hpp>

namespace actimanager::roles {

inline api::Time wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace actimanager::roles
