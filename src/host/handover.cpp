#include <algorithm>

#include <actimanager/host/handover.hpp>

namespace actimanager::host {
namespace {

class Handover {
 public:
  Handover(const std::vector<Occupant>& pods, const CpuSet& shared, const CpuSet& exclusive)
      : pods_(pods), shared_(shared), exclusive_(exclusive) {
    for (const auto& pod : pods) has_.push_back(pod.has);
  }

  std::vector<HandoverStep> plan() {
    confine();
    while (!movers_.empty()) {
      if (!advance()) park();
    }
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) give(pod, pods_[pod].wants);
    return std::move(steps_);
  }

 private:
  // Everybody leaves what is not theirs any more. Who keeps nothing is a mover.
  void confine() {
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      const auto stays = has_[pod] & pods_[pod].wants;
      if (stays.empty()) {
        movers_.push_back(pod);
      } else {
        give(pod, stays);
      }
    }
  }

  // Movers go where nobody has to leave any more, for as long as somebody can. Whoever is no mover has
  // nothing but what it wants or shared CPUs, so that it is in nobody's way.
  bool advance() {
    bool moved = false;
    for (auto it = movers_.begin(); it != movers_.end();) {
      const auto& wants = pods_[*it].wants;
      const auto away = others(*it);
      // CPUs that are to be its own: once all others have left them. Shared ones: also beside others, but for
      // those to whom they were exclusive.
      const auto room = (wants - shared_ - away) | ((wants & shared_) - (away & exclusive_));
      if (room.empty()) {
        ++it;
        continue;
      }
      give(*it, room);
      it = movers_.erase(it);
      moved = true;
    }
    return moved;
  }

  // All that are left wait for each other: one of them steps aside, into the shared pool.
  void park() {
    for (auto it = movers_.begin(); it != movers_.end(); ++it) {
      const auto room = shared_ - (others(*it) & exclusive_) - (has_[*it] & exclusive_);
      if (room.empty()) continue;
      give(*it, room);
      movers_.erase(it);
      return;
    }
    // Each shared CPU is one that a mover has been alone on. It stays there, and others may come.
    auto it =
        std::ranges::find_if(movers_, [this](std::size_t pod) { return has_[pod].intersects(shared_); });
    if (it == movers_.end())
      it = movers_.begin();  // not with sets that fit together; it must end all the same
    const auto stays = has_[*it] & shared_;
    give(*it, stays.empty() ? shared_ : stays);
    movers_.erase(it);
  }

  // What movers other than this one have.
  CpuSet others(std::size_t pod) const {
    CpuSet cpus;
    for (const auto mover : movers_)
      if (mover != pod) cpus |= has_[mover];
    return cpus;
  }

  void give(std::size_t pod, const CpuSet& cpus) {
    if (has_[pod] == cpus) return;
    has_[pod] = cpus;
    steps_.push_back({pod, cpus});
  }

  const std::vector<Occupant>& pods_;
  const CpuSet& shared_;
  const CpuSet& exclusive_;
  std::vector<CpuSet> has_;          // after the steps so far
  std::vector<std::size_t> movers_;  // those that still have what they must leave, all of it
  std::vector<HandoverStep> steps_;
};

}  // namespace

std::vector<HandoverStep> plan_handover(const std::vector<Occupant>& pods, const CpuSet& shared,
                                        const CpuSet& exclusive) {
  return Handover(pods, shared, exclusive).plan();
}

}  // namespace actimanager::host
