// Certificates made on the spot, for tests of TLS.
#pragma once

#include <string>

namespace actimanager::net::testing {

struct Certificate {
  std::string certificate, key;  // PEM
};

Certificate make_authority(const std::string& name);
// For a server of this DNS name (and the address 127.0.0.1), or a client.
Certificate make_certificate(const std::string& name, const Certificate& authority);

}  // namespace actimanager::net::testing
