#include <algorithm>

#include <actimanager/host/cgroup_names.hpp>

namespace actimanager::host {
namespace {

constexpr std::size_t container_id_length = 64;
constexpr std::size_t max_uid_length = 253;  // a UID is any name to the API server, usually a UUID

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_uid_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.';
}

bool is_uid(std::string_view text) {
  return !text.empty() && text.size() <= max_uid_length && std::ranges::all_of(text, is_uid_char);
}

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// kubepods, or what systemd makes of a kubepods below other cgroups: kubelet-kubepods.
bool is_kubepods_stem(std::string_view stem) {
  return stem == "kubepods" || stem.ends_with("-kubepods");
}

}  // namespace

std::string_view to_string(CgroupDriver driver) {
  switch (driver) {
    case CgroupDriver::systemd:
      return "systemd";
    case CgroupDriver::cgroupfs:
      return "cgroupfs";
    case CgroupDriver::unknown:
      break;
  }
  return "";
}

bool is_kubepods(std::string_view name) {
  return name == "kubepods" || (remove_suffix(name, ".slice") && is_kubepods_stem(name));
}

bool is_qos_class(std::string_view name) {
  if (name == "burstable" || name == "besteffort") return true;
  if (!remove_suffix(name, ".slice")) return false;
  return (remove_suffix(name, "-burstable") || remove_suffix(name, "-besteffort")) && is_kubepods_stem(name);
}

std::optional<PodName> parse_pod_name(std::string_view name) {
  if (remove_suffix(name, ".slice")) {
    // A UID has no "-" here (systemd would nest it), so the last one starts the part.
    std::size_t dash = name.rfind("-pod");
    if (dash == std::string_view::npos) return std::nullopt;
    std::string_view stem = name.substr(0, dash);
    if (!is_kubepods_stem(stem) && !remove_suffix(stem, "-burstable") && !remove_suffix(stem, "-besteffort"))
      return std::nullopt;
    if (!is_kubepods_stem(stem)) return std::nullopt;
    std::string uid(name.substr(dash + 4));
    std::ranges::replace(uid, '_', '-');
    if (!is_uid(uid)) return std::nullopt;
    return PodName{std::move(uid), CgroupDriver::systemd};
  }
  if (!name.starts_with("pod")) return std::nullopt;
  name.remove_prefix(3);
  if (!is_uid(name)) return std::nullopt;
  return PodName{std::string(name), CgroupDriver::cgroupfs};
}

std::optional<std::string> parse_container_name(std::string_view name) {
  remove_suffix(name, ".scope");
  if (name.size() < container_id_length) return std::nullopt;
  std::string_view id = name.substr(name.size() - container_id_length);
  std::string_view runtime = name.substr(0, name.size() - container_id_length);
  if (!std::ranges::all_of(id, is_lower_hex)) return std::nullopt;
  if (!runtime.empty() && (!remove_suffix(runtime, "-") || runtime.empty())) return std::nullopt;
  if (runtime.ends_with("conmon")) return std::nullopt;
  return std::string(id);
}

}  // namespace actimanager::host
