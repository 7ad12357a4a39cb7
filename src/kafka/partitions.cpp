#include "bazaar/kafka/partitions.hpp"

#include "bazaar/kafka/classify.hpp"
#include "client.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;

using topic_handle = handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using message_handle = handle<rd_kafka_message_t, rd_kafka_message_destroy>;

/// Own settings go before those that were given, as far as reading would be another one without them.
client_settings with(client_settings given, bool committed)
{
    // All partitions of a broker share one request. One that is asked for at its end would let those wait that have more.
    given.emplace(given.begin(), "fetch.wait.max.ms", "10");
    given.emplace_back("enable.partition.eof", "true");
    given.emplace_back("isolation.level", committed ? "read_committed" : "read_uncommitted");
    given.emplace_back("auto.offset.reset", "error");
    // Of each partition: what waits here waits for the slowest one.
    given.emplace_back("queued.max.messages.kbytes", "4096");
    given.emplace_back("fetch.message.max.bytes", "1048576");
    return given;
}

}  // namespace

class partitions::work : public client
{
public:
    work(const client_settings& how, const std::set<std::string>& topics, bool committed,
         std::chrono::milliseconds timeout)
        : client(RD_KAFKA_CONSUMER, with(how, committed), timeout)
    {
        const auto all = metadata(topics);
        for (int i = 0; i < all->topic_cnt; ++i)
        {
            const auto& topic = all->topics[i];
            if (!topics.contains(topic.topic) || topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
                continue;
            if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR)
                fail(std::string("read topic ") + topic.topic,
                     {outcome::kind::failed, topic.err, rd_kafka_err2str(topic.err)});
            for (int p = 0; p < topic.partition_cnt; ++p)
                begin(topic.topic, topic.partitions[p].id);
        }
    }

    ~work()
    {
        for (std::size_t i = 0; i < parts_.size(); ++i)
            rd_kafka_consume_stop(parts_[i].topic.get(), ranges_[i].partition);
    }
    work(const work&) = delete;
    work& operator=(const work&) = delete;

    [[nodiscard]] std::span<const partition_range> ranges() const noexcept { return ranges_; }

    std::optional<message> next(std::size_t i)
    {
        auto& at = parts_[i];
        const auto& range = ranges_[i];
        at.last.reset();
        auto end = clock::now() + timeout();
        while (!at.ended)
        {
            at.last.reset(rd_kafka_consume_queue(at.queue.get(), 100));
            if (!at.last)
            {
                give_up_if_refused();
                if (clock::now() >= end)
                    give_up(RD_KAFKA_RESP_ERR__TIMED_OUT, "no message");
                continue;
            }
            const auto& m = *at.last;
            if (m.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            {
                // The last offsets may be marks of transactions, which are no messages.
                at.ended = m.offset >= range.end || range.end == range.begin;
                end = clock::now() + timeout();
                continue;
            }
            if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR)
            {
                if (is_passing(m.err))
                    continue;
                fail("read topic " + range.topic,
                     {outcome::kind::failed, m.err, one_sentence(rd_kafka_message_errstr(&m))});
            }
            if (m.offset >= range.end)
                break;
            at.ended = m.offset + 1 >= range.end;
            const auto text = [](const void* bytes, std::size_t size)
            { return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size); };
            return message{text(m.key, m.key_len), text(m.payload, m.len), m.offset, m.payload == nullptr,
                           rd_kafka_message_timestamp(&m, nullptr)};
        }
        at.ended = true;
        at.last.reset();
        return std::nullopt;
    }

    std::optional<std::string_view> header(std::size_t i, const char* name) const
    {
        rd_kafka_headers_t* all = nullptr;
        const void* bytes = nullptr;
        std::size_t size = 0;
        const auto& last = parts_[i].last;
        if (!last || rd_kafka_message_headers(last.get(), &all) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            rd_kafka_header_get_last(all, name, &bytes, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return std::nullopt;
        return std::string_view(static_cast<const char*>(bytes), size);
    }

private:
    struct open_partition
    {
        topic_handle topic;
        queue_handle queue;
        message_handle last;
        bool ended = false;
    };

    void begin(const std::string& topic, std::int32_t number)
    {
        const auto [low, high] = ends_of(topic, number);
        partition_range range{topic, number, low, high};
        open_partition made;
        made.topic.reset(rd_kafka_topic_new(get(), topic.c_str(), nullptr));
        made.queue.reset(rd_kafka_queue_new(get()));
        made.ended = range.begin >= range.end;
        if (rd_kafka_consume_start_queue(made.topic.get(), number, range.begin, made.queue.get()) != 0)
            give_up(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()));
        ranges_.push_back(std::move(range));
        parts_.push_back(std::move(made));
    }

    std::vector<partition_range> ranges_;
    std::vector<open_partition> parts_;
};

partitions::partitions(const client_settings& how, const std::set<std::string>& topics, bool committed,
                       std::chrono::milliseconds timeout)
    : work_(std::make_unique<work>(how, topics, committed, timeout))
{
}
partitions::~partitions() = default;

std::span<const partition_range> partitions::ranges() const noexcept
{
    return work_->ranges();
}

std::optional<message> partitions::next(std::size_t partition)
{
    return work_->next(partition);
}

std::optional<std::string_view> partitions::header(std::size_t partition, const char* name) const
{
    return work_->header(partition, name);
}

}  // namespace bazaar::kafka
