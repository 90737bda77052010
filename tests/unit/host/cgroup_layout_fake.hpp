// CgroupLayoutFake: a directory that looks like a machine's cgroup hierarchy, files and all. It enforces
// nothing: what is written stays as it was written.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

#include <actimanager/host/cgroup.hpp>

namespace actimanager::host::testing {

class CgroupLayoutFake {
 public:
  // Of 64 hexadecimal digits, by one of them.
  static std::string container_id(char digit) { return std::string(64, digit); }

  explicit CgroupLayoutFake(CgroupVersion version) : version_(version) {
    std::string name = (std::filesystem::temp_directory_path() / "cgroup-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = name;
  }
  ~CgroupLayoutFake() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  CgroupLayoutFake(const CgroupLayoutFake&) = delete;
  CgroupLayoutFake& operator=(const CgroupLayoutFake&) = delete;

  const std::filesystem::path& root() const { return root_; }

  // A cgroup at this path below the root, and those above it, each with the files of its version.
  void add(const std::string& path, const std::string& cpus = "0-7") {
    std::filesystem::path at = root_;
    fill(at, cpus);
    for (const auto& part : std::filesystem::path(path)) {
      at /= part;
      std::filesystem::create_directory(at);
      fill(at, cpus);
    }
  }
  void add_file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ / path); }
  std::string read(const std::string& path) const {
    std::string line;
    std::ifstream file(root_ / path);
    std::getline(file, line);
    return line;
  }

 private:
  void fill(const std::filesystem::path& directory, const std::string& cpus) const {
    const auto file = [&](const char* name, const std::string& text) {
      if (!std::filesystem::exists(directory / name)) std::ofstream(directory / name) << text << "\n";
    };
    file("cpuset.cpus", cpus);
    file("cpuset.mems", "0");
    file("cgroup.procs", "");
    if (version_ == CgroupVersion::v1) {
      file("cpuset.memory_migrate", "0");
      return;
    }
    file("cgroup.controllers", "cpuset cpu memory");
    file("cpuset.cpus.effective", cpus);
    file("cpuset.mems.effective", "0");
  }

  CgroupVersion version_;
  std::filesystem::path root_;
};

}  // namespace actimanager::host::testing
