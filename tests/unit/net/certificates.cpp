#include "certificates.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace actimanager::net::testing {
namespace {

template <class T, auto Free>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO, BIO_free_all>>;

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refused");
}

template <class Write>
std::string pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(write(bio.get()) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509& certificate, int kind, const std::string& value) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  must(extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Signed by `authority`, or by itself.
Certificate make(const std::string& name, const Certificate* authority) {
  const Key key(EVP_EC_gen("P-256"));
  const X509Pointer certificate(X509_new());
  auto& x509 = *certificate;
  X509_set_version(&x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(&x509), authority == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(&x509), -60);
  X509_gmtime_adj(X509_getm_notAfter(&x509), 3600);
  X509_set_pubkey(&x509, key.get());
  auto* subject = X509_get_subject_name(&x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  if (authority == nullptr) {
    X509_set_issuer_name(&x509, subject);
    extend(x509, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(&x509, key.get(), EVP_sha256()) > 0);
  } else {
    const Bio signer_text(BIO_new_mem_buf(authority->certificate.data(), -1));
    const Bio key_text(BIO_new_mem_buf(authority->key.data(), -1));
    const X509Pointer signer(PEM_read_bio_X509(signer_text.get(), nullptr, nullptr, nullptr));
    const Key signing_key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    must(signer && signing_key);
    X509_set_issuer_name(&x509, X509_get_subject_name(signer.get()));
    extend(x509, NID_subject_alt_name, "DNS:" + name + ",IP:127.0.0.1");
    must(X509_sign(&x509, signing_key.get(), EVP_sha256()) > 0);
  }
  return {pem([&](BIO* bio) { return PEM_write_bio_X509(bio, &x509); }), pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace

Certificate make_authority(const std::string& name) {
  return make(name, nullptr);
}

Certificate make_certificate(const std::string& name, const Certificate& authority) {
  return make(name, &authority);
}

}  // namespace actimanager::net::testing
