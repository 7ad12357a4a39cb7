#include "bazaar/kafka/records.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "bazaar/base/error.hpp"

namespace bazaar::kafka
{

records::records(std::vector<bound_outlet> outlets, std::span<const model::table> tables, const model::key_codec& keys,
                 std::uint32_t tag)
    : outlets_(std::move(outlets)), tables_(tables), keys_(keys), tag_(tag)
{
    expect(outlets_.size() == tables_.size(), "each table has an outlet, or an empty one");
    for (std::size_t i = 0; i < outlets_.size(); ++i)
        encoders_.push_back(outlets_[i].to.topic.empty() ? nullptr : make_encoder(outlets_[i].to, tables_[i], keys_));
}

void records::clear()
{
    bytes_.clear();
    places_.clear();
    skipped_ = 0;
}

bool records::sends(const model::change& c) const
{
    const auto& to = outlets_[c.table].to;
    expect(!to.topic.empty(), "a unit of this sink changes tables that go to Kafka");
    if (c.what == model::op::insert)
        return true;
    // A deletion is a key without value.
    return !to.inserts_only && (c.what == model::op::update || to.key != model::no_column);
}

std::uint16_t records::count_of(const model::unit& unit) const
{
    const auto count = std::ranges::count_if(unit.changes, [&](const auto& c) { return sends(c); });
    expect(count <= std::numeric_limits<std::uint16_t>::max(), "a unit has up to 65535 records");
    return static_cast<std::uint16_t>(count);
}

void records::add(const model::unit& unit, const tail& there)
{
    unit_header header{tag_, unit.decision.no, 0, count_of(unit)};
    const auto at_ms = unit.decision.at.us / 1'000 - (unit.decision.at.us % 1'000 < 0 ? 1 : 0);
    for (const auto& c : unit.changes)
    {
        if (!sends(c))
            continue;
        const auto index = header.index++;
        if (there.has(header.unit, index))
        {
            ++skipped_;
            continue;
        }
        const auto& [to, schema] = outlets_[c.table];
        const bool erases = c.what == model::op::erase;
        const auto row = erases ? c.before : c.after;
        place made{&to.topic, bytes_.size(), 0, 0, to.key != model::no_column, !erases, at_ms, {}, c.table};
        made.header = to_bytes({header.tag, header.unit, index, header.count});
        if (made.has_key)
            append_key(to, tables_[c.table], keys_, row, bytes_);
        made.value = bytes_.size();
        if (made.has_value)
        {
            if (to.framed)
                append_frame(to.format, schema, bytes_);
            encoders_[c.table]->encode(row, bytes_);
        }
        made.end = bytes_.size();
        places_.push_back(made);
    }
}

std::span<const outgoing> records::all()
{
    outgoing_.clear();
    const std::string_view bytes = bytes_;
    for (const auto& one : places_)
    {
        outgoing made{one.topic, {}, {}, one.at_ms, one.header, one.table};
        if (one.has_key)
            made.key = bytes.substr(one.key, one.value - one.key);
        if (one.has_value)
            made.value = bytes.substr(one.value, one.end - one.value);
        outgoing_.push_back(made);
    }
    return outgoing_;
}

}  // namespace bazaar::kafka
