#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/kube/read_file.hpp>

using namespace actimanager;

TEST_CASE("read_file: all of it, or an error that names it") {
  const auto path = std::filesystem::temp_directory_path() / ("read-file-" + std::to_string(::getpid()));
  for (const std::size_t size : {0, 1, 16 << 10, 100'000}) {
    std::string text(size, 'x');
    if (size > 0) text.back() = '\0';
    std::ofstream(path, std::ios::binary) << text;
    CHECK(kube::read_file(path).value() == text);
  }
  std::filesystem::remove(path);
  for (const auto& none : {path.string(), std::string("/tmp"), std::string()}) {
    const auto read = kube::read_file(none);
    REQUIRE_FALSE(read);
    CHECK(read.error().context == none + ": cannot be read");
  }
}
