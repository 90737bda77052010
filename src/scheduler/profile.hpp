#pragma once

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/scheduler/config.hpp>

namespace actimanager::scheduler {

// Reads profiles[i]; what is wrong goes to the cursor's document.
Profile read_profile(api::JsonCursor document, std::string name);

}  // namespace actimanager::scheduler
