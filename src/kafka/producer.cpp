#include "producer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;

/// How long one step may take before it is to be repeated.
constexpr int step_ms = 2'000;

using error_handle = handle<rd_kafka_error_t, rd_kafka_error_destroy>;

/// Own settings first: what was given replaces them, as far as the promise holds without.
client_settings for_producer(const client_settings& given, delivery promise, const std::string& transactional_id)
{
    client_settings made{
        {"compression.type", "lz4"},
        {"linger.ms", "5"},
        {"queue.buffering.max.messages", "1000000"},
        {"queue.buffering.max.kbytes", "65536"},
    };
    made.insert(made.end(), given.begin(), given.end());
    made.emplace_back("enable.idempotence", "true");
    // The keys of Java's clients go to the same partitions.
    made.emplace_back("partitioner", "murmur2_random");
    if (promise == delivery::transactional)
        made.emplace_back("transactional.id", transactional_id);
    return made;
}

/// What says most about a transaction: a refusal, then what stops all, then anything else.
int weight(remedy what)
{
    return what == remedy::refuse ? 2 : what == remedy::stop ? 1 : 0;
}

}  // namespace

producer::producer(const client_settings& how, delivery promise, const std::string& transactional_id,
                   std::chrono::milliseconds timeout)
    : client(RD_KAFKA_PRODUCER, for_producer(how, promise, transactional_id), timeout,
             [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, &producer::delivered); }),
      promise_(promise)
{
    std::array<char, text_max> text{};
    auto size = text.size();
    if (rd_kafka_conf_get(rd_kafka_conf(get()), "message.max.bytes", text.data(), &size) == RD_KAFKA_CONF_OK)
        std::from_chars(text.data(), text.data() + size, record_max_);
    expect(record_max_ > 0, "librdkafka has a longest record");
}

producer::~producer()
{
    // What is still under way is given up: its outcome is read from the topics.
    rd_kafka_purge(get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(get(), 0);
    topics_.clear();
}

void producer::delivered(rd_kafka_t*, const rd_kafka_message_t* m, void* self)
{
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    auto& to = *static_cast<producer*>(static_cast<client*>(self));
    // rd_kafka_message_errstr would give the record itself.
    step_result failed{remedy_of(m->err), m->err,
                       fmt::format("topic {}: {}", rd_kafka_topic_name(m->rkt), rd_kafka_err2str(m->err))};
    if (!to.undelivered_ || weight(failed.what) > weight(to.undelivered_->what))
        to.undelivered_ = std::move(failed);
}

/// The reason of a failed transaction is what was not delivered in it.
step_result producer::worst(step_result failed) const
{
    if (undelivered_ && (failed.what == remedy::abort || failed.what == remedy::again) &&
        weight(undelivered_->what) > 0)
        return *undelivered_;
    if (undelivered_ && failed.what == remedy::abort)
        failed.text = undelivered_->text;
    return failed;
}

step_result producer::result_of(rd_kafka_error_t* failure)
{
    const error_handle owned(failure);
    if (!owned)
        return {};
    step_result made{remedy_of(rd_kafka_error_code(failure)), rd_kafka_error_code(failure),
                     one_sentence(rd_kafka_error_string(failure))};
    if (rd_kafka_error_is_fatal(failure) != 0)
    {
        // The number is that of the call; the cause is kept by the client.
        std::array<char, text_max> text{};
        if (const auto cause = rd_kafka_fatal_error(get(), text.data(), text.size());
            cause != RD_KAFKA_RESP_ERR_NO_ERROR)
        {
            made.code = cause;
            made.text = one_sentence(text.data());
        }
        made.what = is_fenced(made.code) || remedy_of(made.code) == remedy::stop ? remedy::stop : remedy::reopen;
        return made;
    }
    if (rd_kafka_error_txn_requires_abort(failure) != 0)
        made.what = made.what == remedy::refuse || made.what == remedy::stop ? made.what : remedy::abort;
    else if (rd_kafka_error_is_retriable(failure) != 0)
        made.what = remedy::again;
    return worst(std::move(made));
}

step_result producer::open()
{
    if (promise_ != delivery::transactional)
        return {};
    auto made = result_of(rd_kafka_init_transactions(get(), step_ms));
    give_up_if_refused();
    return made;
}

rd_kafka_topic_t* producer::topic_of(const std::string& name)
{
    const auto known = topics_.find(name);
    if (known != topics_.end())
        return known->second.get();
    topic_handle made(rd_kafka_topic_new(get(), name.c_str(), nullptr));
    expect(made != nullptr, "a topic has a handle");
    return topics_.emplace(name, std::move(made)).first->second.get();
}

step_result producer::produce(const outgoing& one)
{
    std::array<rd_kafka_vu_t, 7> words{};
    std::size_t used = 0;
    const auto word = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t&
    {
        words[used].vtype = type;
        return words[used++];
    };
    // librdkafka copies what it is given.
    const auto memory = [](rd_kafka_vu_t& to, std::string_view text)
    {
        to.u.mem.ptr = const_cast<char*>(text.data());
        to.u.mem.size = text.size();
    };
    word(RD_KAFKA_VTYPE_RKT).u.rkt = topic_of(*one.topic);
    word(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    word(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = one.at_ms;
    if (one.value)
        memory(word(RD_KAFKA_VTYPE_VALUE), one.value->data() != nullptr ? *one.value : std::string_view(""));
    if (one.key)
        memory(word(RD_KAFKA_VTYPE_KEY), *one.key);
    auto& header = word(RD_KAFKA_VTYPE_HEADER);
    header.u.header.name = unit_header_name.data();
    header.u.header.val = one.header.data();
    header.u.header.size = static_cast<ssize_t>(one.header.size());
    const error_handle failed(rd_kafka_produceva(get(), words.data(), used));
    if (!failed)
        return {};
    const auto code = rd_kafka_error_code(failed.get());
    return {remedy_of(code), code,
            fmt::format("topic {}: {}", *one.topic, one_sentence(rd_kafka_error_string(failed.get())))};
}

step_result producer::send(std::span<const outgoing> records)
{
    undelivered_.reset();
    if (promise_ == delivery::transactional)
        if (auto begun = result_of(rd_kafka_begin_transaction(get())); !begun.good())
            return begun;
    const auto end = clock::now() + std::chrono::milliseconds(step_ms);
    for (const auto& one : records)
        for (;;)
        {
            auto made = produce(one);
            if (made.good())
                break;
            if (made.code != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock::now() >= end)
                return worst(made);
            rd_kafka_poll(get(), 50);
        }
    rd_kafka_poll(get(), 0);
    return {};
}

step_result producer::commit()
{
    if (promise_ == delivery::transactional)
        return result_of(rd_kafka_commit_transaction(get(), step_ms));
    rd_kafka_flush(get(), step_ms);
    std::array<char, text_max> text{};
    if (const auto cause = rd_kafka_fatal_error(get(), text.data(), text.size()); cause != RD_KAFKA_RESP_ERR_NO_ERROR)
        return {remedy::reopen, cause, one_sentence(text.data())};
    if (rd_kafka_outq_len(get()) > 0)
        return {remedy::again, RD_KAFKA_RESP_ERR__TIMED_OUT, "not all records were acknowledged in time"};
    if (!undelivered_)
        return {};
    // Some records may be there.
    auto made = *std::exchange(undelivered_, std::nullopt);
    if (made.what == remedy::again || made.what == remedy::abort)
        made.what = remedy::reopen;
    return made;
}

step_result producer::abort()
{
    if (promise_ != delivery::transactional)
        return {remedy::reopen, 0, "without transactions nothing is taken back"};
    undelivered_.reset();
    auto made = result_of(rd_kafka_abort_transaction(get(), step_ms));
    undelivered_.reset();
    // There was none to abort, or this producer is broken: a new one knows.
    if (made.what == remedy::abort || made.what == remedy::refuse)
        made.what = remedy::reopen;
    return made;
}

}  // namespace bazaar::kafka
