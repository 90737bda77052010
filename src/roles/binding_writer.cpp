#include "binding_writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/kube/backoff.hpp>
#include <actimanager/kube/errors.hpp>

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using kube::ApiErrc;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t max_remembered = 4096;

// A merge patch from one status to another: what is no longer there is removed.
json patch_between(const api::PodCPUBinding::Status& before, const api::PodCPUBinding::Status& after) {
  auto patch = api::encode(after);
  const auto old = api::encode(before);
  for (const auto& [key, value] : old.items())
    if (!patch.contains(key)) patch[key] = nullptr;
  return patch;
}

std::string json_pointer_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

void BindingWriter::want(const binding::BindingPointer& binding, api::PodCPUBinding::Status status,
                         const api::Pod* owner) {
  Job job{binding, std::move(status), {}, binding->meta.label(api::node_name_label) == nullptr};
  if (owner != nullptr && binding->owner_uid().empty()) job.owner_uid = owner->meta.uid;
  auto it = entries_.find(binding->meta.uid);
  if (it != entries_.end()) {
    auto& entry = it->second;
    const bool said = entry.written_from == binding->meta.resource_version && entry.written == job.status;
    entry.next.reset();  // from an older version of it, or of an older mind
    if (said) return;
  }
  if (!job.label && !job.owner_uid && job.status == binding->status) {
    if (it != entries_.end()) it->second.withdrawn = true;
    return;
  }
  if (entries_.size() > max_remembered)
    std::erase_if(entries_, [](const auto& e) { return !e.second.writing; });

  auto& entry = entries_[binding->meta.uid];
  entry.next = std::move(job);
  if (!entry.writing) {
    entry.writing = true;
    writes_.spawn(write(binding->meta.uid));
  }
}

asio::awaitable<void> BindingWriter::write(std::string uid) {
  kube::Backoff backoff(1s, 8s, 1min);
  while (entries_[uid].next) {
    const auto job = *std::exchange(entries_[uid].next, std::nullopt);
    entries_[uid].written_from = job.binding->meta.resource_version;
    entries_[uid].written = job.status;
    entries_[uid].withdrawn = false;
    auto version = job.binding->meta.resource_version;
    Result<void> written;
    if (job.label || job.owner_uid) {
      auto claimed = co_await claim(job);
      if (claimed) {
        version = std::move(*claimed);
      } else {
        written = fail(std::move(claimed.error()));
      }
    }
    if (written && job.status != job.binding->status) written = co_await write_status(job, version);
    if (written) {
      backoff.reset();
      continue;
    }
    entries_[uid].written_from.clear();
    const auto& code = written.error().code;
    if (code == ApiErrc::conflict || code == ApiErrc::not_found) continue;
    log_.warn("{}", written.error().message());
    if (kube::is_transient(written.error())) {
      co_await async::sleep_for(backoff.next(std::chrono::steady_clock::now()));
      auto& entry = entries_[uid];
      if (!entry.next && !entry.withdrawn) entry.next = job;  // nothing newer: the same again
    }
  }
  entries_[uid].writing = false;
}

asio::awaitable<Result<std::string>> BindingWriter::claim(const Job& job) {
  const auto& meta = job.binding->meta;
  auto patch = json::array();
  // The server compares it with its own: a conflict if somebody wrote since.
  patch.push_back(
      {{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", meta.resource_version}});
  if (job.label) {
    if (meta.labels->empty()) {
      patch.push_back(
          {{"op", "add"}, {"path", "/metadata/labels"}, {"value", {{api::node_name_label, node_}}}});
    } else {
      patch.push_back({{"op", "add"},
                       {"path", "/metadata/labels/" + json_pointer_escape(api::node_name_label)},
                       {"value", node_}});
    }
  }
  if (job.owner_uid) {
    const json owner = {
        {"apiVersion", "v1"}, {"kind", "Pod"}, {"name", job.binding->spec.pod_name}, {"uid", *job.owner_uid}};
    if (meta.owner_references->empty()) {
      patch.push_back(
          {{"op", "add"}, {"path", "/metadata/ownerReferences"}, {"value", json::array({owner})}});
    } else {
      patch.push_back({{"op", "add"}, {"path", "/metadata/ownerReferences/-"}, {"value", owner}});
    }
  }
  auto answer =
      co_await client_.patch(kube::resource_of(*job.binding), patch, {.type = kube::PatchType::json});
  if (!answer) co_return fail(std::move(answer.error()));
  auto claimed = api::decode<api::PodCPUBinding>(*answer);
  if (!claimed) co_return fail(std::move(claimed.error()));
  auto version = claimed->meta.resource_version;
  log_.info("binding {}: is of this node{}", meta.key(),
            job.owner_uid ? ", owned by Pod " + job.binding->spec.pod_name : std::string());
  claimed_(std::move(*claimed));
  co_return version;
}

asio::awaitable<Result<void>> BindingWriter::write_status(const Job& job,
                                                          const std::string& resource_version) {
  const json patch = {{"metadata", {{"resourceVersion", resource_version}}},
                      {"status", patch_between(job.binding->status, job.status)}};
  auto answer = co_await client_.patch(kube::resource_of(*job.binding, "status"), patch);
  if (!answer) co_return fail(std::move(answer.error()));
  ++metrics_.status_writes;
  log_.info("binding {}: {}", job.binding->meta.key(), api::to_string(job.status.resource_status));
  co_return Result<void>{};
}

}  // namespace actimanager::roles
