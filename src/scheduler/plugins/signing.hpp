// What Plugin::sign() is put together from: text that no other fields' text can be mistaken for.
#pragma once

#include <string>
#include <string_view>

#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

void sign_text(std::string& out, std::string_view text);
void sign_tolerations(std::string& out, const api::Pod& pod);
void sign_labels(std::string& out, const api::StringMap& labels);
void sign_selector(std::string& out, const api::LabelSelector& selector);
// nodeSelector and node affinity.
void sign_node_affinity(std::string& out, const api::Pod& pod);

}  // namespace actimanager::scheduler
