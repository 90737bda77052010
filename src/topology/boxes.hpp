// Boxes: the cores that share something, as columns of CPU ids in a frame with a label.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <actimanager/topology/topology.hpp>

#include "marks.hpp"

namespace actimanager::topology {

struct Glyphs {
  std::string_view tee, corner, bar;  // tree: "├─ ", "└─ ", "│  "
  std::string_view top_left, top_right, bottom_left, bottom_right, horizontal, vertical;
  std::string_view dot;  // between the facts of a line: " · "
};
const Glyphs& glyphs(bool ascii);

using Block = std::vector<std::string>;  // lines of one width

struct Section {
  std::string heading;  // "" for none
  std::vector<const Core*> cores;
};

// A frame labelled `label` around the sections' cores, one column each, as many side by side as fit `width`.
Block make_box(const std::string& label, const std::vector<Section>& sections, const Marks& marks, int digits,
               int width, const Glyphs& glyphs);

// The blocks from left to right, in as many rows as `width` makes necessary.
Block arrange(const std::vector<Block>& blocks, int width);

}  // namespace actimanager::topology
