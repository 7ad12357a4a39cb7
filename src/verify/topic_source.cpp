#include "bazaar/verify/topic_source.hpp"

#include <fmt/format.h>

namespace bazaar::verify
{
namespace
{

std::set<std::string> names_of(const std::map<std::string, std::uint8_t>& topics)
{
    std::set<std::string> names;
    for (const auto& [name, table] : topics)
        names.insert(name);
    return names;
}

}  // namespace

topic_source::topic_source(const kafka::client_settings& how, const std::map<std::string, std::uint8_t>& topics,
                           std::span<const model::table> tables, const std::string& schema, bool committed,
                           std::chrono::milliseconds timeout, const encodings& form)
    : from_(how, names_of(topics), committed, timeout)
{
    for (const auto& range : from_.ranges())
    {
        heads_.push_back({std::make_unique<debezium_reader>(tables, schema, form), {}, range.begin, true, false});
        length_ += static_cast<std::uint64_t>(range.end - range.begin);
        if (range.begin > 0)
            incomplete_[range.topic].begins_at = range.begin;
    }
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
    head* first = nullptr;
    for (std::size_t i = 0; i < heads_.size(); ++i)
    {
        auto& at = heads_[i];
        if (at.used && !at.ended)
            advance(i);
        if (!at.ended && (first == nullptr || at.event.lsn < first->event.lsn))
            first = &at;
    }
    if (first == nullptr)
        return false;
    first->used = true;
    std::swap(out, first->event);
    return true;
}

}  // namespace bazaar::verify
