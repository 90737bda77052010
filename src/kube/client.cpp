#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/kube/client.hpp>
#include <actimanager/kube/errors.hpp>
#include <actimanager/kube/read_file.hpp>

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto token_lifetime = 1min;
constexpr auto silence_limit = 30s;
constexpr int max_attempts = 4;

std::string_view content_type(PatchType type) {
  switch (type) {
    case PatchType::json:
      return "application/json-patch+json";
    case PatchType::merge:
      return "application/merge-patch+json";
    case PatchType::strategic_merge:
      return "application/strategic-merge-patch+json";
    case PatchType::apply:
      return "application/apply-patch+yaml";
  }
  return {};
}

std::string_view method_of(std::string_view verb) {
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  if (verb == "patch") return "PATCH";
  if (verb == "delete") return "DELETE";
  return "GET";
}

// How long the answer asks us to wait; nullopt if it does not.
std::optional<std::chrono::seconds> retry_after(int status, const net::Headers& headers) {
  if (status != 429 && status < 500) return std::nullopt;
  const auto* text = headers.find("Retry-After");
  if (text == nullptr) return std::nullopt;
  int seconds = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (failed != std::errc{} || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, 30));
}

asio::awaitable<Result<std::string>> read_all(net::ResponseStream& stream, std::size_t limit) {
  std::string body;
  char buffer[8192];
  while (true) {
    const auto got = co_await stream.read_some(buffer, silence_limit);
    if (!got) co_return fail(got.error());
    if (*got == 0) co_return body;
    if (body.size() + *got > limit) co_return fail(Errc::out_of_range, "the answer is too long");
    body.append(buffer, *got);
  }
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += fmt::format("{}{}={}", text_.empty() ? '?' : '&', name, net::percent_encode(value));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

// Why a client of our own: docs/decisions/0005-own-kubernetes-client.md
struct Client::Impl {
  ClusterConfig config;
  std::shared_ptr<net::Client> http;
  std::size_t max_body;
  std::string token;
  Clock::time_point token_read{};
  std::map<std::pair<std::string, int>, std::uint64_t> counts;

  const std::string& current_token() {
    if (config.token_file.empty()) return config.token;
    if (token.empty() || Clock::now() - token_read > token_lifetime) {
      auto fresh = read_file(config.token_file).value_or("");
      while (!fresh.empty() && (fresh.back() == '\n' || fresh.back() == '\r' || fresh.back() == ' '))
        fresh.pop_back();
      if (!fresh.empty())
        token = std::move(fresh);  // between two versions of a mounted token the old one is good
      token_read = Clock::now();
    }
    return token;
  }

  struct Call {
    std::string_view verb;  // Kubernetes' word: get, list, watch, create, update, patch, delete
    std::string target, what, body;
    std::string_view body_type = "application/json";
    std::chrono::milliseconds head_timeout = silence_limit;
  };

  // An answer of success, as a stream; an error otherwise. The API redirects nobody: who does is not it.
  asio::awaitable<Result<net::ResponseStream>> open(Call call) {
    const auto what = fmt::format("{} {}", call.verb, call.what);
    bool token_renewed = false;
    for (int attempt = 1;; ++attempt) {
      net::Request request;
      request.method = method_of(call.verb);
      request.target = config.server.path + call.target;
      request.headers.add("Accept", "application/json");
      if (!call.body.empty()) request.headers.add("Content-Type", std::string(call.body_type));
      if (const auto& bearer = current_token(); !bearer.empty())
        request.headers.add("Authorization", "Bearer " + bearer);
      request.body = call.body;

      auto stream = co_await http->open(std::move(request), call.head_timeout);
      ++counts[{std::string(call.verb), stream ? stream->status() : 0}];
      if (!stream) co_return fail(std::move(stream.error()).wrap(what));
      if (stream->status() / 100 == 2) co_return std::move(*stream);

      auto body = co_await read_all(*stream, 1 << 20);
      if (!body) co_return fail(std::move(body.error()).wrap(what));
      auto error = api_error(stream->status(), *body, what);
      if (stream->status() == 401 && !config.token_file.empty() && !token_renewed) {
        token_renewed = true;
        token.clear();
        continue;
      }
      const auto pause = retry_after(stream->status(), stream->headers());
      if (!pause || attempt == max_attempts) co_return fail(std::move(error));
      co_await async::sleep_for(*pause);
    }
  }

  // The body of an answer of success. It is always read, or its connection could not be used again.
  asio::awaitable<Result<std::string>> send(Call request) {
    const auto what = fmt::format("{} {}", request.verb, request.what);
    auto stream = co_await open(std::move(request));
    if (!stream) co_return fail(std::move(stream.error()));
    auto body = co_await read_all(*stream, max_body);
    if (!body) co_return fail(std::move(body.error()).wrap(what));
    co_return body;
  }

  asio::awaitable<Result<void>> write(Call request) {
    const auto body = co_await send(std::move(request));
    if (!body) co_return fail(body.error());
    co_return Result<void>{};
  }

  asio::awaitable<Result<nlohmann::json>> call(Call request) {
    const auto what = fmt::format("{} {}", request.verb, request.what);
    const auto body = co_await send(std::move(request));
    if (!body) co_return fail(body.error());
    auto object = nlohmann::json::parse(*body, nullptr, false);
    if (!object.is_object()) co_return fail(ApiErrc::unexpected, what + ": the answer is not a JSON object");
    co_return object;
  }

  static Call creation(const ResourceRef& collection, const nlohmann::json& object) {
    return {.verb = "create",
            .target = collection.path(),
            .what = collection.describe(),
            .body = api::json_text(object)};
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::shared_ptr<Client>> Client::make(asio::any_io_executor executor, ClusterConfig config,
                                             net::ClientOptions options) {
  auto http = net::Client::make(std::move(executor), config.server, config.tls, options);
  if (!http) return fail(std::move(http.error()));
  auto impl = std::make_unique<Impl>();
  impl->config = std::move(config);
  impl->http = std::move(*http);
  impl->max_body = options.max_body;
  return std::shared_ptr<Client>(new Client(std::move(impl)));
}

Client::Task<nlohmann::json> Client::get(ResourceRef object) {
  co_return co_await impl_->call({.verb = "get", .target = object.path(), .what = object.describe()});
}

Client::Task<nlohmann::json> Client::create(ResourceRef collection, const nlohmann::json& object) {
  co_return co_await impl_->call(Impl::creation(collection, object));
}

Client::Task<void> Client::post(ResourceRef collection, const nlohmann::json& object) {
  co_return co_await impl_->write(Impl::creation(collection, object));
}

Client::Task<nlohmann::json> Client::replace(ResourceRef object, const nlohmann::json& body) {
  co_return co_await impl_->call(
      {.verb = "update", .target = object.path(), .what = object.describe(), .body = api::json_text(body)});
}

Client::Task<nlohmann::json> Client::patch(ResourceRef object, const nlohmann::json& patch,
                                           PatchOptions options) {
  Query query;
  query.add("fieldManager", options.field_manager);
  if (options.type == PatchType::apply && options.force) query.add("force", "true");
  co_return co_await impl_->call({.verb = "patch",
                                  .target = object.path() + query.text(),
                                  .what = object.describe(),
                                  .body = api::json_text(patch),
                                  .body_type = content_type(options.type)});
}

Client::Task<void> Client::remove(ResourceRef object, Preconditions preconditions) {
  nlohmann::json options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!preconditions.uid.empty()) options["preconditions"]["uid"] = preconditions.uid;
  if (!preconditions.resource_version.empty()) {
    options["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  co_return co_await impl_->write({.verb = "delete",
                                   .target = object.path(),
                                   .what = object.describe(),
                                   .body = api::json_text(options)});
}

Client::Task<net::ResponseStream> Client::list(ResourceRef collection, const ListOptions& options, int limit,
                                               const std::string& continue_token) {
  Query query;
  if (limit > 0) query.add("limit", std::to_string(limit));
  query.add("continue", continue_token);
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  co_return co_await impl_->open(
      {.verb = "list", .target = collection.path() + query.text(), .what = collection.describe()});
}

Client::Task<net::ResponseStream> Client::watch(ResourceRef collection, const WatchOptions& options) {
  Query query;
  query.add("watch", "true");
  query.add("allowWatchBookmarks", "true");
  query.add("resourceVersion", options.resource_version);
  query.add("timeoutSeconds", std::to_string(options.timeout.count()));
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  co_return co_await impl_->open(
      {.verb = "watch", .target = collection.path() + query.text(), .what = collection.describe()});
}

const std::map<std::pair<std::string, int>, std::uint64_t>& Client::request_counts() const {
  return impl_->counts;
}
const std::string& Client::namespace_() const {
  return impl_->config.namespace_;
}
const std::string& Client::server() const {
  return impl_->http->server();
}

}  // namespace actimanager::kube
