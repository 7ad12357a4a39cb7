#include "bazaar/verify/topic_source.hpp"

#include <fmt/format.h>

namespace bazaar::verify
{
namespace
{

std::set<std::string> both(std::set<std::string> some, const std::set<std::string>& others)
{
    some.insert(others.begin(), others.end());
    return some;
}

}  // namespace

topic_source::topic_source(const kafka::client_settings& how, const std::set<std::string>& topics,
                           const std::set<std::string>& metadata, std::span<const model::table> tables,
                           const std::string& schema, bool committed, std::chrono::milliseconds timeout,
                           const encodings& form)
    : from_(how, both(topics, metadata), committed, timeout)
{
    bool all_metadata = true;
    for (const auto& range : from_.ranges())
    {
        auto& at = heads_.emplace_back();
        at.reader = std::make_unique<debezium_reader>(tables, schema, form);
        at.expected = range.begin;
        at.metadata = !topics.contains(range.topic);
        length_ += static_cast<std::uint64_t>(range.end - range.begin);
        if (at.metadata)
        {
            ++metadata_;
            all_metadata = all_metadata && range.begin == 0;
            tells_each_end_ = tells_each_end_ || range.end > 0;
        }
        else
        {
            sizes_[range.topic] += static_cast<std::uint64_t>(range.end - range.begin);
            if (range.begin > 0)
                incomplete_[range.topic].begins_at = range.begin;
        }
    }
    tells_each_end_ = tells_each_end_ && all_metadata;
}

void topic_source::advance_metadata(std::size_t partition)
{
    auto& at = heads_[partition];
    while (const auto m = from_.next(partition))
    {
        position_ += static_cast<std::uint64_t>(m->offset + 1 - at.expected);
        at.expected = m->offset + 1;
        if (at.reader->read_end(m->value, at.end))
        {
            // Partitions are read side by side: whether another has one more BEGIN is not known in time.
            at.end.again = at.end.again || metadata_ > 1;
            at.event.lsn = at.end.lsn;
            at.used = false;
            return;
        }
    }
    at.ended = true;
}

void topic_source::advance(std::size_t partition)
{
    auto& at = heads_[partition];
    const auto& range = from_.ranges()[partition];
    while (const auto m = from_.next(partition))
    {
        position_ += static_cast<std::uint64_t>(m->offset + 1 - at.expected);
        if (m->offset != at.expected)
            ++incomplete_[range.topic].gaps;
        at.expected = m->offset + 1;
        at.event.stream = range.topic;
        at.event.partition = range.partition;
        at.event.offset = m->offset;
        if (unused_.is_change(at.reader->read(range.topic, m->value, at.event), at.event, *at.reader))
        {
            at.used = false;
            return;
        }
    }
    at.ended = true;
}

bool topic_source::next(change_event& out)
{
    for (;;)
    {
        head* first = nullptr;
        for (std::size_t i = 0; i < heads_.size(); ++i)
        {
            auto& at = heads_[i];
            if (at.used && !at.ended)
                at.metadata ? advance_metadata(i) : advance(i);
            // An end goes behind the events of its place.
            if (!at.ended && (first == nullptr || at.event.lsn < first->event.lsn ||
                              (first->metadata && at.event.lsn == first->event.lsn)))
                first = &at;
        }
        if (first == nullptr)
            return false;
        first->used = true;
        if (!first->metadata)
        {
            std::swap(out, first->event);
            return true;
        }
        if (on_end_)
            on_end_(first->end);
    }
}

}  // namespace bazaar::verify
