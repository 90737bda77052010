// list_all(): a whole collection, in pages (0: in one), object by object as it arrives: no body is held
// whole. Between pieces of it everything else on the event loop gets its turn.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/kube/client.hpp>

namespace actimanager::kube {

// An item of a list, for as long as the call takes; it says no apiVersion and no kind.
using ListSink = std::function<void(const api::JsonValue& object)>;

// The resourceVersion of the list, once `sink` has had all of it. Errors: unexpected (it is no list),
// unavailable (nothing came for 30 s), and the client's; `sink` may have had some by then.
boost::asio::awaitable<Result<std::string>> list_all(Client& client, ResourceRef collection,
                                                     ListOptions options, int page_size, ListSink sink);

}  // namespace actimanager::kube
