// The mark and colour of each CPU in a drawing, and the legend that explains them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <actimanager/topology/drawing.hpp>

namespace actimanager::topology {

class Marks {
 public:
  explicit Marks(const DrawOptions& options);

  bool shown() const { return shown_; }
  // The CPU's id, right-aligned in `digits` columns, and its mark: "  3A".
  std::string cell(CpuId cpu, int digits) const;
  // Lines that explain the marks, of those only that some CPU of `all` carries; empty if none are shown.
  std::vector<std::string> legend(const CpuSet& all, int width) const;

 private:
  struct Mark {
    std::string text;
    int colour = -1;  // of the 256; -1: the terminal's own
    bool operator==(const Mark&) const = default;
  };
  Mark mark_of(CpuId cpu) const;
  std::string paint(const Mark& mark, const std::string& text) const;

  bool shown_;
  bool colour_;
  Mark free_;
  CpuSet reserved_;
  std::vector<Mark> owner_marks_;  // as options.owners
  std::vector<Owner> owners_;
};

}  // namespace actimanager::topology
