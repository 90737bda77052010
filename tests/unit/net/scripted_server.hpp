// ScriptedServerFake: a peer that answers each connection's requests with exactly the bytes a table says, for
// what a real server cannot be made to do: answers cut short, silence, garbage.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <actimanager/net/http.hpp>

namespace actimanager::net::testing {

struct Reply {
  std::string bytes;        // sent as they are
  bool then_close = false;  // else the connection is kept, silent
};
// A complete answer with this body.
Reply reply(int status, const std::string& body, const std::string& more_headers = "");

class ScriptedServerFake {
 public:
  explicit ScriptedServerFake(boost::asio::io_context& context);
  ~ScriptedServerFake();
  ScriptedServerFake(const ScriptedServerFake&) = delete;
  ScriptedServerFake& operator=(const ScriptedServerFake&) = delete;

  std::deque<Reply>
      replies;  // one for each request, in order of arrival; none left: the connection is closed
  std::function<Reply(const std::string& request)> responder;  // set: instead of `replies`
  std::vector<std::string> requests;                           // heads and bodies, as received
  int connections = 0;

  const Url& url() const { return url_; }
  void stop();

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket accepted);

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Url url_;
  std::vector<std::weak_ptr<boost::asio::ip::tcp::socket>> sockets_;
};

}  // namespace actimanager::net::testing
