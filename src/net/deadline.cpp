#include "deadline.hpp"

#include <boost/asio/steady_timer.hpp>

namespace actimanager::net {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

struct Deadline::State {
  boost::asio::ip::tcp::socket& socket;
  boost::asio::steady_timer timer;
  Clock::time_point at;
  bool waiting = false;
  bool passed = false;

  static void wait(const std::shared_ptr<State>& state) {
    state->waiting = true;
    state->timer.expires_at(state->at);
    state->timer.async_wait([weak = std::weak_ptr(state)](const ErrorCode& error) {
      const auto self = weak.lock();
      if (error || !self || !self->waiting) return;
      self->waiting = false;
      if (self->at == Clock::time_point::max()) return;
      if (Clock::now() < self->at) return wait(self);
      self->passed = true;
      ErrorCode ignored;
      self->socket.close(ignored);
    });
  }
};

Deadline::Deadline(boost::asio::ip::tcp::socket& socket)
    : state_(new State{socket, boost::asio::steady_timer(socket.get_executor())}) {}
Deadline::~Deadline() = default;

void Deadline::in(std::chrono::milliseconds time) {
  state_->at = Clock::now() + time;
  if (!state_->waiting || state_->timer.expiry() > state_->at) State::wait(state_);
}

void Deadline::pause() {
  state_->at = Clock::time_point::max();
}

void Deadline::never() {
  state_->waiting = false;
  state_->timer.cancel();
}

bool Deadline::passed() const {
  return state_->passed;
}

}  // namespace actimanager::net
