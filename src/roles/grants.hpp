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

  // The bindings of both watches, and those that are on their way from one to the other.
  std::vector<binding::BindingPointer> current(const Store& bound, const Store& unclaimed,
                                               Clock::time_point now);
  // What the API answered when the binding was labelled with our node. It counts until the watch of the bound
  // ones has shown it, or for three minutes.
  void claimed(api::PodCPUBinding binding, Clock::time_point now);
  // It is none of the unclaimed any more: deleted, or labelled by somebody whose answer we do not see, or not
  // yet. A grant of it stays in force for a second, in which the other watch has it if it still exists.
  void left(const binding::BindingPointer& binding, Clock::time_point now);
  // It is none of our node's any more: what was claimed of it is over, even if no look saw it there, and even
  // if the answer is yet to come.
  void ended(const binding::BindingPointer& binding, Clock::time_point now);
  // When the next of those is over; max(): there is none.
  Clock::time_point next_over() const;
  void remember(const std::vector<binding::Verdict>& verdicts);

 private:
  struct Grant {
    api::PodCPUBinding::Admitted admitted;
    std::string owner_uid;  // the Pod it was granted to
  };
  struct Claim {
    binding::BindingPointer binding;
    bool answered;  // newer than what the unclaimed have
    Clock::time_point until;
  };
  binding::BindingPointer with_grant(const binding::BindingPointer& binding) const;

  std::unordered_map<std::string, Grant> grants_;             // by the binding's UID
  std::unordered_map<std::string, Claim> claims_;             // by key
  std::unordered_map<std::string, Clock::time_point> ended_;  // by UID: until when no claim is believed
};

}  // namespace actimanager::roles
