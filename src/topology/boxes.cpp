#include "boxes.hpp"

#include <algorithm>

#include "text.hpp"

namespace actimanager::topology {
namespace {

constexpr Glyphs box_drawing{"├─ ", "└─ ", "│  ", "┌", "┐", "└", "┘", "─", "│", " · "};
constexpr Glyphs plain{"|- ", "`- ", "|  ", "+", "+", "+", "+", "-", "|", ", "};

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(0, width - columns(text))), ' ');
}

// A row's length: all if they fit, else whole eights (people count in them) of about equal rows.
std::size_t cores_per_row(std::size_t cores, std::size_t fit) {
  if (cores <= fit) return std::max<std::size_t>(cores, 1);
  if (fit >= 8) return fit / 8 * 8;
  return fit >= 4 ? 4 : std::max<std::size_t>(fit, 1);
}

void add_rows(std::vector<std::string>& lines, const std::vector<const Core*>& cores, const Marks& marks,
              int digits, std::size_t per_row) {
  const auto cell_width = static_cast<std::size_t>(digits) + (marks.shown() ? 1 : 0);
  for (std::size_t first = 0; first < cores.size(); first += per_row) {
    const auto last = std::min(first + per_row, cores.size());
    std::vector<std::vector<CpuId>> threads;
    std::size_t deepest = 0;
    for (std::size_t i = first; i < last; ++i) {
      threads.emplace_back(cores[i]->cpus.begin(), cores[i]->cpus.end());
      deepest = std::max(deepest, threads.back().size());
    }
    if (first > 0 && deepest > 1) lines.emplace_back();  // else it is not seen which rows are one core's
    for (std::size_t thread = 0; thread < deepest; ++thread) {
      std::string line;
      for (const auto& of_core : threads) {
        line += ' ';
        line += thread < of_core.size() ? marks.cell(of_core[thread], digits) : std::string(cell_width, ' ');
      }
      lines.push_back(std::move(line));
    }
  }
}

std::string repeated(std::string_view glyph, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += glyph;
  return text;
}

}  // namespace

const Glyphs& glyphs(bool ascii) {
  return ascii ? plain : box_drawing;
}

Block make_box(const std::string& label, const std::vector<Section>& sections, const Marks& marks, int digits,
               int width, const Glyphs& glyphs) {
  const int cell = digits + (marks.shown() ? 1 : 0) + 1;
  const int fit = std::max(1, (width - 3) / cell);
  std::vector<std::string> lines;
  for (const auto& section : sections) {
    if (!section.heading.empty()) lines.push_back(" " + section.heading);
    add_rows(lines, section.cores, marks, digits,
             cores_per_row(section.cores.size(), static_cast<std::size_t>(fit)));
  }
  int inner = label.empty() ? 0 : columns(label) + 1;
  for (const auto& line : lines) inner = std::max(inner, columns(line));
  ++inner;  // a space before the frame

  Block block;
  const auto title = label.empty() ? std::string() : " " + label + " ";
  block.push_back(std::string(glyphs.top_left) + title + repeated(glyphs.horizontal, inner - columns(title)) +
                  std::string(glyphs.top_right));
  for (const auto& line : lines) {
    block.push_back(std::string(glyphs.vertical) + padded(line, inner) + std::string(glyphs.vertical));
  }
  block.push_back(std::string(glyphs.bottom_left) + repeated(glyphs.horizontal, inner) +
                  std::string(glyphs.bottom_right));
  return block;
}

Block arrange(const std::vector<Block>& blocks, int width) {
  Block lines;
  for (std::size_t first = 0; first < blocks.size();) {
    std::size_t last = first;
    int used = -1;
    std::size_t height = 0;
    while (last < blocks.size() && (last == first || used + 1 + columns(blocks[last].front()) <= width)) {
      used += 1 + columns(blocks[last].front());
      height = std::max(height, blocks[last].size());
      ++last;
    }
    for (std::size_t row = 0; row < height; ++row) {
      std::string line;
      for (std::size_t i = first; i < last; ++i) {
        if (i > first) line += ' ';
        line += padded(row < blocks[i].size() ? blocks[i][row] : "", columns(blocks[i].front()));
      }
      line.resize(line.find_last_not_of(' ') + 1);
      lines.push_back(std::move(line));
    }
    first = last;
  }
  return lines;
}

}  // namespace actimanager::topology
