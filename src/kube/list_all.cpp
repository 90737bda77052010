#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/list_all.hpp>
#include <actimanager/kube/object_splitter.hpp>

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t read_size = 32 << 10;  // what is decoded at once, before others get their turn
constexpr auto silence = 30s;

struct Envelope {
  std::string resource_version, continue_token;
};

std::string text_at(const nlohmann::json& metadata, const char* field) {
  const auto it = metadata.find(field);
  return it != metadata.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Envelope read_envelope(const std::string& text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("metadata") || !parsed["metadata"].is_object()) return {};
  const auto& metadata = parsed["metadata"];
  return {text_at(metadata, "resourceVersion"), text_at(metadata, "continue")};
}

asio::awaitable<Result<Envelope>> list_page(Client& client, const ResourceRef& collection,
                                            const ListOptions& options, int page_size,
                                            const std::string& continue_token, const ListSink& sink) {
  auto stream = co_await client.list(collection, options, page_size, continue_token);
  if (!stream) co_return fail(std::move(stream.error()));
  ObjectSplitter splitter(ObjectSplitter::Body::list);
  const auto take = [&sink](std::string_view text) { sink(nlohmann::json::parse(text, nullptr, false)); };
  std::vector<char> buffer(read_size);
  while (true) {
    const auto got = co_await stream->read_some(buffer, silence);
    if (!got) co_return fail(got.error());
    if (*got == 0) break;
    if (auto fed = splitter.feed({buffer.data(), *got}, take); !fed) {
      co_return fail(std::move(fed.error()).wrap("list " + collection.describe()));
    }
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  auto envelope = std::move(splitter).envelope();
  if (!envelope) co_return fail(std::move(envelope.error()));
  co_return read_envelope(*envelope);
}

}  // namespace

asio::awaitable<Result<std::string>> list_all(Client& client, ResourceRef collection, ListOptions options,
                                              int page_size, ListSink sink) {
  Envelope envelope;
  do {
    auto page = co_await list_page(client, collection, options, page_size, envelope.continue_token, sink);
    if (!page) co_return fail(std::move(page.error()));
    envelope = std::move(*page);
    if (envelope.resource_version.empty())
      co_return fail(ApiErrc::unexpected, "the list has no metadata.resourceVersion");
  } while (!envelope.continue_token.empty());
  co_return std::move(envelope.resource_version);
}

}  // namespace actimanager::kube
