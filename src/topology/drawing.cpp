#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <actimanager/topology/drawing.hpp>

#include "boxes.hpp"
#include "marks.hpp"
#include "text.hpp"

namespace actimanager::topology {
namespace {

struct Branch {
  std::string label;
  std::vector<const Core*> cores;  // drawn as boxes
  std::vector<Branch> branches;
};

class Drawing {
 public:
  Drawing(const Topology& topology, const DrawOptions& options)
      : topology_(topology),
        options_(options),
        glyphs_(glyphs(options.ascii)),
        marks_(options),
        width_(std::max(40, options.width)),
        digits_(std::max(2, columns(std::to_string(topology.cpus().last().value_or(CpuId{0}).value)))) {}

  std::string text() {
    line(bold(title()));
    std::vector<Branch> branches;
    for (const auto& socket : topology_.sockets()) branches.push_back(branch_of(socket));
    for (const auto& node : topology_.numa_nodes()) {
      if (node.cpus.empty()) branches.push_back({facts_of(node, {"memory only"}), {}, {}});
    }
    for (std::size_t i = 0; i < branches.size(); ++i) add(branches[i], "", i + 1 == branches.size());
    for (const auto& entry : marks_.legend(topology_.cpus(), width_)) line(entry);
    return std::move(text_);
  }

 private:
  std::string title() const {
    std::uint64_t memory = 0;
    for (const auto& node : topology_.numa_nodes()) memory += node.memory_bytes;
    auto title = fmt::format("{}: {}", options_.title, count(topology_.sockets().size(), "socket"));
    if (const auto nodes = topology_.numa_nodes().size(); nodes > 0)
      title += ", " + count(nodes, "NUMA node");
    title += ", " + count(topology_.cores().size(), "core");
    title += ", " + count(static_cast<std::size_t>(topology_.cpus().size()), "thread");
    if (memory > 0) title += ", " + format_bytes(memory);
    return title;
  }

  std::string bold(const std::string& text) const {
    return options_.colour ? "\x1b[1m" + text + "\x1b[0m" : text;
  }

  // "CPUs 0-3,8-11", or how many they are where the list would not be read anyway.
  static std::string cpus_in_words(const CpuSet& cpus) {
    const auto list = cpus.to_string();
    if (list.size() > 40) return fmt::format("{} CPUs", cpus.size());
    return (cpus.size() == 1 ? "CPU " : "CPUs ") + list;
  }

  std::string facts_of(const NumaNode& node, const std::vector<std::string>& more) const {
    auto facts = fmt::format("NUMA node {}", node.id.value);
    if (node.memory_bytes > 0) facts += fmt::format("{}{}", glyphs_.dot, format_bytes(node.memory_bytes));
    for (const auto& fact : more) facts += fmt::format("{}{}", glyphs_.dot, fact);
    if (node.distances.size() > 1) {
      facts += fmt::format("{}distances {}", glyphs_.dot, fmt::join(node.distances, " "));
    }
    return facts;
  }

  // A core belongs where its first CPU is, so that none is drawn twice.
  const NumaNode* numa_node_of(const Core& core) const { return topology_.numa_node_of(*core.cpus.first()); }
  const Cache* cache_of(const Core& core) const {
    const auto of_core = [&](const Cache& cache) { return cache.cpus.contains(*core.cpus.first()); };
    const auto it = std::ranges::find_if(topology_.caches(), of_core);
    return it == topology_.caches().end() ? nullptr : &*it;
  }

  Branch branch_of(const Socket& socket) const {
    Branch branch{bold(fmt::format("Socket {}", socket.id.value)) + std::string(glyphs_.dot) +
                      cpus_in_words(socket.cpus),
                  {},
                  {}};
    std::map<const NumaNode*, std::vector<const Core*>> nodes;  // nullptr: in none
    for (const auto& core : topology_.cores()) {
      if (core.socket == socket.id) nodes[numa_node_of(core)].push_back(&core);
    }
    for (auto& [node, cores] : nodes) {
      if (node == nullptr) {
        branch.cores = std::move(cores);
        continue;
      }
      std::vector<std::string> more;
      if (!socket.cpus.includes(node->cpus)) {
        more.emplace_back("in part");
      } else if (node->cpus != socket.cpus) {
        more.push_back(cpus_in_words(node->cpus));
      }
      branch.branches.push_back({facts_of(*node, more), std::move(cores), {}});
    }
    return branch;
  }

  // By L3 group, and in a group by kind of core.
  std::vector<Block> boxes_of(const std::vector<const Core*>& cores, int width) const {
    std::vector<std::pair<const Cache*, std::vector<const Core*>>> groups;
    for (const auto* core : cores) {
      const auto* cache = cache_of(*core);
      auto it = std::ranges::find(groups, cache, [](const auto& group) { return group.first; });
      if (it == groups.end()) it = groups.insert(groups.end(), {cache, {}});
      it->second.push_back(core);
    }
    std::vector<Block> boxes;
    for (const auto& [cache, of_group] : groups) {
      std::string label;
      if (cache != nullptr) {
        label = fmt::format("L{}", cache->level);
        if (cache->size_bytes > 0) label += " " + format_bytes(cache->size_bytes);
      }
      boxes.push_back(make_box(label, sections_of(of_group), marks_, digits_, width, glyphs_));
    }
    return boxes;
  }

  std::vector<Section> sections_of(const std::vector<const Core*>& cores) const {
    std::vector<Section> sections;
    for (const auto& kind : topology_.cpu_kinds()) sections.push_back({kind.name, {}});
    sections.push_back({"", {}});
    for (const auto* core : cores) {
      const auto& kinds = topology_.cpu_kinds();
      const auto kind =
          std::ranges::find_if(kinds, [&](const CpuKind& k) { return k.cpus.contains(*core->cpus.first()); });
      sections[static_cast<std::size_t>(kind - kinds.begin())].cores.push_back(core);
    }
    std::erase_if(sections, [](const Section& section) { return section.cores.empty(); });
    return sections;
  }

  void add(const Branch& branch, const std::string& indent, bool last) {
    line(indent + std::string(last ? glyphs_.corner : glyphs_.tee) + branch.label);
    const auto below = indent + (last ? "   " : std::string(glyphs_.bar));
    if (!branch.cores.empty()) {
      const int width = width_ - columns(below);
      for (const auto& box_line : arrange(boxes_of(branch.cores, width), width)) line(below + box_line);
    }
    for (std::size_t i = 0; i < branch.branches.size(); ++i) {
      add(branch.branches[i], below, i + 1 == branch.branches.size());
    }
  }

  void line(const std::string& text) {
    text_ += text;
    text_ += '\n';
  }

  const Topology& topology_;
  const DrawOptions& options_;
  const Glyphs& glyphs_;
  Marks marks_;
  int width_;
  int digits_;
  std::string text_;
};

}  // namespace

std::string draw(const Topology& topology, const DrawOptions& options) {
  return Drawing(topology, options).text();
}

}  // namespace actimanager::topology
