#include "bus.hpp"

#include <poll.h>
#include <systemd/sd-bus.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <actimanager/async/task_group.hpp>

namespace actimanager::host::systemd {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* destination = "org.freedesktop.systemd1";

struct Closer {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Connection = std::unique_ptr<sd_bus, Closer>;
using Message = std::unique_ptr<sd_bus_message, Closer>;

Error unavailable(int negative_errno, std::string context) {
  return {Errc::unavailable,
          fmt::format("{}: {}", context, std::generic_category().message(-negative_errno))};
}

// The first thing that failed while a message was made or read: sd-bus returns a negative errno.
class Steps {
 public:
  void operator()(int result) {
    if (result < 0 && error_ == 0) error_ = result;
  }
  int error() const { return error_; }

 private:
  int error_ = 0;
};

Error error_of(sd_bus_message* reply, const std::string& what) {
  const auto* error = sd_bus_message_get_error(reply);
  const std::string_view name = error != nullptr && error->name != nullptr ? error->name : "";
  auto code = Errc::unavailable;
  if (name == "org.freedesktop.systemd1.NoSuchUnit" || name == "org.freedesktop.DBus.Error.UnknownObject") {
    code = Errc::not_found;
  } else if (name.starts_with("org.freedesktop.systemd1.") ||
             name == "org.freedesktop.DBus.Error.InvalidArgs") {
    code = Errc::invalid_argument;
  }
  const char* message = error != nullptr && error->message != nullptr ? error->message : "no reason given";
  return {code, fmt::format("{}: {} ({})", what, message, name)};
}

template <class Set>
void append(sd_bus_message* message, const char* property, const Set& set, Steps& step) {
  const auto bytes = to_bitmap(set);
  step(sd_bus_message_open_container(message, 'r', "sv"));
  step(sd_bus_message_append_basic(message, 's', property));
  step(sd_bus_message_open_container(message, 'v', "ay"));
  step(sd_bus_message_append_array(message, 'y', bytes.data(), bytes.size()));
  step(sd_bus_message_close_container(message));
  step(sd_bus_message_close_container(message));
}

}  // namespace

struct Bus::Impl {
  Impl(asio::any_io_executor executor, Connection connection)
      : bus(std::move(connection)), descriptor(executor, sd_bus_get_fd(bus.get())) {}
  // The descriptor is sd-bus' own to close.
  ~Impl() { descriptor.release(); }

  static int on_reply(sd_bus_message* message, void* impl, sd_bus_error* /*unused*/) {
    static_cast<Impl*>(impl)->reply.reset(sd_bus_message_ref(message));
    return 0;
  }

  Message request(const char* path, const char* interface, const char* member, Steps& step) const {
    sd_bus_message* made = nullptr;
    step(sd_bus_message_new_method_call(bus.get(), &made, destination, path, interface, member));
    return Message(made);
  }
  asio::awaitable<Result<Message>> call(Message message, std::string what);
  asio::awaitable<void> wait(Clock::time_point deadline);
  asio::awaitable<void> ready(asio::posix::stream_descriptor::wait_type kind);
  asio::awaitable<Result<Message>> get(std::string unit, const char* interface, const char* property);
  template <class Set>
  asio::awaitable<Result<Set>> get_set(std::string unit, const char* interface, const char* property);
  asio::awaitable<Result<std::uint64_t>> get_number(std::string unit, const char* interface,
                                                    const char* property);

  Connection bus;
  asio::posix::stream_descriptor descriptor;
  Message reply;  // of the call that is under way
};

asio::awaitable<void> Bus::Impl::ready(asio::posix::stream_descriptor::wait_type kind) {
  co_await descriptor.async_wait(kind, asio::use_awaitable);
}

// Until sd-bus has something to do, or `deadline`.
asio::awaitable<void> Bus::Impl::wait(Clock::time_point deadline) {
  const int events = sd_bus_get_events(bus.get());
  std::uint64_t microseconds = 0;
  if (sd_bus_get_timeout(bus.get(), &microseconds) > 0 && microseconds != UINT64_MAX)
    deadline = std::min(deadline, Clock::time_point(std::chrono::microseconds(microseconds)));
  asio::steady_timer timer(descriptor.get_executor(), deadline);
  std::vector<asio::awaitable<void>> waits;
  waits.push_back(timer.async_wait(asio::use_awaitable));
  if (events >= 0 && (events & POLLIN) != 0)
    waits.push_back(ready(asio::posix::stream_descriptor::wait_read));
  if (events >= 0 && (events & POLLOUT) != 0)
    waits.push_back(ready(asio::posix::stream_descriptor::wait_write));
  co_await async::first_to_finish(std::move(waits));
}

asio::awaitable<Result<Message>> Bus::Impl::call(Message message, std::string what) {
  reply.reset();
  const auto deadline = Clock::now() + patience;
  const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
  if (const int sent = sd_bus_call_async(bus.get(), nullptr, message.get(), on_reply, this,
                                         static_cast<std::uint64_t>(limit));
      sent < 0) {
    co_return fail(unavailable(sent, what));
  }
  while (!reply) {
    const int processed = sd_bus_process(bus.get(), nullptr);
    if (processed < 0) co_return fail(unavailable(processed, what));
    if (processed > 0) continue;
    // sd-bus counts only once it is connected.
    if (Clock::now() >= deadline) co_return fail(unavailable(-ETIMEDOUT, what));
    co_await wait(deadline);
  }
  if (sd_bus_message_is_method_error(reply.get(), nullptr) > 0) co_return fail(error_of(reply.get(), what));
  co_return std::move(reply);
}

asio::awaitable<Result<Message>> Bus::Impl::get(std::string unit, const char* interface,
                                                const char* property) {
  char* encoded = nullptr;
  Steps step;
  step(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &encoded));
  const std::unique_ptr<char, decltype(&std::free)> path(encoded, &std::free);
  auto what = fmt::format("{}: get {}", unit, property);
  if (step.error() < 0) co_return fail(unavailable(step.error(), what));
  auto message = request(path.get(), "org.freedesktop.DBus.Properties", "Get", step);
  if (message) step(sd_bus_message_append(message.get(), "ss", interface, property));
  if (step.error() < 0) co_return fail(unavailable(step.error(), what));
  co_return co_await call(std::move(message), std::move(what));
}

template <class Set>
asio::awaitable<Result<Set>> Bus::Impl::get_set(std::string unit, const char* interface,
                                                const char* property) {
  auto answer = co_await get(unit, interface, property);
  if (!answer) co_return fail(std::move(answer.error()));
  const void* bytes = nullptr;
  std::size_t size = 0;
  Steps step;
  step(sd_bus_message_enter_container(answer->get(), 'v', "ay"));
  step(sd_bus_message_read_array(answer->get(), 'y', &bytes, &size));
  if (step.error() < 0) co_return fail(unavailable(step.error(), fmt::format("{}: {}", unit, property)));
  auto set = from_bitmap<Set>({static_cast<const std::uint8_t*>(bytes), size});
  if (!set) co_return fail(std::move(set.error()).wrap(fmt::format("{}: {}", unit, property)));
  co_return std::move(*set);
}

asio::awaitable<Result<std::uint64_t>> Bus::Impl::get_number(std::string unit, const char* interface,
                                                             const char* property) {
  auto answer = co_await get(unit, interface, property);
  if (!answer) co_return fail(std::move(answer.error()));
  std::uint64_t number = 0;
  Steps step;
  step(sd_bus_message_enter_container(answer->get(), 'v', "t"));
  step(sd_bus_message_read_basic(answer->get(), 't', &number));
  if (step.error() < 0) co_return fail(unavailable(step.error(), fmt::format("{}: {}", unit, property)));
  co_return number;
}

Bus::Bus(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Bus::~Bus() = default;

Result<std::unique_ptr<Bus>> Bus::open(asio::any_io_executor executor, const std::string& socket) {
  sd_bus* made = nullptr;
  Steps step;
  step(sd_bus_new(&made));
  Connection connection(made);
  if (step.error() == 0) step(sd_bus_set_address(made, ("unix:path=" + socket).c_str()));
  if (step.error() == 0) step(sd_bus_set_bus_client(made, 1));
  if (step.error() == 0) step(sd_bus_start(made));
  if (step.error() < 0) return fail(unavailable(step.error(), socket));
  return std::unique_ptr<Bus>(new Bus(std::make_unique<Impl>(std::move(executor), std::move(connection))));
}

asio::awaitable<Result<UnitState>> Bus::ask(std::string unit) {
  const char* interface =
      unit.ends_with(".slice") ? "org.freedesktop.systemd1.Slice" : "org.freedesktop.systemd1.Scope";
  auto group = co_await impl_->get(unit, interface, "ControlGroup");
  if (!group) co_return fail(std::move(group.error()));
  const char* path = nullptr;
  Steps step;
  step(sd_bus_message_enter_container(group->get(), 'v', "s"));
  step(sd_bus_message_read_basic(group->get(), 's', static_cast<void*>(&path)));
  if (step.error() < 0) co_return fail(unavailable(step.error(), unit + ": ControlGroup"));
  UnitState state{path, {}};
  auto cpus = co_await impl_->get_set<CpuSet>(unit, interface, "AllowedCPUs");
  if (!cpus) co_return fail(std::move(cpus.error()));
  auto mems = co_await impl_->get_set<NumaSet>(unit, interface, "AllowedMemoryNodes");
  if (!mems) co_return fail(std::move(mems.error()));
  auto quota = co_await impl_->get_number(unit, interface, "CPUQuotaPerSecUSec");
  if (!quota) co_return fail(std::move(quota.error()));
  state.allowed = {std::move(*cpus), std::move(*mems), *quota};
  co_return state;
}

asio::awaitable<Result<void>> Bus::tell(Call call) {
  const auto what = call.unit + ": set properties";
  Steps step;
  auto message = impl_->request("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                "SetUnitProperties", step);
  if (!message) co_return fail(unavailable(step.error(), what));
  constexpr int runtime = 1;  // nothing of it is left after a restart of the machine
  step(sd_bus_message_append(message.get(), "sb", call.unit.c_str(), runtime));
  step(sd_bus_message_open_container(message.get(), 'a', "(sv)"));
  if (call.cpus) append(message.get(), "AllowedCPUs", *call.cpus, step);
  if (call.mems) append(message.get(), "AllowedMemoryNodes", *call.mems, step);
  if (call.quota) {
    step(sd_bus_message_append(message.get(), "(sv)", "CPUQuotaPerSecUSec", "t", *call.quota));
  }
  step(sd_bus_message_close_container(message.get()));
  if (step.error() < 0) co_return fail(unavailable(step.error(), what));
  auto answer = co_await impl_->call(std::move(message), what);
  if (!answer) co_return fail(std::move(answer.error()));
  co_return Result<void>{};
}

}  // namespace actimanager::host::systemd
