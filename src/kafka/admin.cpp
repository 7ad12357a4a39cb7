#include "bazaar/kafka/admin.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bazaar/kafka/classify.hpp"
#include "client.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

using event_handle = handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using options_handle = handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using new_topic = handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using growth_handle = handle<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using removal_handle = handle<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using config_handle = handle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

template <typename Handle>
auto raw(const std::vector<Handle>& handles)
{
    std::vector<decltype(handles.front().get())> pointers;
    for (const auto& one : handles)
        pointers.push_back(one.get());
    return pointers;
}

outcome outcome_of(rd_kafka_resp_err_t code, const char* text, rd_kafka_resp_err_t harmless)
{
    outcome made;
    made.code = code;
    made.what = code == RD_KAFKA_RESP_ERR_NO_ERROR ? outcome::kind::done
                : code == harmless                 ? outcome::kind::found
                                                   : outcome::kind::failed;
    made.problem = one_sentence(text != nullptr ? text : rd_kafka_err2str(code));
    return made;
}

std::vector<outcome> outcomes_of(const rd_kafka_topic_result_t* const* results, std::size_t count,
                                 rd_kafka_resp_err_t harmless)
{
    std::vector<outcome> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(outcome_of(rd_kafka_topic_result_error(results[i]),
                                 rd_kafka_topic_result_error_string(results[i]), harmless));
    return all;
}

}  // namespace

class admin::work : public client
{
public:
    work(const client_settings& how, milliseconds timeout)
        : client(RD_KAFKA_PRODUCER, how, timeout), answers_(rd_kafka_queue_new(get()))
    {
    }

    [[nodiscard]] rd_kafka_queue_t* answers() const noexcept { return answers_.get(); }

    /// Options of a request; the broker may take as long as we wait.
    [[nodiscard]] options_handle request(rd_kafka_admin_op_t what, bool validate) const
    {
        options_handle made(rd_kafka_AdminOptions_new(get(), what));
        std::array<char, text_max> complaint{};
        const int wait = static_cast<int>(timeout().count());
        rd_kafka_AdminOptions_set_request_timeout(made.get(), wait, complaint.data(), complaint.size());
        if (what != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS && what != RD_KAFKA_ADMIN_OP_ALTERCONFIGS)
            rd_kafka_AdminOptions_set_operation_timeout(made.get(), wait, complaint.data(), complaint.size());
        if (validate)
            rd_kafka_AdminOptions_set_validate_only(made.get(), 1, complaint.data(), complaint.size());
        return made;
    }

    /// Waits for the answer to the request that was just sent.
    [[nodiscard]] event_handle answer(const std::string& what)
    {
        const auto end = clock::now() + timeout() + std::chrono::seconds(1);
        for (;;)
        {
            event_handle event(rd_kafka_queue_poll(answers_.get(), 100));
            if (!event)
            {
                give_up_if_refused();
                if (clock::now() >= end)
                    give_up(RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer");
                continue;
            }
            if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
            {
                if (is_passing(code))
                    give_up(code, rd_kafka_event_error_string(event.get()));
                throw error(classify(code), fmt::format("Kafka at {} refuses to {}: {}", servers(), what,
                                                        one_sentence(rd_kafka_event_error_string(event.get()))));
            }
            return event;
        }
    }

private:
    queue_handle answers_;
};

admin::admin(const client_settings& how, milliseconds timeout) : work_(std::make_unique<work>(how, timeout)) {}
admin::~admin() = default;

std::chrono::milliseconds admin::timeout() const noexcept
{
    return work_->timeout();
}

void admin::fail(const std::string& what, const outcome& why) const
{
    work_->fail(what, why);
}

std::map<std::string, found_topic> admin::list()
{
    const auto all = work_->metadata();
    std::map<std::string, found_topic> found;
    for (int i = 0; i < all->topic_cnt; ++i)
    {
        const auto& topic = all->topics[i];
        if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            continue;
        auto& made = found[topic.topic];
        made.partitions = topic.partition_cnt;
        made.replication = topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0;
        made.led = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && topic.partition_cnt > 0 &&
                   std::all_of(topic.partitions, topic.partitions + topic.partition_cnt,
                               [](const auto& partition) { return partition.leader >= 0; });
    }
    return found;
}

std::map<std::string, found_topic> admin::describe(const std::set<std::string>& names)
{
    auto found = list();
    std::erase_if(found, [&](const auto& entry) { return !names.contains(entry.first); });
    if (found.empty())
        return found;
    std::vector<config_handle> questions;
    for (const auto& [name, topic] : found)
        questions.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    auto pointers = raw(questions);
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false);
    rd_kafka_DescribeConfigs(work_->get(), pointers.data(), pointers.size(), how.get(), work_->answers());
    const auto event = work_->answer("describe topics");
    std::size_t count = 0;
    const auto* const answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i)
    {
        const std::string name = rd_kafka_ConfigResource_name(answers[i]);
        const auto code = rd_kafka_ConfigResource_error(answers[i]);
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)  // Deleted meanwhile.
            found.erase(name);
        else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            work_->fail("describe topic " + name,
                        outcome_of(code, rd_kafka_ConfigResource_error_string(answers[i]), code));
        std::size_t entries = 0;
        const auto* const lines = rd_kafka_ConfigResource_configs(answers[i], &entries);
        for (std::size_t e = 0; e < entries && found.contains(name); ++e)
        {
            const char* value = rd_kafka_ConfigEntry_value(lines[e]);
            const std::string key = rd_kafka_ConfigEntry_name(lines[e]);
            found[name].settings[key] = value != nullptr ? value : "";
            if (rd_kafka_ConfigEntry_source(lines[e]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
                found[name].own.insert(key);
        }
    }
    return found;
}

std::vector<outcome> admin::create(std::span<const model::topic> wished, bool validate)
{
    if (wished.empty())
        return {};
    std::vector<new_topic> all;
    std::array<char, text_max> complaint{};
    for (const auto& topic : wished)
    {
        all.emplace_back(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication,
                                               complaint.data(), complaint.size()));
        if (!all.back())
            throw error(error_kind::usage, fmt::format("topic {}: {}", topic.name, one_sentence(complaint.data())));
        for (const auto& [name, value] : topic.settings)
            rd_kafka_NewTopic_set_config(all.back().get(), name.c_str(), value.c_str());
    }
    auto pointers = raw(all);
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_CREATETOPICS, validate);
    rd_kafka_CreateTopics(work_->get(), pointers.data(), pointers.size(), how.get(), work_->answers());
    const auto event = work_->answer("create topics");
    std::size_t count = 0;
    const auto* const results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()),
                                                                    &count);
    return outcomes_of(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
}

outcome admin::grow(const std::string& topic, int partitions, bool validate)
{
    std::array<char, text_max> complaint{};
    const growth_handle wish(rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions),
                                                        complaint.data(), complaint.size()));
    expect(wish != nullptr, "a number of partitions that can be asked for");
    std::array<rd_kafka_NewPartitions_t*, 1> one{wish.get()};
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, validate);
    rd_kafka_CreatePartitions(work_->get(), one.data(), one.size(), how.get(), work_->answers());
    const auto event = work_->answer("add partitions to topic " + topic);
    std::size_t count = 0;
    const auto* const results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(event.get()), &count);
    return outcomes_of(results, count, RD_KAFKA_RESP_ERR_NO_ERROR).at(0);
}

outcome admin::alter(const std::string& topic, const found_topic& now, const std::map<std::string, std::string>& wished,
                     bool validate)
{
    const config_handle wish(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    std::array<rd_kafka_ConfigResource_t*, 1> one{wish.get()};
#if RD_KAFKA_VERSION >= 0x020200ff
    static_cast<void>(now);
    for (const auto& [name, value] : wished)
    {
        const handle<rd_kafka_error_t, rd_kafka_error_destroy> wrong(rd_kafka_ConfigResource_add_incremental_config(
            wish.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str()));
        expect(!wrong, "a setting that can be asked for");
    }
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, validate);
    rd_kafka_IncrementalAlterConfigs(work_->get(), one.data(), one.size(), how.get(), work_->answers());
#else
    // This request sets all that is not named back to the broker's default.
    std::map<std::string, std::string> merged;
    for (const auto& name : now.own)
        merged[name] = now.settings.at(name);
    for (const auto& [name, value] : wished)
        merged[name] = value;
    for (const auto& [name, value] : merged)
        rd_kafka_ConfigResource_set_config(wish.get(), name.c_str(), value.c_str());
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, validate);
    rd_kafka_AlterConfigs(work_->get(), one.data(), one.size(), how.get(), work_->answers());
#endif
    const auto event = work_->answer("alter topic " + topic);
    std::size_t count = 0;
#if RD_KAFKA_VERSION >= 0x020200ff
    const auto* const results = rd_kafka_IncrementalAlterConfigs_result_resources(
        rd_kafka_event_IncrementalAlterConfigs_result(event.get()), &count);
#else
    const auto* const results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()),
                                                                       &count);
#endif
    expect(count == 1, "one answer to one question");
    return outcome_of(rd_kafka_ConfigResource_error(results[0]), rd_kafka_ConfigResource_error_string(results[0]),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::vector<outcome> admin::remove(std::span<const std::string> topics)
{
    if (topics.empty())
        return {};
    std::vector<removal_handle> all;
    for (const auto& topic : topics)
        all.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
    auto pointers = raw(all);
    const auto how = work_->request(RD_KAFKA_ADMIN_OP_DELETETOPICS, false);
    rd_kafka_DeleteTopics(work_->get(), pointers.data(), pointers.size(), how.get(), work_->answers());
    const auto event = work_->answer("delete topics");
    std::size_t count = 0;
    const auto* const results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()),
                                                                    &count);
    return outcomes_of(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

}  // namespace bazaar::kafka
