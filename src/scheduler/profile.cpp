// One profile of a configuration: which plugins it enables where, as upstream merges its defaults, MultiPoint
// and the single extension points.
#include "profile.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "plugins/helpers.hpp"
#include "registry.hpp"

namespace actimanager::scheduler {
namespace {

using api::JsonCursor;

struct PointName {
  const char* name;
  Point point;
};
constexpr std::array point_names = {PointName{"queueSort", Point::queue_sort},
                                    PointName{"preEnqueue", Point::pre_enqueue},
                                    PointName{"preFilter", Point::pre_filter},
                                    PointName{"filter", Point::filter},
                                    PointName{"postFilter", Point::post_filter},
                                    PointName{"preScore", Point::pre_score},
                                    PointName{"score", Point::score},
                                    PointName{"reserve", Point::reserve},
                                    PointName{"permit", Point::permit},
                                    PointName{"preBind", Point::pre_bind},
                                    PointName{"bind", Point::bind},
                                    PointName{"postBind", Point::post_bind}};

struct Enabled {
  std::string name;
  std::int64_t weight = 1;
};
struct PluginSet {
  std::vector<Enabled> enabled;
  std::set<std::string, std::less<>> disabled;
};

bool lists(const std::vector<Enabled>& list, std::string_view name) {
  return std::ranges::find(list, name, &Enabled::name) != list.end();
}

const Registered* known_plugin(JsonCursor item) {
  const auto name = item["name"];
  if (!name) item.fail("name is required");
  const auto* registered = find_registered(name.string());
  if (registered == nullptr) name.fail(fmt::format("there is no plugin \"{}\"", name.string()));
  return registered;
}

PluginSet read_set(JsonCursor cursor) {
  PluginSet set;
  only_fields(cursor, {"enabled", "disabled"});
  cursor["enabled"].each([&](JsonCursor item) {
    only_fields(item, {"name", "weight"});
    const auto* registered = known_plugin(item);
    if (registered == nullptr) return;
    Enabled enabled{std::string(registered->name),
                    item["weight"].integer_between(0, std::numeric_limits<std::int32_t>::max(), 0)};
    // A plugin listed without a weight weighs 1, also where upstream's default for it is more.
    if (enabled.weight == 0) enabled.weight = registered->places_cpus ? registered->weight : 1;
    if (lists(set.enabled, enabled.name)) item.fail("this plugin is enabled twice here");
    set.enabled.push_back(std::move(enabled));
  });
  cursor["disabled"].each([&](JsonCursor item) {
    only_fields(item, {"name", "weight"});
    const auto name = item["name"].string();
    if (name == "*" || known_plugin(item) != nullptr) set.disabled.insert(name);
  });
  return set;
}

// Upstream's default MultiPoint set with the profile's own edits: what is listed again keeps its place.
std::vector<Enabled> merge_with_defaults(const PluginSet& custom) {
  std::vector<Enabled> merged;
  std::set<std::string_view> replaced;
  if (!custom.disabled.contains("*")) {
    for (const auto& plugin : registry()) {
      if (!plugin.by_default || custom.disabled.contains(plugin.name)) continue;
      const auto own = std::ranges::find(custom.enabled, plugin.name, &Enabled::name);
      merged.push_back(own != custom.enabled.end() ? *own : Enabled{std::string(plugin.name), plugin.weight});
      if (own != custom.enabled.end()) replaced.insert(plugin.name);
    }
  }
  for (const auto& enabled : custom.enabled) {
    if (!replaced.contains(enabled.name)) merged.push_back(enabled);
  }
  return merged;
}

class Builder {
 public:
  explicit Builder(JsonCursor document) : document_(document) {}

  Profile build(std::string name) {
    profile_.name = std::move(name);
    const auto sets = document_["plugins"];
    read_args();
    const PluginSet multi_point = read_set(sets["multiPoint"]);
    const auto everywhere = merge_with_defaults(multi_point);

    sets.each_member([&](std::string_view key, JsonCursor member) {
      if (key != "multiPoint" && std::ranges::find(point_names, key, [](const auto& p) {
                                   return std::string_view(p.name);
                                 }) == point_names.end()) {
        member.fail("unknown field");
      }
    });
    for (const auto& enabled : everywhere) instantiate(enabled.name);
    for (const auto& point : point_names) expand(point, sets[point.name], everywhere);
    require_cpu_plugins();
    require_preparation();
    take_points();
    require_one_queue_sort();
    weigh(everywhere);
    return std::move(profile_);
  }

 private:
  void read_args() {
    document_["pluginConfig"].each([&](JsonCursor item) {
      only_fields(item, {"name", "args"});
      const auto* registered = known_plugin(item);
      if (registered == nullptr) return;
      if (!args_.emplace(registered->name, item["args"]).second) item.fail("this plugin is configured twice");
      instantiate(registered->name);
    });
  }

  // nullptr for those without a factory.
  const Plugin* instantiate(std::string_view name) {
    if (const auto it = made_.find(name); it != made_.end()) return it->second;
    const auto* registered = find_registered(name);
    const auto given = args_.find(name);
    const JsonCursor args = given != args_.end() ? given->second : nothing_.root();
    if (registered->make == nullptr) return made_[registered->name] = nullptr;
    args.each_member([&](std::string_view key, JsonCursor member) {
      if (key == "kind" && member.string() != fmt::format("{}Args", registered->name))
        member.fail(fmt::format("\"{}\" is not {}Args", member.string(), registered->name));
      if (key != "apiVersion" && key != "kind" &&
          std::ranges::find(registered->args, key) == registered->args.end()) {
        member.fail("unknown field");
      }
    });
    profile_.plugins.push_back(registered->make(args));
    return made_[registered->name] = profile_.plugins.back().get();
  }

  void expand(const PointName& point, JsonCursor cursor, const std::vector<Enabled>& everywhere) {
    const PluginSet set = read_set(cursor);
    std::size_t i = 0;
    cursor["enabled"].each([&](JsonCursor item) {
      if (i >= set.enabled.size()) return;  // an error was found before
      const auto& name = set.enabled[i++].name;
      const auto* plugin = instantiate(name);
      if (plugin == nullptr || find_registered(name)->places_cpus || has(plugin->points(), point.point))
        return;
      item.fail(fmt::format("{} has no {} point", name, point.name));
    });
    if (point.point == Point::score) scored_here_ = set.enabled;
    if (point.point == Point::bind) require_binder(set, everywhere);

    std::vector<const Plugin*> order;
    const auto append = [&](std::string_view name) {
      const auto* plugin = instantiate(name);
      if (plugin != nullptr && has(plugin->points(), point.point)) order.push_back(plugin);
    };
    const bool all_disabled = set.disabled.contains("*");
    // First those of MultiPoint that are listed here again, in this order; then the rest of MultiPoint; then
    // the rest of this list.
    if (!all_disabled) {
      for (const auto& enabled : set.enabled) {
        if (lists(everywhere, enabled.name)) append(enabled.name);
      }
      for (const auto& enabled : everywhere) {
        if (!set.disabled.contains(enabled.name) && !lists(set.enabled, enabled.name)) append(enabled.name);
      }
    }
    for (const auto& enabled : set.enabled) {
      if (all_disabled || !lists(everywhere, enabled.name)) append(enabled.name);
    }
    for (const auto& enabled : set.enabled) {
      if (find_registered(enabled.name)->places_cpus) cpu_plugins_.insert(enabled.name);
    }
    for (const auto& enabled : everywhere) {
      if (find_registered(enabled.name)->places_cpus) cpu_plugins_.insert(enabled.name);
    }
    points_[point.point] = std::move(order);
  }

  void require_binder(const PluginSet& at_bind, const std::vector<Enabled>& everywhere) {
    constexpr std::string_view binder = "DefaultBinder";
    const bool left = !at_bind.disabled.contains("*") && !at_bind.disabled.contains(binder);
    // WorkloadAware used to bind, too: configurations of that time list it there.
    const bool listed = std::ranges::any_of(at_bind.enabled, [&](const Enabled& enabled) {
      return enabled.name == binder || find_registered(enabled.name)->places_cpus;
    });
    if (!listed && !(left && lists(everywhere, binder))) document_.fail("needs a bind plugin, has none");
  }

  // A Filter answer is a promise that Reserve keeps: whoever places CPUs does both, wherever it was enabled.
  void require_cpu_plugins() {
    for (const auto& name : cpu_plugins_) {
      for (const Point point : {Point::pre_filter, Point::filter, Point::reserve})
        require(instantiate(name), point);
    }
  }

  // Filter and Score say what follows from what PreFilter and PreScore of the same plugin have found out.
  void require_preparation() {
    for (const auto [point, preparation] :
         {std::pair{Point::filter, Point::pre_filter}, std::pair{Point::score, Point::pre_score}}) {
      for (const auto* plugin : points_[point]) {
        if (has(plugin->points(), preparation)) require(plugin, preparation);
      }
    }
  }

  void require(const Plugin* plugin, Point point) {
    auto& list = points_[point];
    if (std::ranges::find(list, plugin) == list.end()) list.push_back(plugin);
  }

  void take_points() {
    profile_.pre_enqueue = points_[Point::pre_enqueue];
    profile_.pre_filter = points_[Point::pre_filter];
    profile_.filter = points_[Point::filter];
    profile_.post_filter = points_[Point::post_filter];
    profile_.pre_score = points_[Point::pre_score];
    profile_.reserve = points_[Point::reserve];
  }

  void require_one_queue_sort() {
    const auto count = points_[Point::queue_sort].size();
    if (count != 1) document_.fail(fmt::format("needs one queueSort plugin, has {}", count));
  }

  void weigh(const std::vector<Enabled>& everywhere) {
    for (const auto* plugin : points_[Point::score]) {
      // The score point's own list has the first word.
      for (const std::vector<Enabled>* list : {&std::as_const(scored_here_), &everywhere}) {
        const auto it = std::ranges::find(*list, plugin->name(), &Enabled::name);
        if (it == list->end()) continue;
        profile_.score.push_back({plugin, it->weight});
        break;
      }
    }
  }

  JsonCursor document_;
  const api::JsonValue null_;
  api::JsonReader nothing_{null_};
  Profile profile_;
  std::map<std::string_view, JsonCursor> args_;
  std::map<std::string_view, const Plugin*> made_;
  std::map<Point, std::vector<const Plugin*>> points_;
  std::vector<Enabled> scored_here_;
  std::set<std::string> cpu_plugins_;
};

}  // namespace

Profile read_profile(api::JsonCursor document, std::string name) {
  return Builder(document).build(std::move(name));
}

const Plugin* Profile::plugin(std::string_view plugin_name) const {
  const auto it = std::ranges::find(plugins, plugin_name, [](const auto& plugin) { return plugin->name(); });
  return it == plugins.end() ? nullptr : it->get();
}

}  // namespace actimanager::scheduler
