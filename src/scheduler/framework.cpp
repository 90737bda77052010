#include <algorithm>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::success:
      return "Success";
    case Code::unschedulable:
      return "Unschedulable";
    case Code::unschedulable_and_unresolvable:
      return "UnschedulableAndUnresolvable";
    case Code::skip:
      return "Skip";
    case Code::error:
      return "Error";
  }
  return "Error";
}

Status unschedulable(std::string reason) {
  return {Code::unschedulable, {std::move(reason)}, {}};
}
Status unresolvable(std::string reason) {
  return {Code::unschedulable_and_unresolvable, {std::move(reason)}, {}};
}
Status skip() {
  return {Code::skip, {}, {}};
}

allocator::Request CpuWish::request(const NodeInfo& node) const {
  allocator::Request request;
  request.shape = shape.value_or(allocator::Shape::fewest_units);
  request.level = isolation_level ? *isolation_level : class_level.value_or(api::ExclusivenessLevel::cpu);
  request.cpus = cpus;
  // At level none the Pod itself runs in the pool.
  const bool in_pool = request.level == api::ExclusivenessLevel::none;
  request.min_pool = node.min_pool(in_pool ? milli_cpu : 0);
  // Pods without a request weigh as much as the scheduler's scores count them.
  request.max_sharers =
      static_cast<int>(std::max<std::int64_t>(1, 1000 / std::max<std::int64_t>(milli_cpu, 100)));
  return request;
}

}  // namespace actimanager::scheduler
