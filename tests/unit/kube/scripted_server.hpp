// ScriptedServerFake: a peer that answers each connection's requests with exactly the bytes a table says, for what a
// real API server cannot be made to do: answers cut short, silence, garbage.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <string>
#include <vector>

#include <actimanager/kube/client.hpp>

namespace actimanager::kube {

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

  std::deque<Reply> replies;          // one for each request, in order of arrival; none left: the connection is closed
  std::vector<std::string> requests;  // heads and bodies, as received
  int connections = 0;

  ClusterConfig config() const;
  std::shared_ptr<Client> client(std::chrono::milliseconds io_timeout = std::chrono::seconds(5));
  void stop();

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<boost::asio::ip::tcp::socket>> sockets_;
};

}  // namespace actimanager::kube
