// Text in columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace actimanager::app {

// Rows of cells, the first being the heading; columns are as wide as their widest cell, cells of numbers
// stand to the right. Lines end with a newline and have no trailing spaces.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace actimanager::app
