#include <fstream>

#include <actimanager/kube/read_file.hpp>

namespace actimanager::kube {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char buffer[16 << 10];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0)
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) return fail(Errc::not_found, path + ": cannot be read");
  return text;
}

}  // namespace actimanager::kube
