#include "bazaar/kafka/tail.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "bazaar/kafka/classify.hpp"
#include "client.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;
using topic_ptr = handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using message_ptr = handle<rd_kafka_message_t, rd_kafka_message_destroy>;

/// Where no record shows, so much further back is looked.
constexpr std::int64_t growth = 8;

client_settings for_tail(client_settings given)
{
    // All partitions of a broker share one request: at its end, one must not let the others wait.
    given.emplace_back("fetch.wait.max.ms", "10");
    given.emplace_back("enable.partition.eof", "true");
    given.emplace_back("isolation.level", "read_committed");
    given.emplace_back("auto.offset.reset", "earliest");
    return given;
}

/// One partition, and how far back it was read.
struct part
{
    rd_kafka_topic_t* topic = nullptr;
    std::int32_t number = 0;
    std::int64_t low = 0, high = 0;
    std::int64_t begin = 0;
    std::optional<unit_no> first;  ///< Unit of the first record of the run behind `begin`.
    bool reading = false;
};

class tail_client : public client
{
public:
    tail_client(const client_settings& how, const std::set<std::string>& topics, const tail_options& options,
                std::stop_token stop)
        : client(RD_KAFKA_CONSUMER, for_tail(how), options.timeout),
          options_(options),
          stop_(std::move(stop)),
          queue_(rd_kafka_queue_new(get())),
          found_(options.span)
    {
        const auto all = metadata(topics);
        std::set<std::string> missing = topics;
        for (int i = 0; i < all->topic_cnt; ++i)
            if (const auto& one = all->topics[i];
                topics.contains(one.topic) && one.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            {
                missing.erase(one.topic);
                open(one);
            }
        std::vector<std::string> lines;
        for (const auto& name : missing)
            lines.push_back(fmt::format("Kafka at {} has no topic {}; make it with `bazaard topics ensure` or "
                                        "--create-topic",
                                        servers(), name));
        if (!lines.empty())
            throw error(error_kind::config, std::move(lines));
    }

    ~tail_client()
    {
        for (auto& one : parts_)
            end(one);
    }
    tail_client(const tail_client&) = delete;
    tail_client& operator=(const tail_client&) = delete;

    std::optional<tail> read()
    {
        for (auto reach = options_.first_reach;; reach *= growth)
        {
            bool any = false;
            for (auto& one : parts_)
                if (!is_enough(one))
                {
                    begin(one, reach);
                    any = true;
                }
            if (!any)
                break;
            if (!drain())
                return std::nullopt;
        }
        found_.prune();
        return std::move(found_);
    }

private:
    void open(const rd_kafka_metadata_topic_t& one)
    {
        if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR)
            fail(std::string("read topic ") + one.topic, {outcome::kind::failed, one.err, rd_kafka_err2str(one.err)});
        topics_.emplace_back(rd_kafka_topic_new(get(), one.topic, nullptr));
        for (int p = 0; p < one.partition_cnt; ++p)
        {
            part made;
            made.topic = topics_.back().get();
            made.number = one.partitions[p].id;
            std::tie(made.low, made.high) = ends_of(one.topic, made.number);
            made.begin = made.high;
            parts_.push_back(made);
        }
    }

    /// Whether nothing before its beginning can be of a unit that is in question: what was sent before a record of unit
    /// n is of units below n + W, and those down to highest - W are in question.
    [[nodiscard]] bool is_enough(const part& one) const
    {
        if (one.begin <= one.low)
            return true;
        const auto highest = found_.highest();
        return one.first && highest && *one.first + 2 * options_.span <= *highest;
    }

    void begin(part& one, std::int64_t reach)
    {
        one.begin = std::max(one.low, one.high - reach);
        one.first.reset();
        if (one.begin >= one.high)
            return;
        if (rd_kafka_consume_start_queue(one.topic, one.number, one.begin, queue_.get()) != 0)
            give_up(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()));
        one.reading = true;
    }

    void end(part& one)
    {
        if (one.reading)
            rd_kafka_consume_stop(one.topic, one.number);
        one.reading = false;
    }

    /// Reads what was begun up to the ends; false if stopped.
    bool drain()
    {
        auto deadline = clock::now() + timeout();
        while (std::ranges::any_of(parts_, &part::reading))
        {
            if (stop_.stop_requested())
                return false;
            const message_ptr got(rd_kafka_consume_queue(queue_.get(), 100));
            if (!got)
            {
                give_up_if_refused();
                if (clock::now() >= deadline)
                    give_up_waiting();
                continue;
            }
            if (take(*got))
                deadline = clock::now() + timeout();
        }
        return true;
    }

    /// Whether it was news.
    bool take(const rd_kafka_message_t& got)
    {
        const auto at = std::ranges::find_if(parts_, [&](const part& one)
                                             { return one.topic == got.rkt && one.number == got.partition; });
        if (at == parts_.end() || !at->reading)
            return false;
        if (got.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        {
            // The last offsets may be marks of transactions, which are no records.
            if (got.offset >= at->high)
                end(*at);
            return true;
        }
        if (got.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        {
            if (is_passing(got.err))
                return false;
            fail(std::string("read topic ") + rd_kafka_topic_name(got.rkt),
                 {outcome::kind::failed, got.err, one_sentence(rd_kafka_message_errstr(&got))});
        }
        look(got, *at);
        if (got.offset + 1 >= at->high)
            end(*at);
        return true;
    }

    void look(const rd_kafka_message_t& got, part& at)
    {
        rd_kafka_headers_t* headers = nullptr;
        const void* bytes = nullptr;
        std::size_t size = 0;
        if (rd_kafka_message_headers(&got, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            rd_kafka_header_get_last(headers, unit_header_name.data(), &bytes, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return;
        const auto read = read_unit_header({static_cast<const char*>(bytes), size});
        if (!read || read->tag != options_.tag)
            return;
        found_.add(*read);
        if (!at.first)
            at.first = read->unit;
    }

    [[noreturn]] void give_up_waiting()
    {
        const auto at = std::ranges::find_if(parts_, &part::reading);
        give_up(RD_KAFKA_RESP_ERR__TIMED_OUT,
                fmt::format("the end of topic {}, partition {} is not there yet: an open transaction of another "
                            "producer may hide it",
                            rd_kafka_topic_name(at->topic), at->number));
    }

    tail_options options_;
    std::stop_token stop_;
    queue_handle queue_;
    std::vector<topic_ptr> topics_;
    std::vector<part> parts_;
    tail found_;
};

}  // namespace

void tail::add(const unit_header& record)
{
    auto& there = found_[record.unit];
    there.resize(std::max<std::size_t>(there.size(), record.count));
    there[record.index] = true;
    if (!highest_ || record.unit > *highest_)
        highest_ = record.unit;
    // A topic that is read far back is not kept.
    if (found_.size() > 8 * span_)
        prune();
}

void tail::add_whole(unit_no unit, std::uint16_t count)
{
    for (std::uint16_t i = 0; i < count; ++i)
        add({0, unit, i, count});
}

bool tail::has(unit_no unit, std::uint16_t index) const
{
    if (!highest_ || unit > *highest_)
        return false;
    if (unit + span_ < *highest_)
        return true;
    const auto at = found_.find(unit);
    return at != found_.end() && index < at->second.size() && at->second[index];
}

void tail::prune()
{
    if (highest_ && *highest_ > span_)
        found_.erase(found_.begin(), found_.lower_bound(*highest_ - span_));
}

std::optional<tail> read_tail(const client_settings& cluster, const std::set<std::string>& topics,
                              const tail_options& how, std::stop_token stop)
{
    tail_client reader(cluster, topics, how, std::move(stop));
    return reader.read();
}

}  // namespace bazaar::kafka
