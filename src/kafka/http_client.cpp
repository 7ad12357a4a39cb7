#include "http_client.hpp"

#include <array>
#include <mutex>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"

namespace bazaar::kafka
{
namespace
{

/// An answer that is longer is no registry's.
constexpr std::size_t body_max = 16 << 20;

constexpr const char* media_type = "application/vnd.schemaregistry.v1+json";

struct url_ender
{
    void operator()(CURLU* what) const { curl_url_cleanup(what); }
};
using url_handle = std::unique_ptr<CURLU, url_ender>;

struct list_ender
{
    void operator()(curl_slist* what) const { curl_slist_free_all(what); }
};
using list_handle = std::unique_ptr<curl_slist, list_ender>;

std::string part_of(CURLU* url, CURLUPart what, unsigned flags = 0)
{
    char* text = nullptr;
    if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
        return {};
    std::string made = text;
    curl_free(text);
    return made;
}

std::size_t take(char* data, std::size_t size, std::size_t count, void* into)
{
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + size * count > body_max)
        return 0;
    body.append(data, size * count);
    return size * count;
}

int go_on(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

void must_be_readable(std::string_view what, const std::string& path)
{
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
        throw error(error_kind::no_input, fmt::format("the registry's {} {} cannot be read", what, path));
}

template <typename Value>
void set(void* handle, CURLoption option, Value value)
{
    expect(curl_easy_setopt(handle, option, value) == CURLE_OK, "an option of libcurl");
}

}  // namespace

void http_client::ender::operator()(void* handle) const
{
    curl_easy_cleanup(handle);
}

http_client::http_client(const registry_place& at, std::chrono::milliseconds timeout, std::stop_token stop)
    : user_(at.user),
      password_(at.password.value_or("")),
      ca_file_(at.ca_file),
      cert_file_(at.cert_file),
      key_file_(at.key_file),
      stop_(std::move(stop))
{
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const url_handle url(curl_url());
    // What is wrong is not repeated: it may have a password.
    constexpr auto rule =
        "the registry's address must be http://HOST:PORT or https://HOST:PORT, with or without a path";
    if (curl_url_set(url.get(), CURLUPART_URL, at.url.c_str(), 0) != CURLUE_OK)
        throw error(error_kind::usage, rule);
    const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
    if ((scheme != "http" && scheme != "https") || !part_of(url.get(), CURLUPART_QUERY).empty() ||
        !part_of(url.get(), CURLUPART_FRAGMENT).empty())
        throw error(error_kind::usage, rule);
    if (user_.empty())
    {
        user_ = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
        if (!at.password)
            password_ = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
    }
    curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
    url_ = part_of(url.get(), CURLUPART_URL);
    while (url_.ends_with('/'))
        url_.pop_back();
    must_be_readable("CA file", ca_file_);
    must_be_readable("certificate", cert_file_);
    must_be_readable("key", key_file_);
    curl_.reset(curl_easy_init());
    expect(curl_ != nullptr, "libcurl has a handle");
    auto* const c = curl_.get();
    set(c, CURLOPT_NOSIGNAL, 1L);
    set(c, CURLOPT_PROTOCOLS_STR, "http,https");
    set(c, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    set(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout.count()));
    set(c, CURLOPT_WRITEFUNCTION, &take);
    set(c, CURLOPT_XFERINFOFUNCTION, &go_on);
    set(c, CURLOPT_XFERINFODATA, static_cast<void*>(&stop_));
    set(c, CURLOPT_NOPROGRESS, 0L);
    set(c, CURLOPT_USERAGENT, "bazaard");
    if (!user_.empty())
    {
        set(c, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        set(c, CURLOPT_USERNAME, user_.c_str());
        set(c, CURLOPT_PASSWORD, password_.c_str());
    }
    if (!ca_file_.empty())
        set(c, CURLOPT_CAINFO, ca_file_.c_str());
    if (!cert_file_.empty())
    {
        set(c, CURLOPT_SSLCERT, cert_file_.c_str());
        set(c, CURLOPT_SSLKEY, (key_file_.empty() ? cert_file_ : key_file_).c_str());
    }
    if (!at.verify)
    {
        set(c, CURLOPT_SSL_VERIFYPEER, 0L);
        set(c, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

http_client::~http_client() = default;

std::string http_client::escaped(std::string_view text) const
{
    char* made = curl_easy_escape(curl_.get(), text.data(), static_cast<int>(text.size()));
    expect(made != nullptr, "libcurl escapes a text");
    std::string out = made;
    curl_free(made);
    return out;
}

http_answer http_client::ask(const std::string& path, const std::string* body)
{
    auto* const c = curl_.get();
    http_answer made;
    std::array<char, CURL_ERROR_SIZE> detail{};
    list_handle headers(curl_slist_append(nullptr, fmt::format("Accept: {}, application/json", media_type).c_str()));
    curl_slist_append(headers.get(), fmt::format("Content-Type: {}", media_type).c_str());
    curl_slist_append(headers.get(), "Expect:");
    const auto url = url_ + path;
    set(c, CURLOPT_URL, url.c_str());
    set(c, CURLOPT_HTTPHEADER, headers.get());
    set(c, CURLOPT_WRITEDATA, static_cast<void*>(&made.body));
    set(c, CURLOPT_ERRORBUFFER, detail.data());
    if (body != nullptr)
    {
        set(c, CURLOPT_POST, 1L);
        set(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
        set(c, CURLOPT_POSTFIELDS, body->data());
    }
    else
        set(c, CURLOPT_HTTPGET, 1L);
    const auto code = curl_easy_perform(c);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, nullptr);
    if (code != CURLE_OK)
        fail(code, detail.data());
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    made.status = static_cast<int>(status);
    return made;
}

void http_client::fail(int code, const char* detail) const
{
    const auto what = static_cast<CURLcode>(code);
    auto why = one_line(*detail != '\0' ? detail : curl_easy_strerror(what));
    switch (what)
    {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
        throw error(
            error_kind::permission,
            fmt::format("the registry at {}: TLS fails: {}; check its address, the CA file, and the certificate "
                        "and key",
                        url_, why));
    case CURLE_WRITE_ERROR:
        why = fmt::format("an answer of more than {} MB", body_max >> 20);
        break;
    case CURLE_RECV_ERROR:
        // With TLS 1.3 our certificate is refused after the handshake.
        if (why.find("alert") != why.npos)
            throw error(error_kind::permission, fmt::format("the registry at {} refuses the certificate: {}; check the "
                                                            "certificate and key",
                                                            url_, why));
        break;
    default:
        break;
    }
    throw error(error_kind::unavailable, why);
}

}  // namespace bazaar::kafka
