#include "client.hpp"

#include <algorithm>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"
#include "bazaar/kafka/classify.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Between two questions for what has no leader.
constexpr milliseconds pause_for_leader{100};

using conf_handle = handle<rd_kafka_conf_t, rd_kafka_conf_destroy>;

/// The settings whose values a complaint must not repeat.
bool is_secret(std::string_view name)
{
    return name.find("password") != name.npos || name.find("secret") != name.npos || name.find(".pem") != name.npos ||
           name.find("token") != name.npos || name.find("oauthbearer.config") != name.npos;
}

}  // namespace

std::string one_sentence(std::string_view text)
{
    auto line = one_line(text);
    while (line.ends_with('.'))
        line.pop_back();
    return line;
}

client::client(rd_kafka_type_t type, const client_settings& how, milliseconds timeout, void (*more)(rd_kafka_conf_t*))
    : timeout_(timeout)
{
    conf_handle conf(rd_kafka_conf_new());
    std::array<char, text_max> complaint{};
    std::vector<std::string> wrong;
    for (const auto& [name, value] : how)
    {
        if (name == "bootstrap.servers" || name == "metadata.broker.list")
            servers_ = value;
        if (name == "sasl.mechanisms" || name == "sasl.mechanism")
            mechanism_ = value;
        const auto result = rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), complaint.data(),
                                              complaint.size());
        if (result == RD_KAFKA_CONF_UNKNOWN)
            wrong.push_back(fmt::format("--kafka-conf {}: librdkafka has no such setting", name));
        else if (result != RD_KAFKA_CONF_OK)
            wrong.push_back(fmt::format("Kafka setting {}: {}", name,
                                        is_secret(name) ? "not accepted" : one_sentence(complaint.data())));
    }
    if (!wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    rd_kafka_conf_set_opaque(conf.get(), this);
    if (more != nullptr)
        more(conf.get());
    rd_kafka_conf_set_error_cb(conf.get(), &client::hear);
    rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    kafka_.reset(rd_kafka_new(type, conf.get(), complaint.data(), complaint.size()));
    if (!kafka_)
        throw error(error_kind::config, "Kafka's client cannot be made: " + one_sentence(complaint.data()));
    static_cast<void>(conf.release());  // The client has it now.
}

client::metadata_handle client::metadata()
{
    const auto end = clock::now() + timeout_;
    for (;;)
    {
        const rd_kafka_metadata_t* all = nullptr;
        const auto left = std::chrono::duration_cast<milliseconds>(end - clock::now());
        const int wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 250));
        const auto code = rd_kafka_metadata(kafka_.get(), 1, nullptr, &all, wait);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return {all, rd_kafka_metadata_destroy};
        give_up_if_refused();
        if (!is_passing(code) || clock::now() >= end)
            give_up(code, rd_kafka_err2str(code));
    }
}

client::metadata_handle client::metadata(const std::set<std::string>& topics)
{
    const auto end = clock::now() + timeout_;
    for (;;)
    {
        auto all = metadata();
        const std::span there(all->topics, static_cast<std::size_t>(all->topic_cnt));
        const auto waiting = std::ranges::find_if(there, [&](const rd_kafka_metadata_topic_t& one)
                                                  { return topics.contains(one.topic) && is_passing(one.err); });
        if (waiting == there.end())
            return all;
        if (clock::now() + pause_for_leader >= end)
            give_up(waiting->err, rd_kafka_err2str(waiting->err));
        std::this_thread::sleep_for(pause_for_leader);
    }
}

std::pair<std::int64_t, std::int64_t> client::ends_of(const std::string& topic, std::int32_t number)
{
    const auto end = clock::now() + timeout_;
    for (;;)
    {
        std::int64_t low = 0, high = 0;
        const auto left = std::chrono::duration_cast<milliseconds>(end - clock::now());
        const auto code = rd_kafka_query_watermark_offsets(kafka_.get(), topic.c_str(), number, &low, &high,
                                                           static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return {low, high};
        give_up_if_refused();
        if (!is_passing(code))
            fail("read topic " + topic, {outcome::kind::failed, code, rd_kafka_err2str(code)});
        if (clock::now() + pause_for_leader >= end)
            give_up(code, rd_kafka_err2str(code));
        std::this_thread::sleep_for(pause_for_leader);
    }
}

void client::fail(const std::string& what, const outcome& why) const
{
    throw error(classify(why.code), fmt::format("Kafka at {} refuses to {}: {}{}", servers_, what, why.problem,
                                                why.code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR
                                                    ? "; --replication-factor must not be more than there are brokers"
                                                    : ""));
}

/// Keeps what says most: a refused login or TLS before a lost connection, as librdkafka tries again and again.
void client::hear(rd_kafka_t*, int code, const char* reason, void* self)
{
    auto& to = *static_cast<client*>(self);
    // With TLS 1.3 the broker refuses our certificate after its own handshake: librdkafka calls that a lost connection.
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT && std::string_view(reason).find("SSL alert") != std::string_view::npos)
        code = RD_KAFKA_RESP_ERR__SSL;
    // "All brokers are down" says less than what came before it.
    if (classify(to.heard_code_) == error_kind::permission ||
        (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !to.heard_.empty()))
        return;
    to.heard_code_ = code;
    to.heard_ = one_sentence(reason);
}

void client::give_up_if_refused()
{
    rd_kafka_poll(kafka_.get(), 0);
    if (heard_code_ != 0 && classify(heard_code_) == error_kind::permission)
        give_up(heard_code_, heard_);
}

void client::give_up(int code, std::string_view text) const
{
    const auto reason = heard_.empty() ? one_sentence(text) : heard_;
    const int cause = heard_.empty() ? code : heard_code_;
    if (classify(cause) == error_kind::permission)
        throw error(error_kind::permission,
                    fmt::format("Kafka at {} refuses the login: {}; {}", servers_, reason,
                                login_advice(cause == RD_KAFKA_RESP_ERR__SSL ? "" : mechanism_, rd_kafka_version())));
    throw error(classify(cause), fmt::format("Kafka does not answer at {} within {:.0f} s: {}; is it running, and are "
                                             "--bootstrap-servers and --security-protocol right?",
                                             servers_, std::chrono::duration<double>(timeout_).count(), reason));
}

}  // namespace bazaar::kafka
