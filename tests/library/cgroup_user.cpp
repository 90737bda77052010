// Somebody else's program: plans how a Pod moves to other CPUs, on a machine that hwloc describes.
#include <iostream>

#include <actimanager/host/discovery.hpp>
#include <actimanager/host/pinning.hpp>

using namespace actimanager;

int main() {
  const auto machine = host::discover({.xml_file = {}, .synthetic = "pack:2 core:2 pu:1"});
  if (!machine) return 1;
  const auto& before = machine->sockets()[0].cpus;
  const auto& after = machine->sockets()[1].cpus;
  const host::CpusetNode pod{
      {before, {}, before, {}}, {after, {}}, {{{before, {}, before, {}}, {after, {}}, {}}}};
  for (const auto& write : host::plan_writes(pod, host::CgroupVersion::v1)) {
    std::cout << (write.node.empty() ? "pod " : "container ") << write.cpus->to_string() << "\n";
  }
  const auto tree = host::CgroupTree::open({.path = "/nowhere"});
  std::cout << (tree ? "" : tree.error().message()) << "\n";
}
