#include "drawing_goldens.hpp"

namespace goldens {

const char* const dual_socket_smt = R"(
m: 2 sockets, 2 NUMA nodes, 8 cores, 16 threads
├─ Socket 0 · CPUs 0-3,8-11
│  └─ NUMA node 0
│     ┌ L3 ─────────┐
│     │  0  1  2  3 │
│     │  8  9 10 11 │
│     └─────────────┘
└─ Socket 1 · CPUs 4-7,12-15
   └─ NUMA node 1
      ┌ L3 ─────────┐
      │  4  5  6  7 │
      │ 12 13 14 15 │
      └─────────────┘
)";

const char* const dual_socket_smt_ascii = R"(
m: 2 sockets, 2 NUMA nodes, 8 cores, 16 threads
|- Socket 0, CPUs 0-3,8-11
|  `- NUMA node 0
|     + L3 ---------+
|     |  0  1  2  3 |
|     |  8  9 10 11 |
|     +-------------+
`- Socket 1, CPUs 4-7,12-15
   `- NUMA node 1
      + L3 ---------+
      |  4  5  6  7 |
      | 12 13 14 15 |
      +-------------+
)";

const char* const four_numa_nodes_ascii = R"(
m: 2 sockets, 4 NUMA nodes, 8 cores, 8 threads
|- Socket 0, CPUs 0-3
|  |- NUMA node 0, CPUs 0-1
|  |  + L3 ---+
|  |  |  0  1 |
|  |  +-------+
|  `- NUMA node 1, CPUs 2-3
|     + L3 ---+
|     |  2  3 |
|     +-------+
`- Socket 1, CPUs 4-7
   |- NUMA node 2, CPUs 4-5
   |  + L3 ---+
   |  |  4  5 |
   |  +-------+
   `- NUMA node 3, CPUs 6-7
      + L3 ---+
      |  6  7 |
      +-------+
)";

const char* const hybrid_ascii = R"(
m: 1 socket, 1 NUMA node, 6 cores, 8 threads
`- Socket 0, CPUs 0-7
   `- NUMA node 0
      +-------------+
      | performance |
      |  0  2       |
      |  1  3       |
      | efficiency  |
      |  4  5  6  7 |
      +-------------+
)";

const char* const with_details_ascii = R"(
m: 2 sockets, 5 NUMA nodes, 8 cores, 8 threads, 1 TiB
|- Socket 0, CPUs 0-3
|  |- NUMA node 0, 8 GiB, CPUs 0-1, distances 10 12 20 20 40
|  |  + L3 16 MiB +
|  |  |  0  1     |
|  |  +-----------+
|  `- NUMA node 1, 8 GiB, CPUs 2-3, distances 10 12 20 20 40
|     + L3 16 MiB +
|     |  2  3     |
|     +-----------+
|- Socket 1, CPUs 4-7
|  |- NUMA node 2, 8 GiB, CPUs 4-5, distances 10 12 20 20 40
|  |  + L3 16 MiB +
|  |  |  4  5     |
|  |  +-----------+
|  `- NUMA node 3, 8 GiB, CPUs 6-7, distances 10 12 20 20 40
|     + L3 16 MiB +
|     |  6  7     |
|     +-----------+
`- NUMA node 4, 1 TiB, memory only, distances 40 40 40 40 10
)";

const char* const without_numa_ascii = R"(
m: 1 socket, 2 cores, 4 threads
`- Socket 0, CPUs 0-3
   + L3 ---+
   |  0  1 |
   |  2  3 |
   +-------+
)";

const char* const twenty_cores_ascii = R"(
m: 1 socket, 1 NUMA node, 20 cores, 40 threads
`- Socket 0, CPUs 0-39
   `- NUMA node 0
      + L3 ---------------------+
      |  0  1  2  3  4  5  6  7 |
      | 20 21 22 23 24 25 26 27 |
      |                         |
      |  8  9 10 11 12 13 14 15 |
      | 28 29 30 31 32 33 34 35 |
      |                         |
      | 16 17 18 19             |
      | 36 37 38 39             |
      +-------------------------+
)";

const char* const owners_ascii = R"(
m: 1 socket, 1 NUMA node, 4 cores, 8 threads
`- Socket 0, CPUs 0-7
   `- NUMA node 0
      + L3 -------------+
      |  0A  1B  2.  3r |
      |  4A  5+  6.  7. |
      +-----------------+
A default/web (0,4)   B default/db (1,5)   C batch/x (5,99)   + several of them   r reserved
. free
)";

}  // namespace goldens
