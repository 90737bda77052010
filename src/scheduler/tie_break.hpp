// Which of equally good nodes a Pod gets: as good as random, and the same each time, on every machine.
#pragma once

#include <cstdint>
#include <string_view>

#include <actimanager/scheduler/node_info.hpp>

namespace actimanager::scheduler {

constexpr std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// The node with the highest rank is taken. `pod_hash` is hash_of() the Pod's UID.
constexpr std::uint64_t tie_rank(std::uint64_t pod_hash, std::uint64_t node_name_hash) {
  // A well mixed 64 bits of both (splitmix64's finisher).
  std::uint64_t x = pod_hash ^ (node_name_hash * 0x9e3779b97f4a7c15ULL);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace actimanager::scheduler
