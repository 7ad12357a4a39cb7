#include "bazaar/verify/record_judge.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "bazaar/kafka/decoder.hpp"
#include "bazaar/kafka/records.hpp"
#include "bazaar/kafka/unit_header.hpp"
#include "bazaar/scenario/does.hpp"

namespace bazaar::verify
{
namespace
{

/// A record of the plan.
struct planned_record
{
    std::uint8_t table = 0;
    const std::string* topic = nullptr;
    std::string key, value;
    bool is_tombstone = false;
    std::int64_t at_ms = 0;
    bool seen = false;
};

struct planned_records
{
    std::vector<planned_record> all;
    std::size_t left = 0;
};

/// The last record of a key.
struct last_place
{
    unit_no unit = 0;
    std::uint16_t index = 0;
    std::int32_t partition = 0;
};

/// What stands in the way of a record that has no readable value.
constexpr std::string_view no_value = "no value";

}  // namespace

class record_judge::work
{
public:
    work(const subject& of, std::vector<kafka::bound_outlet> outlets, report& to, record_options how)
        : of_(of),
          to_(to),
          how_(std::move(how)),
          walk_(of),
          tables_(of.shop.tables()),
          there_(1),
          records_(std::move(outlets), tables_, of.ids, of.recorded.tag)
    {
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            ordered_.push_back(
                !records_.outlets()[i].to.inserts_only && records_.outlets()[i].to.key != model::no_column &&
                (scenario::does(of.shop, model::op::update, i) || scenario::does(of.shop, model::op::erase, i)));
        last_of_key_.resize(tables_.size());
    }

    void take(const read_record& one)
    {
        ++read_;
        const auto header = one.header ? kafka::read_unit_header(*one.header) : std::nullopt;
        if (!header)
        {
            if (foreign_++ == 0)
                first_foreign_ = place_of(one);
            return;
        }
        if (header->tag != of_.recorded.tag)
        {
            ++others_;
            return;
        }
        last_ = header->unit;
        if (header->unit >= of_.known)
        {
            // Of a run that goes on, nothing is known about them.
            if (of_.recorded.clean)
                add(defect::unknown, one, *header, {}, "no such unit", {});
            else
                ++beyond_;
            return;
        }
        plan_below(header->unit + 1);
        const auto at = open_.find(header->unit);
        if (at == open_.end())
            return behind(one, *header);
        auto& unit = at->second;
        if (header->index >= unit.all.size())
            return add(defect::unknown, one, *header, "number of records", fmt::to_string(unit.all.size()),
                       fmt::to_string(header->index + 1));
        auto& wanted = unit.all[header->index];
        if (!how_.tables.contains(wanted.table))
            return;
        if (wanted.seen)
            return copy(one, *header);
        compare(one, *header, wanted, unit.all.size());
        check_order(one, *header, wanted);
        wanted.seen = true;
        if (--unit.left == 0)
            open_.erase(at);
    }

    void excuse(const std::string& topic, std::string why)
    {
        excused_.insert(topic);
        to_.not_proven(std::move(why));
    }

    void finish(bool partial)
    {
        if (partial)
            to_.set_partial();
        else
            plan_below(of_.demanded);
        std::uint64_t not_here = 0;
        for (const auto& [no, unit] : open_)
            if (no < how_.from)
                continue;
            else if (no >= of_.demanded)
                ++not_here;
            else if (!partial)
                tell_missing(no, unit);
        if (foreign_ > 0)
            to_.not_proven(fmt::format("{} messages have no header of a run: somebody else writes to the topics; the "
                                       "first: {}",
                                       foreign_, first_foreign_));
        to_.figure("records", read_);
        if (others_ > 0)
            to_.figure("records of other runs", others_);
        if (beyond_ > 0)
            to_.figure("records of units that are not known yet", beyond_);
        if (not_here > 0)
            to_.figure("not here yet", not_here);
    }

    [[nodiscard]] std::optional<unit_no> last() const noexcept { return last_; }

private:
    static std::string place_of(const read_record& one)
    {
        return fmt::format("{}, partition {}, offset {}", one.topic, one.partition, one.offset);
    }

    void plan_below(unit_no end)
    {
        model::decision decision;
        for (auto no = walk_.next_no(); no < end && no != no_unit; no = walk_.next_no())
        {
            if (!walk_.next(decision))
            {
                refused_.insert(no);
                continue;
            }
            of_.shop.build(decision, unit_);
            keep(no);
        }
    }

    void keep(unit_no no)
    {
        records_.clear();
        records_.add(unit_, there_);
        planned_records made;
        for (const auto& one : records_.all())
        {
            made.all.push_back({one.table, one.topic, std::string(one.key.value_or(std::string_view())),
                                std::string(one.value.value_or(std::string_view())), !one.value, one.at_ms});
            made.left += how_.tables.contains(one.table) ? 1 : 0;
        }
        if (made.left > 0)
            open_.emplace(no, std::move(made));
    }

    /// A record of a unit of which all are there, or none is wanted.
    void behind(const read_record& one, const kafka::unit_header& header)
    {
        if (refused_.contains(header.unit))
            add(defect::unknown, one, header, {}, "nothing: the unit was refused", {});
        else if (is_compared(one.topic))
            copy(one, header);
    }

    [[nodiscard]] bool is_compared(std::string_view topic) const
    {
        return std::ranges::any_of(how_.tables,
                                   [&](std::uint8_t i) { return records_.outlets()[i].to.topic == topic; });
    }

    void copy(const read_record& one, const kafka::unit_header& header)
    {
        add(how_.copies ? defect::repeated : defect::doubled, one, header, {}, {}, {});
    }

    void compare(const read_record& one, const kafka::unit_header& header, const planned_record& wanted,
                 std::size_t count)
    {
        const auto altered = [&](std::string_view what, std::string expected, std::string found)
        { add(defect::altered, one, header, std::string(what), std::move(expected), std::move(found), &wanted); };
        if (one.topic != *wanted.topic)
            altered("topic", *wanted.topic, std::string(one.topic));
        if (header.count != count)
            altered("number of records", fmt::to_string(count), fmt::to_string(header.count));
        if (one.key != wanted.key)
            altered("key", wanted.key, std::string(one.key));
        if (one.at_ms != wanted.at_ms)
            altered("time of the record", fmt::to_string(wanted.at_ms), fmt::to_string(one.at_ms));
        if (one.is_tombstone != wanted.is_tombstone)
            altered("value", wanted.is_tombstone ? std::string(no_value) : "a row",
                    one.is_tombstone ? std::string(no_value) : "a row");
        else if (one.value != wanted.value)
            compare_fields(one.value, wanted, altered);
    }

    /// Names the fields of a value that is not as planned.
    template <typename Tell>
    void compare_fields(std::string_view value, const planned_record& wanted, Tell altered) const
    {
        const auto& to = records_.outlets()[wanted.table].to;
        const std::size_t frame = !to.framed ? 0 : to.format == kafka::record_format::protobuf ? 6 : 5;
        if (value.size() < frame || value.substr(0, frame) != std::string_view(wanted.value).substr(0, frame))
            return altered("frame of the registry", shown(std::string_view(wanted.value).substr(0, frame)),
                           shown(value.substr(0, frame)));
        const auto& table = tables_[wanted.table];
        const auto planned = kafka::fields_of(to, table, std::string_view(wanted.value).substr(frame));
        const auto found = kafka::fields_of(to, table, value.substr(frame));
        if (!planned || !found)
            return altered("value", "a record", "what is no record of its format");
        std::map<std::string, std::pair<std::string, std::string>> both;
        for (const auto& field : *planned)
            both[field.name].first = field.text;
        for (const auto& field : *found)
            both[field.name].second = field.text;
        bool told = false;
        for (const auto& [name, texts] : both)
            if (texts.first != texts.second)
            {
                altered(name, texts.first, texts.second);
                told = true;
            }
        if (!told)
            altered("value", "the same fields in the form of the plan", "another form");
    }

    static std::string shown(std::string_view bytes)
    {
        std::string made;
        for (const auto one : bytes)
            made += fmt::format("{:02x}", static_cast<unsigned char>(one));
        return made;
    }

    void check_order(const read_record& one, const kafka::unit_header& header, const planned_record& wanted)
    {
        if (!ordered_[wanted.table])
            return;
        const auto [at, is_new] = last_of_key_[wanted.table].try_emplace(
            wanted.key, last_place{header.unit, header.index, one.partition});
        auto& last = at->second;
        if (is_new)
            return;
        if (one.partition != last.partition)
            add(defect::reordered, one, header, {}, fmt::format("partition {}", last.partition),
                fmt::format("partition {}", one.partition), &wanted);
        else if (std::pair(header.unit, header.index) < std::pair(last.unit, last.index))
            return add(defect::reordered, one, header, {}, {}, fmt::format("behind unit {}", last.unit), &wanted);
        last = {header.unit, header.index, one.partition};
    }

    void tell_missing(unit_no no, const planned_records& unit)
    {
        const bool some = std::ranges::any_of(unit.all, &planned_record::seen);
        for (const auto& one : unit.all)
            if (!one.seen && how_.tables.contains(one.table) && !excused_.contains(*one.topic))
                to_.add({.what = some ? defect::torn : defect::lost,
                         .table = std::string(tables_[one.table].name),
                         .key = one.key,
                         .unit = no,
                         .column = {},
                         .expected = {},
                         .found = {},
                         .place = *one.topic});
    }

    void add(defect what, const read_record& one, const kafka::unit_header& header, std::string column,
             std::string expected, std::string found, const planned_record* wanted = nullptr)
    {
        std::string table(one.topic);
        if (wanted != nullptr)
            table = tables_[wanted->table].name;
        else
            for (const auto i : how_.tables)
                if (records_.outlets()[i].to.topic == one.topic)
                    table = tables_[i].name;
        to_.add({.what = what,
                 .table = std::move(table),
                 .key = std::string(one.key),
                 .unit = header.unit,
                 .column = std::move(column),
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .place = place_of(one)});
    }

    const subject& of_;
    report& to_;
    const record_options how_;
    unit_walk walk_;
    std::span<const model::table> tables_;
    const kafka::tail there_;  ///< Nothing: all records of a unit are made.
    kafka::records records_;
    model::unit unit_;
    std::map<unit_no, planned_records> open_;  ///< Planned, and not all there.
    std::set<unit_no> refused_;
    std::set<std::string, std::less<>> excused_;
    std::vector<bool> ordered_;  ///< By table: a key may have several records.
    std::vector<std::unordered_map<std::string, last_place>> last_of_key_;
    std::optional<unit_no> last_;
    std::uint64_t read_ = 0, foreign_ = 0, others_ = 0, beyond_ = 0;
    std::string first_foreign_;
};

record_judge::record_judge(const subject& of, std::vector<kafka::bound_outlet> outlets, report& to, record_options how)
    : work_(std::make_unique<work>(of, std::move(outlets), to, std::move(how)))
{
}
record_judge::~record_judge() = default;

void record_judge::take(const read_record& one)
{
    work_->take(one);
}

void record_judge::excuse(const std::string& topic, std::string why)
{
    work_->excuse(topic, std::move(why));
}

void record_judge::finish(bool partial)
{
    work_->finish(partial);
}

std::optional<unit_no> record_judge::last() const noexcept
{
    return work_->last();
}

}  // namespace bazaar::verify
