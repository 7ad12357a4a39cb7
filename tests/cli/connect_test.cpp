// Kafka Connect that asks for a name and a password, by HTTP and by HTTPS: who gets in, and that no password is shown on the way.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "process.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"

namespace bazaar::test
{
namespace
{

/// Answers as Connect does where user and password are right.
constexpr const char* server = R"(
import base64, http.server, ssl, sys
expected = "Basic " + base64.b64encode(sys.argv[1].encode()).decode()
class connect(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        right = self.headers.get("Authorization") == expected
        body = b"" if right else b'{"error_code": 401, "message": "Unauthorized"}'
        if self.path.startswith("/connectors/deep"):
            right, body = False, b'{"message": ' + b"[" * 80000 + b"]" * 80000 + b"}"
        self.send_response(202 if right else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
made = http.server.HTTPServer(("127.0.0.1", 0), connect)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    made.socket = context.wrap_socket(made.socket, server_side=True)
with open(sys.argv[2] + ".new", "w") as out:
    out.write(str(made.server_address[1]))
import os
os.rename(sys.argv[2] + ".new", sys.argv[2])
made.serve_forever()
)";

class connect_login : public testing::Test
{
protected:
    connect_login() { EXPECT_NE(::mkdtemp(directory_.data()), nullptr); }
    ~connect_login() override
    {
        if (server_)
        {
            server_->send(SIGKILL);
            static_cast<void>(server_->wait());
        }
        std::filesystem::remove_all(directory_);
    }

    /// A server for this user and password. Returns its port.
    std::string start(const std::string& login, const std::vector<std::string>& certificate = {})
    {
        const auto place = directory_ + "/port";
        std::vector<std::string> words{"/usr/bin/env", "python3", "-c", server, login, place};
        words.insert(words.end(), certificate.begin(), certificate.end());
        server_ = std::make_unique<process>(words);
        std::string port;
        EXPECT_TRUE(eventually([&] { return static_cast<bool>(std::ifstream(place) >> port); }));
        return port;
    }

    /// A certificate for a host, signed by itself: the certificate and its key.
    std::vector<std::string> certificate(const std::string& name, const std::string& host)
    {
        const auto base = directory_ + '/' + name;
        const auto made = process({"/usr/bin/env", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                                   "-keyout", base + ".key", "-out", base + ".pem", "-days", "2", "-subj",
                                   "/CN=" + name, "-addext", "subjectAltName=" + host})
                              .wait();
        EXPECT_EQ(made.status, 0) << made.err;
        return {base + ".pem", base + ".key"};
    }

    std::string file(const std::string& text)
    {
        const auto path = directory_ + "/secret";
        std::ofstream(path) << text << '\n';
        ::chmod(path.c_str(), 0600);
        return path;
    }

    /// `connector pause` with these; nothing of a password is in what it prints, nor in the printed configuration.
    finished pause(std::vector<std::string> more, const std::map<std::string, std::string>& environment = {})
    {
        std::vector<std::string> words{"connector", "pause", "--log-level", "trace"};
        words.insert(words.end(), more.begin(), more.end());
        auto left = bazaard(words, environment);
        words.push_back("--print-config");
        const auto printed = bazaard(words, environment);
        for (const auto& text : {left.out, left.err, printed.out, printed.err})
            EXPECT_EQ(text.find("tuna"), text.npos) << text;
        return left;
    }

    std::string directory_ = "/tmp/bazaard-connect-XXXXXX";
    std::unique_ptr<process> server_;
};

TEST_F(connect_login, an_answer_that_is_nested_too_deep_is_data)
{
    const auto at = "http://shop:tunafish@127.0.0.1:" + start("shop:tunafish");
    const auto left = pause({}, {{"BAZAARD_CONNECT_URL", at}, {"BAZAARD_CONNECTOR_NAME", "deep"}});
    EXPECT_EQ(left.status, 65) << left.err;
    EXPECT_NE(left.err.find("nested too deep"), std::string::npos) << left.err;
    EXPECT_EQ(pause({}, {{"BAZAARD_CONNECT_URL", at}}).status, 0);
}

TEST_F(connect_login, by_http)
{
    const auto port = start("shop:tuna@fish/%");
    const auto at = "127.0.0.1:" + port;
    EXPECT_EQ(pause({"--connect-url", "http://shop:tuna%40fish%2F%25@" + at}).status, 0);
    EXPECT_EQ(pause({}, {{"BAZAARD_CONNECT_URL", "http://shop:tuna%40fish%2f%25@" + at}}).status, 0);
    EXPECT_EQ(pause({"--connect-url", "http://" + at, "--connect-user", "shop", "--connect-password-file",
                     file("tuna@fish/%")})
                  .status,
              0);
    EXPECT_EQ(pause({"--connect-url", "http://" + at},
                    {{"BAZAARD_CONNECT_USER", "shop"}, {"BAZAARD_CONNECT_PASSWORD", "tuna@fish/%"}})
                  .status,
              0);
    // Negative controls: without, with a wrong one, and not encoded.
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--connect-url", "http://" + at},
             {"--connect-url", "http://shop:tunafish@" + at},
             {"--connect-url", "http://" + at, "--connect-user", "shop", "--connect-password", "tunafish"}})
    {
        const auto left = pause(words);
        EXPECT_EQ(left.status, 77) << left.err;
        EXPECT_NE(left.err.find("Kafka Connect at http://" + at + " refuses to pause connector"), std::string::npos)
            << left.err;
    }
    const auto raw = pause({"--connect-url", "http://shop:tuna@fish/%@" + at});
    EXPECT_EQ(raw.status, 64);
    EXPECT_NE(raw.err.find("--connect-url: user or password has"), std::string::npos) << raw.err;
    // Nobody there: the address without the login, and the variable that named it.
    const auto nowhere = std::to_string(free_port());
    const auto away = pause({}, {{"BAZAARD_CONNECT_URL", "http://shop:tunafish@127.0.0.1:" + nowhere}});
    EXPECT_EQ(away.status, 69);
    EXPECT_NE(away.err.find("does not answer at http://127.0.0.1:" + nowhere + ": "), std::string::npos) << away.err;
    EXPECT_NE(away.err.find("is BAZAARD_CONNECT_URL right?"), std::string::npos) << away.err;
}

TEST_F(connect_login, by_https_whose_certificate_is_checked)
{
    const auto own = certificate("own", "IP:127.0.0.1,DNS:localhost");
    const auto other = certificate("other", "IP:127.0.0.1");
    const auto url = "https://shop:tunafish@127.0.0.1:" + start("shop:tunafish", own);
    EXPECT_EQ(pause({"--connect-url", url, "--connect-ca-file", own[0]}).status, 0);
    EXPECT_EQ(pause({"--connect-url", url, "--no-connect-tls-verify"}).status, 0);
    // Negative controls: an authority that signed something else, the system's, and none that can be read.
    const auto wrong = pause({"--connect-url", url, "--connect-ca-file", other[0]});
    EXPECT_EQ(wrong.status, 77) << wrong.err;
    EXPECT_NE(wrong.err.find("by TLS"), std::string::npos) << wrong.err;
    EXPECT_EQ(pause({"--connect-url", url}).status, 77);
    EXPECT_EQ(pause({"--connect-url", url, "--connect-ca-file", directory_ + "/none"}).status, 66);
    EXPECT_EQ(pause({"--connect-url", url, "--connect-ca-file", file("no certificate")}).status, 65);
}

TEST_F(connect_login, by_https_to_another_host_than_the_certificates)
{
    const auto own = certificate("own", "DNS:connect.example");
    const auto url = "https://shop:tunafish@127.0.0.1:" + start("shop:tunafish", own);
    EXPECT_EQ(pause({"--connect-url", url, "--connect-ca-file", own[0]}).status, 77);
    EXPECT_EQ(pause({"--connect-url", url, "--connect-ca-file", own[0], "--no-connect-tls-verify"}).status, 0);
}

}  // namespace
}  // namespace bazaar::test
