// What the judge keeps of units, rows, tables and events.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/unit.hpp"
#include "bazaar/verify/event.hpp"
#include "row_key.hpp"

namespace bazaar::verify
{

/// What became of one change of a unit.
struct change_state
{
    std::uint64_t stamp = 0;
    std::uint64_t transaction = 0;
    std::uint32_t place = 0;  ///< Among all events, where it was seen; grows over its end.
    bool seen = false;
    bool overtaken = false;  ///< A newer change of the row came first.
};

struct unit_state
{
    model::decision decision;
    bool refused = false;
    std::uint32_t changes = 0;  ///< 0: not built yet.
    std::uint32_t seen = 0;
    std::uint32_t left_out = 0;  ///< Of those that count as seen.
    std::uint64_t transaction = 0;
    std::uint64_t lsn = 0;
    bool torn = false;     ///< Its events do not all say the same transaction.
    bool shared = false;   ///< Nor is one of these its own.
    bool counted = false;  ///< The connector counts its transaction's changes,
    bool ended = false;    ///< and has told how many.
    std::unique_ptr<change_state[]> each;

    [[nodiscard]] bool whole() const noexcept { return refused || (changes > 0 && seen == changes); }
};

/// A row that is judged at the end, by its print.
struct kept_row
{
    enum class why : std::uint8_t
    {
        snapshot,
        first,  ///< Written before unit 0.
        late,
    };

    row_key key = 0;
    unit_no unit = no_unit;    ///< By its id.
    std::int64_t version = 0;  ///< 0: the table's rows have none.
    std::uint64_t whole = 0;
    std::uint64_t told = 0;
    std::uint64_t stamp = 0;
    std::size_t columns = 0;      ///< Where its bytes begin in the pool.
    std::int32_t resolution = 1;  ///< Of the version.
    why from = why::snapshot;
    bool judged = false;
    bool erased = false;       ///< Not a row, but that it was deleted: nothing but the key counts.
    bool planned = false;      ///< The plan has such a row, of whatever version.
    bool unversioned = false;  ///< The event hides the version.
    bool stale = false;        ///< Older than a change that was seen before, if it is of the plan.
    bool as_update = false;    ///< A first row, or somebody's edit.
    bool ended = false;        ///< The run had ended when it was written.

    [[nodiscard]] bool has(std::int64_t of_plan) const noexcept
    {
        return version <= of_plan && of_plan - version < resolution;
    }
};

/// What is known of a table.
struct table_state
{
    bool erases = false;                     ///< Units remove rows.
    bool created = false;                    ///< Its first rows were written into the stream.
    bool read = false;                       ///< Rows of a snapshot are in the stream,
    bool read_whole = false;                 ///< of one that ended with this table or behind it.
    bool filtered = false;                   ///< A change may come as an insert or a delete, or not at all.
    bool whole = false;                      ///< The same, at the end, or most of them.
    bool demanded = false;                   ///< Every row of before the stream must be in it.
    std::optional<std::uint64_t> initial{};  ///< How many rows there are before unit 0.
};

/// A row of a fixed table; the rest is for one that no unit changes.
struct fixed_row
{
    std::vector<model::value> values;
    bool seen = false;
    std::uint64_t stamp = 0;
};

/// An event that outlives its message.
struct kept_event
{
    change_event e;
    unit_no at = 0;           ///< The highest unit of which an event had come before.
    std::uint32_t place = 0;  ///< Among all events.
    bool late = false;        ///< Its version is that of a unit that is not at hand any more.
    bool reported = false;    ///< That its operation is wrong.
    bool later = false;       ///< Its unit may be one that is not known yet.
    std::deque<std::string> texts;

    kept_event(const change_event& from, unit_no highest, std::uint32_t number, bool old, bool wrong_op)
        : e(from), at(highest), place(number), late(old), reported(wrong_op)
    {
        e.stream = keep(e.stream);
        own(e.key);
        for (auto* row : {&e.before, &e.after})
            for (auto& t : *row)
                own(t);
    }
    kept_event(const kept_event&) = delete;
    kept_event& operator=(const kept_event&) = delete;

private:
    std::string_view keep(std::string_view text) { return texts.emplace_back(text); }
    void own(told& t)
    {
        t.text = keep(t.text);
        const auto of = t.v.kind();
        if (!t.v.null() && (of == model::type::text || of == model::type::bytes || of == model::type::json))
            t.v = model::value::of(keep(t.v.text()), of);
    }
};

}  // namespace bazaar::verify
