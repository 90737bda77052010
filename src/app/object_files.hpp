// Objects of Kubernetes in files, as `kubectl get … -o yaml` or `-o json` prints them or as people write
// them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <actimanager/core/error.hpp>

namespace actimanager::app {

// The objects of a file (YAML or JSON, one or several documents), or of the files *.json, *.yaml and *.yml of
// a directory. Lists are taken apart, also those in Lists; an item of a PodList that has no kind is a Pod.
// Errors: the system's, invalid_argument, naming the file.
Result<std::vector<nlohmann::json>> read_objects(const std::string& path);

// The member's text; "" where there is none.
std::string text_of(const nlohmann::json& object, const char* member);

}  // namespace actimanager::app
