#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <actimanager/async/event.hpp>
#include <actimanager/core/utf8.hpp>
#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/list_all.hpp>
#include <actimanager/kube/reflector.hpp>

#include "object_splitter.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t read_size = 32 << 10;  // what is decoded at once, before others get their turn
constexpr std::size_t apply_at_once = 200;   // changes of a list

using Kind = api::JsonValue::Kind;

std::string_view in_metadata(const api::JsonValue& object, std::string_view field) {
  const auto* metadata = object.find("metadata");
  return metadata == nullptr ? std::string_view() : metadata->text_of(field);
}

}  // namespace

Reflector::Reflector(Client& client, ResourceRef collection, ReflectorTarget& target, spdlog::logger& log,
                     ReflectorOptions options)
    : client_(client),
      collection_(std::move(collection)),
      target_(target),
      log_(log),
      options_(std::move(options)) {}

asio::awaitable<void> Reflector::run() {
  while (true) {
    const auto started = Clock::now();
    const bool listing = resource_version_.empty();
    auto outcome = listing ? co_await list() : co_await watch();
    if (outcome && (listing || Clock::now() - started > options_.short_watch))
      continue;  // a watch ends now and then
    if (!outcome) {
      ++stats_.errors;
      if (outcome.error().code == ApiErrc::gone) {
        log_.debug("{}: {}; listing again", collection_.describe(), outcome.error().message());
        resource_version_.clear();
        if (Clock::now() - started > options_.short_watch) continue;
      } else {
        log_.warn("{}", outcome.error().message());
      }
    }
    co_await async::sleep_for(options_.backoff.next(Clock::now()));
  }
}

asio::awaitable<Result<void>> Reflector::list() {
  ++stats_.lists;
  target_.begin_list();
  const auto take = [this](const api::JsonValue& object) {
    if (auto added = target_.add_to_list(object); !added) left_out(object, added.error());
  };
  // Until the last page is in there is no version to watch from.
  auto version = co_await list_all(client_, collection_, {options_.label_selector, options_.field_selector},
                                   options_.page_size, take);
  if (!version) co_return fail(std::move(version.error()));
  resource_version_ = std::move(*version);
  while (target_.apply_list(apply_at_once)) co_await async::give_way();
  log_.debug("{}: listed", collection_.describe());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Reflector::watch() {
  ++stats_.watches;
  WatchOptions options;
  options.label_selector = options_.label_selector;
  options.field_selector = options_.field_selector;
  options.resource_version = resource_version_;
  options.timeout = std::chrono::seconds(std::uniform_int_distribution<std::chrono::seconds::rep>(
      options_.watch_timeout.count(), 2 * options_.watch_timeout.count())(random_));
  auto stream = co_await client_.watch(collection_, options);
  if (!stream) co_return fail(std::move(stream.error()));
  ObjectSplitter splitter(ObjectSplitter::Body::watch);
  Result<void> outcome;
  const auto take = [&](std::string_view text) {
    if (outcome) outcome = take_event(text);
    if (outcome) options_.backoff.reset();
  };
  std::vector<char> buffer(read_size);
  while (true) {
    const auto got = co_await stream->read_some(buffer, options_.silence_limit);
    if (!got) co_return fail(Error(got.error()).wrap("watch " + collection_.describe()));
    if (*got == 0) co_return Result<void>{};
    auto fed = splitter.feed({buffer.data(), *got}, take);
    if (!fed) outcome = fail(std::move(fed.error()));
    if (!outcome) co_return fail(std::move(outcome.error()).wrap("watch " + collection_.describe()));
    co_await async::give_way();
  }
}

Result<void> Reflector::take_event(std::string_view text) {
  const bool parsed = event_.parse(text).has_value();
  const auto type = event_.root().text_of("type");
  const auto* found = event_.root().find("object");
  if (!parsed || type.empty() || found == nullptr || found->kind != Kind::object) {
    return fail(ApiErrc::unexpected, "this is no watch event");
  }
  ++stats_.events;
  const auto& object = *found;
  if (type == "ERROR") {
    const auto* code = object.find("code");
    const bool known = code != nullptr && code->kind == Kind::integer;
    return fail(
        api_error(known ? static_cast<int>(code->integer) : 500, object, "the server ended the watch"));
  }
  if (type == "ADDED" || type == "MODIFIED") {
    if (auto put = target_.put(object); !put) left_out(object, put.error());
  } else if (type == "DELETED") {
    target_.erase(api::key_of(object));
  } else if (type != "BOOKMARK") {
    return fail(ApiErrc::unexpected, fmt::format("a watch event of type \"{}\"", utf8_prefix(type, 32)));
  }
  if (const auto version = in_metadata(object, "resourceVersion"); !version.empty()) {
    resource_version_ = version;
  }
  return {};
}

void Reflector::left_out(const api::JsonValue& object, const Error& error) {
  ++stats_.undecodable;
  auto key = api::key_of(object);
  if (key.empty()) key = "?";
  log_.warn("{} {}: {}", collection_.plural, key, error.message());
}

}  // namespace actimanager::kube
