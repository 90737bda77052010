#include <vector>

#include <actimanager/async/event.hpp>
#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/list_all.hpp>

#include "object_splitter.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t read_size = 32 << 10;  // what is decoded at once, before others get their turn
constexpr auto silence = 30s;

struct Envelope {
  std::string resource_version, continue_token;
};

Envelope read_envelope(const std::string& text) {
  api::JsonDocument document;
  if (!document.parse(text)) return {};
  const auto* metadata = document.root().find("metadata");
  if (metadata == nullptr) return {};
  return {std::string(metadata->text_of("resourceVersion")), std::string(metadata->text_of("continue"))};
}

asio::awaitable<Result<Envelope>> list_page(Client& client, const ResourceRef& collection,
                                            const ListOptions& options, int page_size,
                                            const std::string& continue_token, const ListSink& sink) {
  auto stream = co_await client.list(collection, options, page_size, continue_token);
  if (!stream) co_return fail(std::move(stream.error()));
  const auto what = "list " + collection.describe();
  ObjectSplitter splitter(ObjectSplitter::Body::list);
  api::JsonDocument document;
  Result<void> outcome;
  const auto take = [&](std::string_view text) {
    if (outcome) outcome = document.parse(text);
    if (outcome) sink(document.root());
  };
  std::vector<char> buffer(read_size);
  while (true) {
    const auto got = co_await stream->read_some(buffer, silence);
    if (!got) co_return fail(Error(got.error()).wrap(what));
    if (*got == 0) break;
    if (auto fed = splitter.feed({buffer.data(), *got}, take); !fed) outcome = fail(std::move(fed.error()));
    if (!outcome) co_return fail(std::move(outcome.error()).wrap(what));
    co_await async::give_way();
  }
  auto envelope = std::move(splitter).envelope();
  if (!envelope) co_return fail(std::move(envelope.error()).wrap(what));
  auto read = read_envelope(*envelope);
  if (read.resource_version.empty())
    co_return fail(ApiErrc::unexpected, what + ": the list has no metadata.resourceVersion");
  co_return read;
}

}  // namespace

asio::awaitable<Result<std::string>> list_all(Client& client, ResourceRef collection, ListOptions options,
                                              int page_size, ListSink sink) {
  Envelope envelope;
  do {
    auto page = co_await list_page(client, collection, options, page_size, envelope.continue_token, sink);
    if (!page) co_return fail(std::move(page.error()));
    envelope = std::move(*page);
  } while (!envelope.continue_token.empty());
  co_return std::move(envelope.resource_version);
}

}  // namespace actimanager::kube
