// What an API server fills in where an object leaves it out, as far as scheduling asks for it. Objects that a
// server has printed have it all; those that people write do not.
#pragma once

#include <nlohmann/json.hpp>

#include <actimanager/api/pod.hpp>

namespace actimanager::app {

// Before it is decoded: the namespace of what has one, a Pod's schedulerName, the ports it has on its host's
// network; numbers where quantities stand. What is of a wrong type is left as it is, for its decoder to say.
void fill_in_defaults(nlohmann::json& object);

// The requests, of containers and of the Pod, that only limits give (SetDefaults_Pod of Kubernetes 1.35).
void fill_in_requests(api::Pod& pod);

}  // namespace actimanager::app
