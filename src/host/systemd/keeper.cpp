#include <actimanager/async/event.hpp>
#include <actimanager/host/systemd/keeper.hpp>

#include "bus.hpp"
#include "ledger.hpp"

namespace actimanager::host::systemd {

namespace asio = boost::asio;
using Clock = async::Event::Clock;
using Which = Ledger::Which;

namespace {

constexpr std::chrono::seconds patience{1};

}  // namespace

struct Keeper::Impl {
  asio::awaitable<void> say(Which which);
  asio::awaitable<Result<void>> carry_out(Bus& bus, Call call);

  asio::any_io_executor executor;
  std::string socket;
  Outcome outcome;
  async::Event work;
  Ledger ledger;
  std::uint64_t writes = 0;
};

Keeper::Keeper(asio::any_io_executor executor, std::string socket, Outcome outcome)
    : impl_(new Impl{executor, std::move(socket), std::move(outcome), async::Event(executor), {}, 0}) {}
Keeper::~Keeper() = default;

void Keeper::want(const PodCgroup& pod, const PodTarget* target, bool fresh, bool patient) {
  impl_->ledger.want(pod.uid, units_of(pod, target), fresh, patient);
  impl_->work.set();
}

void Keeper::forget(const std::string& pod) {
  impl_->ledger.forget(pod);
}

void Keeper::doubt(const std::string& pod) {
  impl_->ledger.doubt(pod);
  impl_->work.set();
}

void Keeper::retry() {
  impl_->ledger.retry();
  impl_->work.set();
}

bool Keeper::settled(const std::string& pod) const {
  return impl_->ledger.settled(pod);
}

std::uint64_t Keeper::writes() const {
  return impl_->writes;
}

asio::awaitable<void> Keeper::run() {
  auto& ledger = impl_->ledger;
  auto due = Clock::time_point::max();  // when even those are told that can wait
  while (true) {
    co_await impl_->work.wait_until(due);
    const auto which = Clock::now() < due ? Which::urgent : Which::all;
    if (ledger.next(which)) co_await impl_->say(which);
    if (!ledger.next()) {
      due = Clock::time_point::max();
    } else if (which == Which::all || due == Clock::time_point::max()) {
      due = Clock::now() + patience;
    }
  }
}

asio::awaitable<void> Keeper::Impl::say(Which which) {
  auto bus = Bus::open(executor, socket);
  if (!bus) {
    ledger.all_failed();
    co_return outcome(bus.error());
  }
  std::optional<Error> failure;
  while (const auto call = ledger.next(which)) {
    auto done = co_await carry_out(**bus, *call);
    if (done) continue;
    failure = std::move(done.error());
    if (failure->code == Errc::unavailable) {
      ledger.all_failed();  // none would fare better
      break;
    }
    ledger.failed(call->unit);
  }
  outcome(failure);
}

asio::awaitable<Result<void>> Keeper::Impl::carry_out(Bus& bus, Call call) {
  if (call.asks()) {
    auto state = co_await bus.ask(call.unit);
    if (state) {
      ledger.found(call.unit, state->control_group, std::move(state->allowed));
    } else if (state.error().code == Errc::not_found) {
      ledger.absent(call.unit);
    } else {
      co_return fail(std::move(state.error()));
    }
    co_return Result<void>{};
  }
  auto told = co_await bus.tell(call);
  if (told) {
    ++writes;
    ledger.told(call);
  } else if (told.error().code == Errc::not_found) {
    ledger.absent(call.unit);  // it has ended meanwhile
  } else {
    co_return told;
  }
  co_return Result<void>{};
}

}  // namespace actimanager::host::systemd
