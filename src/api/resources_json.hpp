// JSON of what Pods and Nodes share: resource lists and node selectors.
#pragma once

#include <actimanager/api/pod.hpp>

#include "meta_json.hpp"

namespace actimanager::api {

ResourceList decode_resource_list(JsonCursor object);
NodeSelectorTerm decode_node_selector_term(JsonCursor term);

}  // namespace actimanager::api
