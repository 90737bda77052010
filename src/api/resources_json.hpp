// JSON of what Pods and Nodes share: resource lists and node selectors.
#pragma once

#include <optional>

#include <actimanager/api/pod.hpp>

#include "meta_json.hpp"

namespace actimanager::api {

// "500m", or an integer; anything else is an error of the cursor's.
std::optional<Quantity> decode_quantity(JsonCursor value);
ResourceList decode_resource_list(JsonCursor object);
NodeSelectorTerm decode_node_selector_term(JsonCursor term);

}  // namespace actimanager::api
