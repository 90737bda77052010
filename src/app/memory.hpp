// Gives back to the kernel what memory the process has only because of what it once did. Starting up takes
// megabytes of code and of heap that are never looked at again, and so does every burst of work.
#pragma once

#include <cstddef>

#include <boost/asio/awaitable.hpp>

namespace actimanager::app {

// Free pages of the heap, and all pages of code and constants: those that are still needed come back, one
// page fault each, from the page cache. Takes about a millisecond for each 10 MiB of heap.
void give_memory_back();

// Bytes, as the kernel counts them ("Rss"). 0 where it does not say.
std::size_t resident_memory();

// Does so every 15 s if there is more than was left the last time, unless the process is a large one. Never
// returns.
boost::asio::awaitable<void> keep_memory_small();

}  // namespace actimanager::app
