// The client of a schema registry against a server that answers rightly, wrongly, late and not at all; TLS, certificates, logins.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/registry.hpp"
#include "bazaar/kafka/sink.hpp"
#include "cli/process.hpp"
#include "support/eventually.hpp"
#include "support/every_type.hpp"

namespace bazaar::kafka
{
namespace
{

using namespace std::chrono_literals;

/// Words: folder, user and password or nothing, certificate and key or nothing, CA of clients or nothing. The subject says how it
/// answers; each question becomes a line of the file asked.
constexpr const char* server = R"(
import base64, http.server, json, os, ssl, sys, time
place, login, chain, key, clients = sys.argv[1:6]
expected = "Basic " + base64.b64encode(login.encode()).decode()
made, busy = {}, []
def wrong(status, code, message):
    return status, json.dumps({"error_code": code, "message": message})
def right(**fields):
    return 200, json.dumps(fields)
class registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        words = self.path.split("?")[0].strip("/").split("/")
        if login and self.headers.get("Authorization") != expected:
            return wrong(401, 401, "Unauthorized")
        if words[:2] == ["schemas", "ids"]:
            return right(schema="the text") if words[2] == "5" else wrong(404, 40403, "Schema not found")
        subject = words[2] if words[0] == "compatibility" else words[1]
        looks, registers = words[0] == "subjects" and len(words) == 2, words[-1] == "versions"
        if subject == "busy-value":
            busy.append(1)
            return (503, "try later") if len(busy) <= 3 else right(id=13)
        fixed = {"rubbish-value": (200, "<html>it works</html>"), "negative-value": right(id=-1), "text-value": right(id="7"),
                 "large-value": right(id=1 << 40), "list-value": (200, "[1]"), "none-value": (200, ""), "real-value": right(id=1.5),
                 "deep-value": (200, '{"id":' + "[" * 80000 + "]" * 80000 + "}"), "long-value": (200, " " * (20 << 20)),
                 "page-value": (404, "<html>no such page</html>"), "moved-value": (302, ""), "known-value": right(id=11),
                 "odd value/-value": right(id=14)}
        import urllib.parse
        if urllib.parse.unquote(subject) in fixed:
            return fixed[urllib.parse.unquote(subject)]
        if subject == "slow-value":
            time.sleep(3)
            return right(id=1)
        if words[0] == "compatibility":
            if subject == "narrow-value":
                return right(is_compatible=False, messages=["READER_FIELD_MISSING_DEFAULT_VALUE: flag", "second"])
            return right(is_compatible=True)
        if looks:
            if (subject, body) in made:
                return right(id=made[subject, body])
            return wrong(404, 40401 if subject in ("new-value", "invalid-value") else 40403, "not found")
        if registers:
            if subject == "race-value":
                return wrong(409, 409, "somebody was faster")
            if subject == "invalid-value":
                return wrong(422, 42201, "Invalid\nschema")
            return right(id=made.setdefault((subject, body), 100 + len(made)))
        return wrong(405, 405, "no such method")
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(place + "/asked", "a") as out:
            out.write(f"{self.command} {self.path} {json.loads(body or '{}').get('schemaType', '-')}\n")
        status, text = self.answer(body)
        data = text.encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(data) + (5 if "/cut-value" in self.path else 0)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass
        if "/cut-value" in self.path:
            self.close_connection = True
    do_GET = do_POST
    def log_message(self, *words):
        pass
class listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    def handle_error(self, *words):
        pass
at = listener(("127.0.0.1", 0), registry)
if chain:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    at.socket = context.wrap_socket(at.socket, server_side=True, do_handshake_on_connect=False)
with open(place + "/port.new", "w") as out:
    out.write(str(at.server_address[1]))
os.rename(place + "/port.new", place + "/port")
at.serve_forever()
)";

constexpr auto avro = record_format::avro;
const std::string schema = R"({"type":"record","name":"r","fields":[]})";

class kafka_registry : public testing::Test
{
protected:
    kafka_registry() { EXPECT_NE(::mkdtemp(directory_.data()), nullptr); }
    ~kafka_registry() override
    {
        stop();
        std::filesystem::remove_all(directory_);
    }

    void stop()
    {
        if (!server_)
            return;
        server_->send(SIGKILL);
        static_cast<void>(server_->wait());
        server_.reset();
    }

    /// A registry that wants this login, if any; with a certificate and its key, and a CA for those of clients.
    void start(const std::string& login = "", const std::vector<std::string>& certificate = {"", ""},
               const std::string& clients = "")
    {
        std::filesystem::remove(directory_ + "/port");
        server_ = std::make_unique<test::process>(std::vector<std::string>{
            "/usr/bin/env", "python3", "-c", server, directory_, login, certificate[0], certificate[1], clients});
        EXPECT_TRUE(test::eventually([&] { return static_cast<bool>(std::ifstream(directory_ + "/port") >> port_); }));
    }

    [[nodiscard]] registry_place at(const std::string& scheme = "http") const
    {
        return {.url = scheme + "://127.0.0.1:" + port_ + "/", .user = {}};
    }

    static registry_options quick() { return {.timeout = 10s, .outage_max = 1s}; }

    /// A certificate for this machine, signed by itself: the certificate and its key.
    std::vector<std::string> certificate(const std::string& name)
    {
        const auto base = directory_ + '/' + name;
        const auto made = test::process({"/usr/bin/env", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                                         "-keyout", base + ".key", "-out", base + ".pem", "-days", "2", "-subj",
                                         "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1"})
                              .wait();
        EXPECT_EQ(made.status, 0) << made.err;
        return {base + ".pem", base + ".key"};
    }

    /// The questions since the last call.
    std::vector<std::string> asked()
    {
        std::vector<std::string> lines;
        {
            std::ifstream in(directory_ + "/asked");
            for (std::string line; std::getline(in, line);)
                lines.push_back(line);
        }
        std::filesystem::remove(directory_ + "/asked");
        return lines;
    }

    /// What is told of this subject: an error of this kind, in one line.
    static std::string refusal(registry& by, const std::string& subject, error_kind kind)
    {
        try
        {
            static_cast<void>(by.id_of(subject, avro, schema));
        }
        catch (const error& why)
        {
            EXPECT_EQ(why.kind(), kind) << why.what();
            EXPECT_EQ(why.lines().size(), 1U);
            EXPECT_EQ(std::string(why.what()).find('\n'), std::string::npos) << why.what();
            EXPECT_EQ(std::string(why.what()).find("tuna"), std::string::npos) << why.what();
            return why.what();
        }
        ADD_FAILURE() << subject << " is not refused";
        return {};
    }

    std::string directory_ = "/tmp/bazaard-registry-XXXXXX";
    std::string port_;
    std::unique_ptr<test::process> server_;
};

TEST_F(kafka_registry, looks_up_first_and_registers_what_is_absent)
{
    start();
    registry by(at(), quick());
    EXPECT_EQ(by.id_of("known-value", avro, schema), 11);
    EXPECT_EQ(asked(), (std::vector<std::string>{"POST /subjects/known-value -"}));
    EXPECT_EQ(by.id_of("new-value", avro, schema), 100);
    EXPECT_EQ(asked(), (std::vector<std::string>{"POST /subjects/new-value -", "POST /subjects/new-value/versions -"}));
    EXPECT_EQ(by.id_of("older-value", record_format::protobuf, "syntax"), 101);
    EXPECT_EQ(asked(), (std::vector<std::string>{
                           "POST /subjects/older-value PROTOBUF",
                           "POST /compatibility/subjects/older-value/versions/latest?verbose=true PROTOBUF",
                           "POST /subjects/older-value/versions PROTOBUF"}));
    EXPECT_EQ(by.id_of("odd value/-value", record_format::json, "{}"), 14);
    EXPECT_EQ(asked(), (std::vector<std::string>{"POST /subjects/odd%20value%2F-value JSON"}));
    // What is known is not asked for again.
    const auto questions = by.questions();
    EXPECT_EQ(by.id_of("new-value", avro, schema), 100);
    EXPECT_EQ(by.questions(), questions);
    EXPECT_EQ(registry(at(), {.no_register = true}).id_of("new-value", avro, schema), 100) << "it is there now";
    EXPECT_EQ(by.schema_of(5), "the text");
    EXPECT_EQ(by.schema_of(5), "the text");
    EXPECT_EQ(by.questions(), questions + 1);
    EXPECT_THROW(static_cast<void>(by.schema_of(6)), error);
}

TEST_F(kafka_registry, what_is_refused_is_told_in_one_line)
{
    start();
    registry by(at(), quick());
    EXPECT_NE(refusal(by, "narrow-value", error_kind::config)
                  .find("not compatible with its latest version: READER_FIELD_MISSING_DEFAULT_VALUE: flag; second"),
              std::string::npos);
    for (const auto& line : asked())
        EXPECT_EQ(line.find("/versions -"), std::string::npos) << "nothing is registered: " << line;
    EXPECT_NE(refusal(by, "race-value", error_kind::config).find("somebody was faster"), std::string::npos);
    EXPECT_NE(refusal(by, "invalid-value", error_kind::config).find("42201 Invalid schema"), std::string::npos);
    EXPECT_NE(refusal(by, "moved-value", error_kind::config).find("302"), std::string::npos);
    auto how = quick();
    how.no_register = true;
    registry careful(at(), how);
    static_cast<void>(asked());
    EXPECT_NE(refusal(careful, "absent-value", error_kind::config).find("registering is not allowed"),
              std::string::npos);
    EXPECT_EQ(asked(), (std::vector<std::string>{"POST /subjects/absent-value -"}));
}

TEST_F(kafka_registry, rubbish_is_no_answer)
{
    start();
    auto how = quick();
    how.outage_max = 150ms;
    registry by(at(), how);
    for (const auto* subject : {"rubbish-value", "negative-value", "text-value", "large-value", "list-value",
                                "none-value", "real-value", "deep-value", "page-value"})
    {
        const auto said = refusal(by, subject, error_kind::unavailable);
        EXPECT_NE(said.find("this is no answer of a registry"), std::string::npos) << said;
        EXPECT_LT(said.size(), 700U);
    }
    EXPECT_NE(refusal(by, "long-value", error_kind::unavailable).find("more than 16 MB"), std::string::npos);
    EXPECT_NE(refusal(by, "cut-value", error_kind::unavailable).find("is it running"), std::string::npos);
    EXPECT_EQ(by.id_of("known-value", avro, schema), 11) << "it goes on afterwards";
}

TEST_F(kafka_registry, an_outage_is_waited_out_within_limits)
{
    start();
    std::vector<std::string> warned;
    auto how = quick();
    how.outage_max = 20s;
    how.warn = [&](const std::string& line) { warned.push_back(line); };
    registry by(at(), how);
    EXPECT_EQ(by.id_of("busy-value", avro, schema), 13);
    EXPECT_EQ(by.questions(), 4U);
    ASSERT_EQ(warned.size(), 1U);
    EXPECT_NE(warned.front().find("trying again: 503 try later"), std::string::npos) << warned.front();

    registry slow(at(), {.timeout = 300ms, .outage_max = 1s});
    const auto begin = std::chrono::steady_clock::now();
    static_cast<void>(refusal(slow, "slow-value", error_kind::unavailable));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    EXPECT_GT(slow.questions(), 1U);

    stop();
    registry away(at(), quick());
    EXPECT_NE(refusal(away, "known-value", error_kind::unavailable).find("does not look up the schema"),
              std::string::npos);
    std::stop_source stopped;
    stopped.request_stop();
    how.outage_max = 1h;
    registry ended(at(), how, stopped.get_token());
    static_cast<void>(refusal(ended, "known-value", error_kind::unavailable));
}

TEST_F(kafka_registry, logins)
{
    start("shop:tuna@fish/%");
    auto to = at();
    EXPECT_NE(refusal(*std::make_unique<registry>(to, quick()), "known-value", error_kind::permission).find("401"),
              std::string::npos);
    to.user = "shop";
    to.password = "tuna@fish/%";
    EXPECT_EQ(registry(to, quick()).id_of("known-value", avro, schema), 11);
    to.password = "tuna";
    EXPECT_NE(refusal(*std::make_unique<registry>(to, quick()), "known-value", error_kind::permission)
                  .find("check its user and password"),
              std::string::npos);
    registry_place in_url{.url = "http://shop:tuna%40fish%2F%25@127.0.0.1:" + port_, .user = {}};
    EXPECT_EQ(registry(in_url, quick()).id_of("known-value", avro, schema), 11);
    in_url.url = "http://shop:tunafish@127.0.0.1:" + port_;
    static_cast<void>(refusal(*std::make_unique<registry>(in_url, quick()), "known-value", error_kind::permission));
}

TEST_F(kafka_registry, addresses_that_are_none)
{
    for (const auto* url : {"", "registry", "ftp://shop:tuna@registry", "http://", "http://shop:tuna@host:port:1",
                            "http://registry/?a=b", "http://registry/#a", "file:///etc/passwd"})
        try
        {
            registry made({.url = url, .user = {}}, {});
            FAIL() << url << " is taken";
        }
        catch (const error& why)
        {
            EXPECT_EQ(why.kind(), error_kind::usage);
            EXPECT_EQ(std::string(why.what()).find("tuna"), std::string::npos) << why.what();
        }
    auto to = registry_place{.url = "https://127.0.0.1:1", .user = {}};
    to.ca_file = directory_ + "/none";
    EXPECT_THROW(registry(to, {}), error);
}

TEST_F(kafka_registry, tls_and_certificates)
{
    const auto own = certificate("registry");
    const auto client = certificate("client");
    const auto stranger = certificate("stranger");
    start("", own);
    auto to = at("https");
    to.ca_file = own[0];
    EXPECT_EQ(registry(to, quick()).id_of("known-value", avro, schema), 11);
    to.ca_file = stranger[0];
    EXPECT_NE(
        refusal(*std::make_unique<registry>(to, quick()), "known-value", error_kind::permission).find("TLS fails"),
        std::string::npos);
    to.verify = false;
    EXPECT_EQ(registry(to, quick()).id_of("known-value", avro, schema), 11);
    stop();

    start("", own, client[0]);
    to = at("https");
    to.ca_file = own[0];
    // With TLS 1.3 the end of the connection may come before the alert that says why: then it is asked again.
    auto patient = quick();
    patient.outage_max = 60s;
    static_cast<void>(refusal(*std::make_unique<registry>(to, patient), "known-value", error_kind::permission));
    to.cert_file = stranger[0];
    to.key_file = stranger[1];
    static_cast<void>(refusal(*std::make_unique<registry>(to, patient), "known-value", error_kind::permission));
    to.cert_file = client[0];
    to.key_file = client[1];
    EXPECT_EQ(registry(to, quick()).id_of("known-value", avro, schema), 11);
}

TEST_F(kafka_registry, outlets_are_bound_to_the_ids_of_their_schemas)
{
    start();
    test::every_type all;
    std::vector<outlet> outlets(all.tables.size());
    outlets[0] = all.outlet(avro);
    EXPECT_EQ(bind_outlets(outlets, all.tables, nullptr)[0].schema, 0);
    outlets[0].framed = true;
    outlets[0].topic = "new";
    EXPECT_THROW(static_cast<void>(bind_outlets(outlets, all.tables, nullptr)), error);
    registry by(at(), quick());
    EXPECT_EQ(bind_outlets(outlets, all.tables, &by)[0].schema, 100);
    EXPECT_EQ(by.id_of("new-value", avro, schema_text(outlets[0], all.tables[0])), 100);
    outlets[1].topic = "not good!";
    const auto questions = by.questions();
    EXPECT_THROW(static_cast<void>(bind_outlets(outlets, all.tables, &by)), error);
    EXPECT_EQ(by.questions(), questions) << "problems are told before anything is asked";
}

}  // namespace
}  // namespace bazaar::kafka
