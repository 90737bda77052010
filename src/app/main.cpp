#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "doctor_command.hpp"
#include "explain_command.hpp"
#include "options.hpp"
#include "reset_command.hpp"
#include "run.hpp"
#include "simulate_command.hpp"
#include "topology_command.hpp"

int main(int argc, char** argv) {
  using namespace actimanager::app;
  try {
    const auto options = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
    if (!options) {
      std::fputs(options.error().text.c_str(), options.error().code == 0 ? stdout : stderr);
      return options.error().code;
    }
    switch (options->command) {
      case Options::Command::topology:
        return topology_command(options->topology, std::cout, std::cerr, isatty(STDOUT_FILENO) != 0);
      case Options::Command::explain:
        return explain_command(options->explain, std::cout, std::cerr);
      case Options::Command::simulate:
        return simulate_command(options->simulate, std::cout, std::cerr, isatty(STDOUT_FILENO) != 0);
      case Options::Command::doctor:
        return doctor_command(options->doctor, std::cout, std::cerr);
      case Options::Command::reset:
        return reset_command(options->reset, std::cout, std::cerr);
      case Options::Command::run:
        return run(options->run);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "actimanager: {}\n", error.what());
  }
  return 1;
}
