#include <cerrno>
#include <fstream>

#include <actimanager/kube/read_file.hpp>

namespace actimanager::kube {

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char buffer[16 << 10];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0)
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
  if (file.is_open() && !file.bad()) return text;
  return fail(std::error_code(errno, std::generic_category()), path + ": cannot be read");
}

}  // namespace actimanager::kube
