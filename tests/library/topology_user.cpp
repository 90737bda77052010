// Somebody else's program: draws a machine of two cores.
#include <iostream>

#include <actimanager/topology/drawing.hpp>

using namespace actimanager;

int main() {
  topology::Parts parts;
  parts.sockets = {{SocketId{0}, {0, 1}}};
  parts.cores = {{CoreId{0}, SocketId{0}, {0}}, {CoreId{1}, SocketId{0}, {1}}};
  const auto machine = topology::Topology::make(std::move(parts));
  if (!machine) return 1;
  std::cout << topology::draw(*machine, {.title = "two cores", .ascii = true});
}
