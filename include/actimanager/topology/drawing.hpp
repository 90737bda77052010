// Drawing: a machine as a picture for a terminal: sockets, their NUMA nodes, their L3 groups as boxes, in a
// box one column per core with its hardware threads below each other. Optionally says who has each CPU.
//
//   node-a: 1 socket, 1 NUMA node, 2 cores, 4 threads, 8 GiB
//   └─ Socket 0 · CPUs 0-3
//      └─ NUMA node 0 · 8 GiB
//         ┌ L3 16 MiB ┐
//         │  0A  1·   │
//         │  2A  3·   │
//         └───────────┘
//   A default/web · free
//
// Every CPU is drawn exactly once, whatever the topology. Fits `width` columns unless one label alone does
// not. For people: the form may change, programs read the JSON.
#pragma once

#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::topology {

// Somebody who has CPUs. Owners may overlap: a CPU of several is marked '+'.
struct Owner {
  std::string label;  // in the legend: "default/web"
  CpuSet cpus;
};

struct DrawOptions {
  std::string title = "this machine";
  bool ascii = false;   // no character beyond ASCII
  bool colour = false;  // ANSI escapes (256 colours)
  int width = 100;      // columns; below 40 counts as 40

  // With it every CPU carries a mark: a letter for each owner, 'r' reserved, '·' free.
  bool show_owners = false;
  std::vector<Owner> owners;
  CpuSet reserved;
};

// Ends with a newline.
std::string draw(const Topology& topology, const DrawOptions& options = {});

}  // namespace actimanager::topology
