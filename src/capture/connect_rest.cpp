#include "bazaar/capture/connect_rest.hpp"

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/password.hpp"

namespace bazaar::capture
{
namespace
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;

/// An answer that is longer is none of Connect's.
constexpr std::size_t body_max = 16 << 20;

std::string base64(const std::string& text)
{
    // With room for the NUL that it ends with.
    std::vector<unsigned char> made((text.size() + 2) / 3 * 4 + 1);
    const int size = EVP_EncodeBlock(made.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    return {made.begin(), made.begin() + size};
}

/// OpenSSL's words for why a certificate, or our own, is not accepted.
bool is_refusal(const beast::error_code& problem)
{
    if (problem.category() != asio::error::get_ssl_category())
        return false;
    const auto reason = ERR_GET_REASON(static_cast<unsigned long>(problem.value()));
    return reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason >= SSL_AD_REASON_OFFSET;
}

void must_be_readable(std::string_view flag, const std::string& path)
{
    if (!path.empty())
        io::must_be_file(path, fmt::format("--{} {}", flag, path));
}

ssl::context context_of(const std::string& ca_file, const std::string& cert_file, const std::string& key_file,
                        bool verify)
{
    must_be_readable("connect-ca-file", ca_file);
    must_be_readable("connect-cert-file", cert_file);
    must_be_readable("connect-key-file", key_file);
    ssl::context made(ssl::context::tls_client);
    const auto take = [](std::string_view flag, const std::string& path, const auto& step)
    {
        beast::error_code failed;
        step(failed);
        if (failed)
            throw error(error_kind::data, fmt::format("--{} {}: {}", flag, path, failed.message()));
    };
    if (!ca_file.empty())
        take("connect-ca-file", ca_file, [&](auto& failed) { made.load_verify_file(ca_file, failed); });
    else
        made.set_default_verify_paths();
    if (!cert_file.empty())
    {
        take("connect-cert-file", cert_file, [&](auto& failed) { made.use_certificate_chain_file(cert_file, failed); });
        const auto& key = key_file.empty() ? cert_file : key_file;
        take(key_file.empty() ? "connect-cert-file" : "connect-key-file", key,
             [&](auto& failed) { made.use_private_key_file(key, ssl::context::pem, failed); });
    }
    made.set_verify_mode(verify ? ssl::verify_peer : ssl::verify_none);
    return made;
}

/// One question and its answer. One step after the other; the deadline of the stream holds for asynchronous steps alone.
template <typename Stream, typename Start>
beast::error_code exchange(asio::io_context& loop, Stream& stream, const asio::ip::tcp::resolver::results_type& places,
                           std::chrono::milliseconds timeout, http::request<http::string_body>& question,
                           http::response_parser<http::string_body>& answer, const Start& start)
{
    beast::error_code failed;
    beast::flat_buffer buffer;
    const auto then = [&](auto&& next)
    {
        return [&failed, next](const beast::error_code& problem, auto&&...)
        {
            failed = problem;
            if (!failed)
                next();
        };
    };
    const auto read = [&] { http::async_read(stream, buffer, answer, then([] {})); };
    const auto write = [&] { http::async_write(stream, question, then(read)); };
    beast::get_lowest_layer(stream).expires_after(timeout);
    beast::get_lowest_layer(stream).async_connect(places, then([&] { start(then(write), write); }));
    loop.run();
    return failed;
}

}  // namespace

connect_rest::connect_rest(const connect_place& at, std::chrono::milliseconds timeout)
    : ca_file_(at.ca_file), cert_file_(at.cert_file), key_file_(at.key_file), verify_(at.verify), timeout_(timeout)
{
    if (const auto wrong = parse_http_url(at.url, "8083", at_); !wrong.empty())
        throw error(error_kind::usage, "--connect-url: " + wrong);
    url_ = at_.shown();
    auto user = at_.user;
    auto password = at_.password;
    if (!at.user.empty())
        user = at.user;
    if (at.password_file)
        password = postgres::read_password(*at.password_file);
    else if (at.password)
        password = *at.password;
    // Connect's own server takes 8 KB of header; more than a login's worth is no login.
    constexpr std::size_t login_max = 4096;
    if (user && user->size() + password.value_or("").size() > login_max)
        throw error(error_kind::usage,
                    fmt::format("the user and the password for Kafka Connect are longer than {} bytes together{}",
                                login_max,
                                at.password_file
                                    ? ": --connect-password-file " + *at.password_file + " is no file of a password"
                                    : ""));
    if (user)
        authorization_ = "Basic " + base64(*user + ':' + password.value_or(""));
}

rest_answer connect_rest::ask(std::string_view verb, std::string_view target, std::string_view body) const
{
    const auto view = [](std::string_view text) { return beast::string_view(text.data(), text.size()); };
    asio::io_context loop;
    asio::ip::tcp::resolver resolver(loop);
    http::request<http::string_body> question{http::string_to_verb(view(verb)), at_.path + std::string(target), 11};
    const bool bare = at_.host.find(':') == at_.host.npos;
    question.set(http::field::host, (bare ? at_.host : '[' + at_.host + ']') + ':' + at_.port);
    question.set(http::field::accept, "application/json");
    question.set(http::field::content_type, "application/json");
    if (!authorization_.empty())
        question.set(http::field::authorization, authorization_);
    question.body() = body;
    question.prepare_payload();
    http::response_parser<http::string_body> answer;
    answer.body_limit(body_max);
    beast::error_code failed;
    const auto places = resolver.resolve(at_.host, at_.port, failed);
    if (!failed && !at_.tls)
    {
        beast::tcp_stream stream(loop);
        failed = exchange(loop, stream, places, timeout_, question, answer, [](auto&&, const auto& write) { write(); });
    }
    else if (!failed)
    {
        auto context = context_of(ca_file_, cert_file_, key_file_, verify_);
        beast::ssl_stream<beast::tcp_stream> stream(loop, context);
        if (verify_)
            stream.set_verify_callback(ssl::host_name_verification(at_.host));
        beast::error_code no_address;
        static_cast<void>(asio::ip::make_address(at_.host, no_address));
        if (no_address)
            // The macro for this has a cast of C.
            SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(at_.host.c_str()));
        failed = exchange(loop, stream, places, timeout_, question, answer,
                          [&](auto&& done, const auto&)
                          { stream.async_handshake(ssl::stream_base::client, std::forward<decltype(done)>(done)); });
    }
    if (failed && is_refusal(failed))
        throw error(
            error_kind::permission,
            fmt::format("Kafka Connect at {} is refused, or refuses, by TLS: {}; is its certificate signed by an "
                        "authority of --connect-ca-file and made out for this host, and does it ask for "
                        "--connect-cert-file?",
                        url_, failed.message()));
    if (failed)
        throw error(error_kind::unavailable,
                    fmt::format("Kafka Connect does not answer at {}: {}; is it running, and is --connect-url right?",
                                url_, failed.message()));
    if (io::is_too_deep(answer.get().body()))
        throw error(error_kind::data,
                    fmt::format("Kafka Connect at {} answers with JSON that is nested too deep", url_));
    return {static_cast<int>(answer.get().result_int()), answer.get().body()};
}

}  // namespace bazaar::capture
