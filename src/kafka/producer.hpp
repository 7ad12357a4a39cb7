#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/kafka/records.hpp"
#include "bazaar/kafka/remedy.hpp"
#include "bazaar/kafka/sink.hpp"
#include "client.hpp"

namespace bazaar::kafka
{

/// How a step ended; `remedy::none` is success.
struct step_result
{
    remedy what = remedy::none;
    int code = 0;
    std::string text{};  ///< One line.

    [[nodiscard]] bool good() const noexcept { return what == remedy::none; }
};

/// A producer of one run, with one transaction at a time or none at all. Each step lasts some seconds at most and can be
/// repeated where its result says `again`.
///
/// Threads: one; librdkafka has its own threads.
/// Errors:  those of `admin` while it is made.
class producer : public client
{
public:
    producer(const client_settings& how, delivery promise, const std::string& transactional_id,
             std::chrono::milliseconds timeout);
    ~producer();
    producer(const producer&) = delete;
    producer& operator=(const producer&) = delete;

    /// Makes an earlier producer of this name unable to write, and ends what it has left open.
    step_result open();

    /// Begins a transaction, if there are any, and puts the records on their way.
    step_result send(std::span<const outgoing> records);

    /// Waits until all is written, and commits.
    step_result commit();

    step_result abort();

    /// The longest record that librdkafka takes.
    [[nodiscard]] std::size_t record_max() const noexcept { return record_max_; }

private:
    static void delivered(rd_kafka_t*, const rd_kafka_message_t* m, void* self);

    step_result produce(const outgoing& one);
    step_result result_of(rd_kafka_error_t* failure);
    [[nodiscard]] step_result worst(step_result failed) const;
    rd_kafka_topic_t* topic_of(const std::string& name);

    using topic_handle = handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;

    delivery promise_;
    std::size_t record_max_ = 0;
    std::map<std::string, topic_handle, std::less<>> topics_;
    std::optional<step_result> undelivered_;  ///< The first refusal, or else the first failure, of this transaction.
};

}  // namespace bazaar::kafka
