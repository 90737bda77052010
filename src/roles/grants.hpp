// Grants: the bindings an agent judges, each as the API has it but with what this agent has granted, which
// the API may not know yet. A grant is not taken back because its status is still on the way.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include <actimanager/binding/admission.hpp>
#include <actimanager/kube/store.hpp>

namespace actimanager::roles {

class Grants {
 public:
  using Clock = std::chrono::steady_clock;
  using Store = kube::Store<api::PodCPUBinding>;

  // The bindings of both watches. A binding on its way from one watch to the other, because it was labelled,
  // is taken from claimed().
  std::vector<binding::BindingPointer> current(const Store& bound, const Store& unclaimed,
                                               Clock::time_point now);
  // What the API answered when the binding was labelled with our node.
  void claimed(api::PodCPUBinding binding, Clock::time_point now);
  void remember(const std::vector<binding::Verdict>& verdicts);

 private:
  struct Grant {
    api::PodCPUBinding::Admitted admitted;
    std::string owner_uid;  // the Pod it was granted to
  };
  struct Claim {
    binding::BindingPointer binding;
    Clock::time_point at;
  };
  binding::BindingPointer with_grant(const binding::BindingPointer& binding) const;

  std::unordered_map<std::string, Grant> grants_;  // by the binding's UID
  std::unordered_map<std::string, Claim> claims_;  // by key
};

}  // namespace actimanager::roles
