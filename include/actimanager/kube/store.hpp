// Store<T>: the objects of one watch, as last seen. Const to all but its Reflector. Objects are immutable and
// shared: a reader keeps what it took, whatever comes after.
//
// Eventually right, never exact: what is read here may have changed already. Handlers run on the event loop,
// one change at a time, after the store has it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <actimanager/api/by_key.hpp>
#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::kube {

// What a Reflector writes to.
class ReflectorTarget {
 public:
  virtual ~ReflectorTarget() = default;
  // A new list is coming; what is there stays until it is applied.
  virtual void begin_list() = 0;
  // Errors, of this and put(): the object cannot be understood; it is kept as it was, if it was there at all.
  virtual Result<void> add_to_list(const api::JsonValue& object) = 0;
  // Applies the next `max` changes of the list; false when it is applied entirely.
  virtual bool apply_list(std::size_t max) = 0;
  virtual Result<void> put(const api::JsonValue& object) = 0;
  virtual void erase(const std::string& key) = 0;
};

template <class T>
class Store final : public ReflectorTarget {
 public:
  using Pointer = std::shared_ptr<const T>;
  using Items = std::unordered_set<Pointer, api::KeyHash, api::KeyEqual>;
  // Edits an object that has been decoded before it is kept.
  using Prepare = std::function<void(T&)>;
  // `after` is null for a deletion, `before` for an addition.
  using Handler = std::function<void(const Pointer& before, const Pointer& after)>;

  Store() = default;
  explicit Store(Prepare prepare) : prepare_(std::move(prepare)) {}

  // By "namespace/name", or "name".
  Pointer get(std::string_view key) const {
    const auto it = items_.find(key);
    return it == items_.end() ? nullptr : *it;
  }
  const Items& items() const { return items_; }
  // A list has been applied once: what is not here does not exist (or did not, a moment ago).
  bool synced() const { return synced_; }

  void on_change(Handler handler) { handlers_.push_back(std::move(handler)); }
  void on_synced(std::function<void()> handler) { synced_handlers_.push_back(std::move(handler)); }

  void begin_list() override {
    pending_.clear();
    listed_.clear();
    stale_.reset();
  }
  Result<void> add_to_list(const api::JsonValue& object) override {
    auto decoded = T::decode(object);
    if (!decoded) {
      note_listed(api::key_of(object));
      return fail(std::move(decoded.error()));
    }
    auto key = decoded->meta.key();
    const auto known = get(key);
    note_listed(key);
    if (!known || known->meta.resource_version != decoded->meta.resource_version) {
      pending_.push_back(prepared(std::move(*decoded)));
    }
    return {};
  }
  bool apply_list(std::size_t max) override {
    if (!stale_) {
      stale_.emplace();
      for (const auto& object : items_)
        if (auto key = object->meta.key(); !listed_.contains(key)) stale_->push_back(std::move(key));
    }
    for (; max > 0 && !stale_->empty(); --max) {
      const auto key = std::move(stale_->back());
      stale_->pop_back();
      erase(key);
    }
    for (; max > 0 && !pending_.empty(); --max) {
      const auto object = std::move(pending_.back());
      pending_.pop_back();
      set(object);
    }
    if (!stale_->empty() || !pending_.empty()) return true;
    listed_.clear();
    if (!std::exchange(synced_, true))
      for (const auto& handler : synced_handlers_) handler();
    return false;
  }
  Result<void> put(const api::JsonValue& object) override {
    auto decoded = T::decode(object);
    if (!decoded) return fail(std::move(decoded.error()));
    set(prepared(std::move(*decoded)));
    return {};
  }
  void erase(const std::string& key) override {
    const auto it = items_.find(std::string_view(key));
    if (it == items_.end()) return;
    const Pointer before = std::move(items_.extract(it).value());
    for (const auto& handler : handlers_) handler(before, nullptr);
  }

 private:
  // What has nothing yet has nothing to lose either: a first list is not remembered by its keys.
  void note_listed(const std::string& key) {
    if (!items_.empty()) listed_.insert(key);
  }
  Pointer prepared(T object) const {
    if (prepare_) prepare_(object);
    return std::make_shared<const T>(std::move(object));
  }
  void set(const Pointer& after) {
    Pointer before;
    if (auto entry = items_.extract(after)) {
      before = std::exchange(entry.value(), after);
      items_.insert(std::move(entry));
    } else {
      items_.insert(after);
    }
    for (const auto& handler : handlers_) handler(before, after);
  }

  Prepare prepare_;
  Items items_;
  bool synced_ = false;
  std::vector<Handler> handlers_;
  std::vector<std::function<void()>> synced_handlers_;
  std::vector<Pointer> pending_;                   // listed, new or changed
  std::unordered_set<std::string> listed_;         // every key of the list, unless it is the first
  std::optional<std::vector<std::string>> stale_;  // keys that the list no longer has
};

}  // namespace actimanager::kube
