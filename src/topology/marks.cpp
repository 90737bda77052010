#include "marks.hpp"

#include <fmt/format.h>

#include "text.hpp"

namespace actimanager::topology {
namespace {

// 'r' is taken by reserved CPUs; whoever comes after the letters shares '#'.
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqstuvwxyz";
// Apart from each other, readable on dark and light backgrounds.
constexpr int palette[] = {39, 208, 35, 170, 178, 69, 203, 43, 141, 106, 168, 74};
constexpr int reserved_colour = 244;
constexpr int several_colour = 196;

}  // namespace

Marks::Marks(const DrawOptions& options)
    : shown_(options.show_owners),
      colour_(options.colour),
      free_{options.ascii ? "." : "·", -1},
      reserved_(options.reserved),
      owners_(options.owners) {
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    const int colour = palette[i % std::size(palette)];
    owner_marks_.push_back({i < letters.size() ? std::string(1, letters[i]) : "#", colour});
  }
}

Marks::Mark Marks::mark_of(CpuId cpu) const {
  const Mark* found = nullptr;
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    if (!owners_[i].cpus.contains(cpu)) continue;
    if (found != nullptr) return {"+", several_colour};
    found = &owner_marks_[i];
  }
  if (found != nullptr) return *found;
  if (reserved_.contains(cpu)) return {"r", reserved_colour};
  return free_;
}

std::string Marks::paint(const Mark& mark, const std::string& text) const {
  if (!colour_ || mark.colour < 0) return text;
  return fmt::format("\x1b[38;5;{}m{}\x1b[0m", mark.colour, text);
}

std::string Marks::cell(CpuId cpu, int digits) const {
  auto id = fmt::format("{:>{}}", cpu.value, digits);
  if (!shown_) return id;
  const auto mark = mark_of(cpu);
  return paint(mark, id + mark.text);
}

std::vector<std::string> Marks::legend(const CpuSet& all, int width) const {
  if (!shown_) return {};
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    const auto cpus = owners_[i].cpus.to_string();
    entries.push_back(paint(owner_marks_[i], owner_marks_[i].text) + " " + owners_[i].label +
                      (cpus.empty() || cpus.size() > 24 ? "" : " (" + cpus + ")"));
  }
  bool several = false, reserved = false, free = false;
  for (const CpuId cpu : all) {
    const auto text = mark_of(cpu).text;
    several = several || text == "+";
    reserved = reserved || text == "r";
    free = free || text == free_.text;
  }
  if (several) entries.push_back(paint({"+", several_colour}, "+") + " several of them");
  if (reserved) entries.push_back(paint({"r", reserved_colour}, "r") + " reserved");
  if (free) entries.push_back(free_.text + " free");

  std::vector<std::string> lines;
  for (const auto& entry : entries) {
    if (!lines.empty() && columns(lines.back()) + 3 + columns(entry) <= width) {
      lines.back() += "   " + entry;
    } else {
      lines.push_back(entry);
    }
  }
  return lines;
}

}  // namespace actimanager::topology
