// SystemdFake: answers on a socket as D-Bus and systemd do for the two calls we have, as far as a client can
// tell: units with a ControlGroup, AllowedCPUs, AllowedMemoryNodes and CPUQuotaPerSecUSec. A thread of its
// own.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace actimanager::host::systemd::testing {

class SystemdFake {
 public:
  enum class Mood { well, silent, hangs_up, denies };
  struct Unit {
    std::string control_group;
    std::map<std::string, std::vector<std::uint8_t>> properties{{"AllowedCPUs", {}},
                                                                {"AllowedMemoryNodes", {}}};
    std::uint64_t quota = UINT64_MAX;
  };

  SystemdFake() {
    std::string name = (std::filesystem::temp_directory_path() / "systemd-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket().copy(address.sun_path, sizeof address.sun_path - 1);
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listening_, 8) != 0)
      throw std::runtime_error("listen");
    thread_ = std::thread([this] { serve(); });
  }
  ~SystemdFake() {
    stop_ = true;
    thread_.join();
    ::close(listening_);
    std::filesystem::remove_all(directory_);
  }
  SystemdFake(const SystemdFake&) = delete;
  SystemdFake& operator=(const SystemdFake&) = delete;

  std::string socket() const { return (directory_ / "bus").string(); }

  void add(const std::string& unit, const std::string& control_group, std::vector<std::uint8_t> cpus = {}) {
    const std::lock_guard lock(mutex_);
    units_[unit].control_group = control_group;
    units_[unit].properties["AllowedCPUs"] = std::move(cpus);
  }
  void limit(const std::string& unit, std::uint64_t microseconds_per_second) {
    const std::lock_guard lock(mutex_);
    units_[unit].quota = microseconds_per_second;
  }
  std::uint64_t quota(const std::string& unit) {
    const std::lock_guard lock(mutex_);
    return units_.at(unit).quota;
  }
  std::vector<std::uint8_t> property(const std::string& unit, const std::string& name) {
    const std::lock_guard lock(mutex_);
    return units_.at(unit).properties.at(name);
  }
  // "get <unit> <property>", "set <unit> <property>", in order; forgotten when told.
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }
  std::atomic<Mood> mood{Mood::well};

 private:
  void serve() {
    std::vector<sd_bus*> connections;
    while (!stop_) {
      pollfd waits{listening_, POLLIN, 0};
      ::poll(&waits, 1, 1);
      if (const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); fd >= 0)
        connections.push_back(connect(fd));
      for (auto*& bus : connections) {
        int processed = 1;
        while (bus != nullptr && processed > 0) processed = sd_bus_process(bus, nullptr);
        if (processed < 0 || hang_up_) bus = sd_bus_close_unref(bus);
        hang_up_ = false;
      }
      std::erase(connections, nullptr);
    }
    for (auto* bus : connections) sd_bus_close_unref(bus);
  }

  sd_bus* connect(int fd) {
    sd_bus* bus = nullptr;
    sd_id128_t id{};
    sd_id128_randomize(&id);
    if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
        sd_bus_add_filter(bus, nullptr, on_message, this) < 0 || sd_bus_start(bus) < 0)
      throw std::runtime_error("sd_bus_start");
    return bus;
  }

  static int on_message(sd_bus_message* message, void* fake, sd_bus_error* /*unused*/) {
    return static_cast<SystemdFake*>(fake)->answer(message);
  }

  int answer(sd_bus_message* message) {
    if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus", "Hello") > 0)
      return sd_bus_reply_method_return(message, "s", ":1.1");
    switch (mood) {
      case Mood::silent:
        return 1;
      case Mood::hangs_up:
        hang_up_ = true;
        return 1;
      case Mood::denies:
        return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_ACCESS_DENIED, "not for you");
      case Mood::well:
        break;
    }
    const std::lock_guard lock(mutex_);
    if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "Get") > 0)
      return get(message);
    if (sd_bus_message_is_method_call(message, "org.freedesktop.systemd1.Manager", "SetUnitProperties") > 0)
      return set(message);
    return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_UNKNOWN_METHOD, "no such method");
  }

  int get(sd_bus_message* message) {
    char* unit = nullptr;
    const char *interface = nullptr, *property = nullptr;
    sd_bus_path_decode(sd_bus_message_get_path(message), "/org/freedesktop/systemd1/unit", &unit);
    sd_bus_message_read(message, "ss", &interface, &property);
    const std::string name = unit == nullptr ? "" : unit;
    ::free(unit);
    calls_.push_back("get " + name + " " + property);
    const auto known = units_.find(name);
    if (known == units_.end()) return no_such_unit(message);
    if (std::string_view(property) == "ControlGroup")
      return sd_bus_reply_method_return(message, "v", "s", known->second.control_group.c_str());
    if (std::string_view(property) == "CPUQuotaPerSecUSec")
      return sd_bus_reply_method_return(message, "v", "t", known->second.quota);
    const auto& bytes = known->second.properties.at(property);
    sd_bus_message* reply = nullptr;
    sd_bus_message_new_method_return(message, &reply);
    sd_bus_message_open_container(reply, 'v', "ay");
    sd_bus_message_append_array(reply, 'y', bytes.data(), bytes.size());
    sd_bus_message_close_container(reply);
    const int sent = sd_bus_send(nullptr, reply, nullptr);
    sd_bus_message_unref(reply);
    return sent;
  }

  int set(sd_bus_message* message) {
    const char *unit = nullptr, *property = nullptr;
    int runtime = 0;
    sd_bus_message_read(message, "sb", &unit, &runtime);
    const auto known = units_.find(unit);
    if (known == units_.end() || runtime == 0) return no_such_unit(message);
    sd_bus_message_enter_container(message, 'a', "(sv)");
    while (sd_bus_message_enter_container(message, 'r', "sv") > 0) {
      const void* bytes = nullptr;
      std::size_t size = 0;
      sd_bus_message_read(message, "s", &property);
      if (std::string_view(property) == "CPUQuotaPerSecUSec") {
        sd_bus_message_read(message, "v", "t", &known->second.quota);
      } else {
        sd_bus_message_enter_container(message, 'v', "ay");
        sd_bus_message_read_array(message, 'y', &bytes, &size);
        sd_bus_message_exit_container(message);
        const auto* first = static_cast<const std::uint8_t*>(bytes);
        known->second.properties[property] = {first, first + size};
      }
      sd_bus_message_exit_container(message);
      calls_.push_back(std::string("set ") + unit + " " + property);
    }
    return sd_bus_reply_method_return(message, "");
  }

  static int no_such_unit(sd_bus_message* message) {
    return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchUnit", "Unit not loaded.");
  }

  std::filesystem::path directory_;
  int listening_ = -1;
  std::atomic<bool> stop_{false};
  bool hang_up_ = false;
  std::mutex mutex_;
  std::map<std::string, Unit> units_;
  std::vector<std::string> calls_;
  std::thread thread_;
};

}  // namespace actimanager::host::systemd::testing
