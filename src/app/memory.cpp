#include "memory.hpp"

#include <chrono>
#include <fstream>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <actimanager/async/event.hpp>

namespace actimanager::app {
namespace {

using namespace std::chrono_literals;
constexpr auto period = 15s;
constexpr std::size_t mebibyte = std::size_t{1024} * 1024;
// What has more is a leader in a large cluster: its heap is in use, and to go through it takes long.
constexpr std::size_t small = 64 * mebibyte;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// Of the program or a library. What the loader has written to, above all its relocations, is in segments that
// are writable in the file, whatever they are by now; the others are as in the file.
int give_code_back(dl_phdr_info* object, std::size_t, void*) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const auto begin = (object->dlpi_addr + segment.p_vaddr) & ~(page_size() - 1);
    const auto end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    auto* at = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr): so the loader says it
    // The kernel refuses for its own page of code (the vDSO), which is no file's.
    ::madvise(at, end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_memory_back() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(give_code_back, nullptr);
}

std::size_t resident_memory() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * page_size();
}

boost::asio::awaitable<void> keep_memory_small() {
  std::size_t left = 0;
  while (true) {
    co_await async::sleep_for(period);
    const auto now = resident_memory();
    if (now < left + mebibyte || now > small) continue;
    give_memory_back();
    left = resident_memory();
  }
}

}  // namespace actimanager::app
