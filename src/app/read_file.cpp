#include "read_file.hpp"

#include <fstream>
#include <iterator>

namespace actimanager::app {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::not_found, path + ": cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace actimanager::app
