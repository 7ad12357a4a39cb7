#include "bazaar/verify/judge.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/scenario/does.hpp"
#include "bazaar/verify/row_name.hpp"
#include "bazaar/verify/row_print.hpp"
#include "row_key.hpp"

namespace bazaar::verify
{
namespace
{

using kind = change_event::kind;

constexpr std::size_t built_count = 1024;     ///< Units whose rows are at hand.
constexpr std::size_t chunks_at_hand = 5;     ///< Of a bulk load.
constexpr std::size_t doubtful_max = 10'000;  ///< Events of no planned version that wait for their transaction.

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
    std::int64_t version = 0;  ///< 0: the table's rows have none.
    std::uint64_t whole = 0;
    std::uint64_t told = 0;
    std::uint64_t stamp = 0;
    std::size_t columns = 0;  ///< Where its bytes begin in the pool.
    why from = why::snapshot;
    bool judged = false;
    bool erased = false;  ///< Not a row, but that it was deleted: nothing but the key counts.
};

/// A row of a fixed table; the rest is for one that no unit changes.
struct fixed_row
{
    std::vector<model::value> values;
    bool seen = false;
    std::uint64_t stamp = 0;
};

/// The run of an id: its first 18 bits.
std::uint32_t tag_of(const uuid& id) noexcept
{
    return (std::uint32_t{id[0]} << 16 | std::uint32_t{id[1]} << 8 | id[2]) >> 6;
}

/// An event that outlives its message.
struct kept_event
{
    change_event e;
    unit_no at = 0;           ///< The highest unit of which an event had come before.
    std::uint32_t place = 0;  ///< Among all events.
    bool late = false;        ///< Its version is that of a unit that is not at hand any more.
    std::deque<std::string> texts;

    kept_event(const change_event& from, unit_no highest, std::uint32_t number, bool old)
        : e(from), at(highest), place(number), late(old)
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

}  // namespace

class judge::work
{
public:
    work(const subject& of, report& to, const judge_options& how)
        : subject_(of),
          report_(to),
          how_(how),
          tables_(of.shop.tables()),
          print_(tables_, of.shop.kinds(), of.ids),
          walk_(of),
          built_(built_count),
          first_seen_(tables_.size()),
          hidden_(tables_.size()),
          left_out_(tables_.size())
    {
        for (std::size_t i = 0; i < tables_.size(); ++i)
            hidden_[i].assign(tables_[i].columns.size(), false);
        for (std::size_t i = 0; i < tables_.size(); ++i)
            erases_rows_ = erases_rows_ || scenario::does(of.shop, model::op::erase, i);
        if (const auto load = run::load_state::of(of.recorded.log))
        {
            seam_ = load->seam;
            // Chunks are written side by side.
            keep_ = std::max<std::size_t>(keep_, chunks_at_hand * load->chunk_units);
            survivors_ = run::history::of(of.shop, of.recorded, {std::nullopt, std::nullopt, seam_}, {}).rows;
        }
    }

    void leave_out(std::uint8_t table) { left_out_[table] = true; }

    bool take(const change_event& e)
    {
        if (left_out_[e.table])
            return true;
        const auto later = later_;
        const auto excused = std::ranges::any_of(excused_columns_,
                                                 [&](const auto& one) { return one.first.first == e.table; });
        judge_event(excused ? without_excused(e) : e);
        events_ += later_ == later ? 1U : 0U;
        return later_ == later;
    }

    void take(const transaction_end& end)
    {
        const auto known = by_transaction_.find(end.transaction);
        auto* const u = known == by_transaction_.end() ? nullptr : by_number(known->second);
        if (u == nullptr)
            return;  // Of others, or of nothing that has arrived.
        transactions_ += u->ended ? 0U : 1U;
        u->ended = true;
        if (miscounts(*u, end).empty())
            return;
        // What is still to come may make it right.
        auto& odd = odd_ends_[known->second];
        if (odd.transaction == 0 || miscounts(*u, odd).empty())
            odd = end;
    }

    void excuse(std::uint8_t table, std::string reason)
    {
        for (const auto what : {model::op::insert, model::op::update, model::op::erase})
            excuse_operation(table, what, reason);
    }

    void excuse_operation(std::uint8_t table, model::op what, std::string reason)
    {
        excuses_[{table, what}] = {std::move(reason), 0};
    }

    void excuse_column(std::uint8_t table, std::size_t column, std::string reason)
    {
        excused_columns_[{table, column}] = std::move(reason);
    }

    void finish(bool partial)
    {
        if (!partial)
            plan_below(subject_.demanded);
        settle_doubtful(no_unit);
        for (auto& u : units_)
        {
            if (u.torn)
                tell_torn(u);
            if (!partial && u.decision.no < subject_.demanded)
                tell_end(u);
        }
        sort_kept();
        judge_first_rows(partial);
        judge_units(partial);
        judge_unplanned();
        tell_hidden();
        report_.figure("events", events_);
        report_.figure("whole units", whole_units_);
        report_.figure("demanded", demanded_units_);
        const bool all = subject_.recorded.clean && subject_.recorded.settled <= subject_.demanded;
        if (demanded_units_ == 0 && !partial && !all)
            report_.not_proven(fmt::format("nothing is demanded yet: a unit is when the run's mark has passed it, or a "
                                           "unit {} later is there",
                                           subject_.recorded.window));
        if (transactions_ > 0)
            report_.figure("transactions counted", transactions_);
        if (!kept_.empty())
            report_.figure("snapshot and first rows", kept_.size());
        if (later_ > 0)
            report_.figure("events behind the cut", later_);
        if (others_ > 0)
            report_.figure("events of others", others_);
        if (late_ > 0)
            report_.not_proven(fmt::format("{} events came so late that only their rows were judged, not their order "
                                           "and transactions: give each topic as a file of its own",
                                           late_));
        if (dropped_rows_ > 0)
            report_.not_proven(fmt::format("{} rows of snapshots were too many to keep", dropped_rows_));
    }

    [[nodiscard]] std::optional<unit_no> highest() const { return highest_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t not_here_yet() const { return not_here_yet_; }

private:
    // ---- The plan ----------------------------------------------------------------------------------------------------

    void plan_one()
    {
        unit_state made;
        made.refused = !walk_.next(made.decision);
        if (units_.size() >= 2 * keep_ + partial_units_)
            compact();
        units_.push_back(std::move(made));
        if (erases_rows_)
            index_erases(units_.back());
    }

    void plan_below(unit_no end)
    {
        while (walk_.next_no() < std::min(end, subject_.known))
            plan_one();
    }

    /// All units up to this moment.
    void plan_through(time moment)
    {
        while (walk_.next_no() < subject_.known && (units_.empty() || units_.back().decision.at <= moment))
            plan_one();
    }

    /// Forgets old units that are whole, and those of which nothing was seen.
    void compact()
    {
        const auto old = units_.size() - keep_;
        // Before what tells more of them is forgotten.
        settle_doubtful(units_[old].decision.no);
        auto to = units_.begin();
        partial_units_ = 0;
        for (std::size_t i = 0; i < units_.size(); ++i)
        {
            auto& u = units_[i];
            if (i < old && (u.whole() || u.seen == u.left_out))
            {
                if (u.whole())
                    mark_whole(u.decision.no);
                if (u.torn)
                    tell_torn(u);
                tell_end(u);
                if (u.transaction != 0)
                    by_transaction_.erase(u.transaction);
                continue;
            }
            partial_units_ += i < old ? 1U : 0U;
            if (&*to != &u)
                *to = std::move(u);
            ++to;
        }
        units_.erase(to, units_.end());
        if (erases_rows_)
            std::erase_if(erased_, [&](const auto& entry) { return by_number(entry.second) == nullptr; });
        std::erase_if(newest_, [&](const auto& entry) { return entry.second < units_.front().decision.at.us; });
    }

    void mark_whole(unit_no no)
    {
        if (whole_.size() <= no)
            whole_.resize(no + 1);
        whole_[no] = true;
    }

    [[nodiscard]] unit_state* by_number(unit_no no)
    {
        plan_below(no + 1);
        const auto behind = walk_.next_no() - no;  // The newest stand without a gap.
        if (no < walk_.next_no() && behind <= units_.size() && units_[units_.size() - behind].decision.no == no)
            return &units_[units_.size() - behind];
        const auto at = std::ranges::lower_bound(units_, no, {}, [](const unit_state& u) { return u.decision.no; });
        return at != units_.end() && at->decision.no == no ? &*at : nullptr;
    }

    /// What is told of a unit: of one that was loaded in bulk, the rows that are still there at the seam.
    void build(const model::decision& d, model::unit& out)
    {
        subject_.shop.build(d, out);
        if (d.no >= seam_)
            return;
        survivors_.keep(out, tables_);
        // Rows that the schema came with were changed, once.
        for (auto& c : out.changes)
            if (tables_[c.table].kept_by == model::role::fixed)
            {
                c.what = model::op::update;
                c.before = fixed_rows(c.table).at(c.key(tables_[c.table]).integer()).values;
            }
    }

    const model::unit& built(unit_state& u)
    {
        auto& unit = built_[u.decision.no % built_count];
        if (unit.changes.empty() || unit.decision.no != u.decision.no)
        {
            build(u.decision, unit);
            unit.decision = u.decision;
        }
        if (!u.each)
        {
            u.changes = static_cast<std::uint32_t>(unit.changes.size());
            u.each = std::make_unique<change_state[]>(u.changes);
            for (std::size_t i = 0; i < unit.changes.size(); ++i)
                if (left_out_[unit.changes[i].table])
                {
                    u.each[i].seen = true;
                    ++u.left_out;
                }
            u.seen = u.left_out;
        }
        return unit;
    }

    /// Number of the unit's change of this row; nothing when it has none.
    std::optional<std::size_t> change_of(unit_state& u, std::uint8_t table, std::uint64_t row)
    {
        const auto& unit = built(u);
        for (std::size_t i = 0; i < unit.changes.size(); ++i)
        {
            const auto& c = unit.changes[i];
            if (c.table == table && row_named(table, c.key(tables_[table])).row == row)
                return i;
        }
        return std::nullopt;
    }

    struct place
    {
        unit_state* unit = nullptr;
        std::size_t change = 0;
    };

    /// The change that made the version of a row which began at this moment: the version of a changed row is the moment of its
    /// unit.
    place by_version(std::uint8_t table, std::uint64_t row, std::int64_t from, std::int64_t end)
    {
        auto at = std::ranges::lower_bound(units_, from, {}, [](const unit_state& u) { return u.decision.at.us; });
        for (; at != units_.end() && at->decision.at.us < end; ++at)
            if (!at->refused)
                if (const auto i = change_of(*at, table, row))
                    return {&*at, *i};
        return {};
    }

    /// The change that removes this row; nothing while none is planned.
    place by_erase(const row_id& row)
    {
        const auto erased = erased_.find(key_of(row));
        auto* const u = erased != erased_.end() ? by_number(erased->second) : nullptr;
        const auto i = u != nullptr ? change_of(*u, row.table, row.row) : std::nullopt;
        return i ? place{u, *i} : place{};
    }

    void index_erases(unit_state& u)
    {
        const auto& parts = subject_.shop.kinds()[u.decision.kind].parts;
        if (u.refused || std::ranges::none_of(parts, [](const auto& part) { return part.what == model::op::erase; }))
            return;
        for (const auto& c : built(u).changes)
            if (c.what == model::op::erase)
                erased_[key_of(row_named(c.table, c.key(tables_[c.table])))] = u.decision.no;
    }

    // ---- Findings ----------------------------------------------------------------------------------------------------

    [[nodiscard]] std::string key_text(const told& key, const model::table& t) const
    {
        if (key.what != told::state::value)
            return key.what == told::state::null ? "NULL" : std::string(key.text);
        return t.columns[t.key].kind == model::type::ref ? to_string(key.id) : std::to_string(key.v.integer());
    }

    void add(defect what, const change_event& e, unit_no unit, std::string column = {}, std::string expected = {},
             std::string found = {})
    {
        const auto& t = tables_[e.table];
        report_.add({what, std::string(t.name), key_text(e.key, t), unit, std::move(column), std::move(expected),
                     std::move(found), place_of(e)});
    }

    /// Of a change that no event told.
    void add_planned(defect what, unit_no unit, const model::change& c, std::string column = {}, std::string from = {},
                     std::string expected = {}, std::string found = {})
    {
        const auto& t = tables_[c.table];
        report_.add({what, std::string(t.name), verify::key_text(t, row_named(c.table, c.key(t)), subject_.ids), unit,
                     std::move(column), std::move(expected), std::move(found), std::move(from)});
    }

    [[nodiscard]] std::string text_of(const told& value, const model::column& c) const
    {
        switch (value.what)
        {
        case told::state::null:
            return "NULL";
        case told::state::value:
            if (c.kind == model::type::ref)
                return to_string(value.id);
            break;
        default:
            return std::string(value.text);
        }
        std::string out;
        print_.value_text(value.v, c, out);
        return out;
    }

    [[nodiscard]] bool same(const model::value& planned, const told& value, const model::column& c) const
    {
        if (planned.null() || value.what != told::state::value)
            return planned.null() && value.what == told::state::null;
        if (c.kind == model::type::ref)
            return subject_.ids.encode(planned.row()) == value.id;
        if (value.resolution > 1)
            return planned.integer() / value.resolution == value.v.integer() / value.resolution;
        return planned == value.v;
    }

    /// A finding for each column that says something else than the plan. Whether there was none.
    bool compare(defect what, const change_event& e, unit_no unit, std::span<const model::value> planned,
                 const told_row& row)
    {
        const auto& t = tables_[e.table];
        bool good = true;
        for (std::size_t i = 0; i < planned.size(); ++i)
        {
            const bool hidden = i >= row.size() || row[i].what == told::state::absent;
            if (hidden || row[i].resolution > 1)
                hidden_[e.table][i] = true;
            if (hidden || same(planned[i], row[i], t.columns[i]))
                continue;
            good = false;
            std::string expected;
            print_.value_text(planned[i], t.columns[i], expected);
            if (t.columns[i].kind == model::type::ref && !planned[i].null())
                expected = to_string(subject_.ids.encode(planned[i].row()));
            add(what, e, unit, std::string(t.columns[i].name), expected, text_of(row[i], t.columns[i]));
        }
        return good;
    }

    // ---- Rows that no unit wrote -------------------------------------------------------------------------------------

    std::map<std::int64_t, fixed_row>& fixed_rows(std::uint8_t table)
    {
        auto& rows = fixed_[table];
        if (rows.empty())
            subject_.shop.fixed_rows(table,
                                     [&](std::span<const model::value> row) {
                                         rows[row[tables_[table].key].integer()].values.assign(row.begin(), row.end());
                                     });
        return rows;
    }

    void take_fixed(const change_event& e)
    {
        auto& rows = fixed_rows(e.table);
        const auto at = e.key.what == told::state::value ? rows.find(e.key.v.integer()) : rows.end();
        if (at == rows.end() || e.what == kind::erase || e.what == kind::update)
        {
            add(at == rows.end() ? defect::unknown : defect::foreign_edit, e, no_unit);
            return;
        }
        compare(defect::altered, e, no_unit, at->second.values, e.after);
        if (at->second.seen && (e.what == kind::create || (e.stamp != 0 && e.stamp == at->second.stamp)))
            again(e, no_unit, at->second.stamp);
        at->second.seen = true;
        at->second.stamp = e.stamp;
    }

    void take_read(const change_event& e, const model::table& t, const row_id& row)
    {
        const auto version = version_of(e, t);
        if (const auto newest = newest_.find(key_of(row));
            newest != newest_.end() && version && *version < newest->second)
            add(defect::stale_read, e, row.unit);
        if (row.unit != no_unit)
            highest_read_ = std::max(highest_read_, row.unit);
        keep_row(e, t, row, kept_row::why::snapshot);
    }

    void keep_row(const change_event& e, const model::table& t, const row_id& row, kept_row::why why)
    {
        if (kept_.size() >= how_.rows_max)
        {
            ++dropped_rows_;
            return;
        }
        const bool planned = t.kept_by == model::role::planned;
        snapshot_ = snapshot_ || (planned && why != kept_row::why::late);
        reads_ = reads_ || (planned && why == kept_row::why::snapshot);
        first_seen_[e.table] = first_seen_[e.table] || why != kept_row::why::late;
        if (e.what == kind::erase)
        {
            kept_.push_back({key_of(row), 0, 0, 0, e.stamp, pool_.size(), why});
            kept_.back().erased = true;
            return;
        }
        print_row(e.after, scratch_);
        // What the columns of one stream hide, they hide in each of its events.
        for (std::size_t i = 0; i < t.columns.size() && i < 64; ++i)
            if ((scratch_.told >> i & 1U) == 0)
                hidden_[e.table][i] = true;
        kept_.push_back(
            {key_of(row), version_of(e, t).value_or(0), scratch_.whole, scratch_.told, e.stamp, pool_.size(), why});
        pool_.insert(pool_.end(), scratch_.columns.begin(), scratch_.columns.end());
    }

    /// The version that the event tells, 0 for that of a row that was never changed; nothing where the table has none or the
    /// event hides it.
    [[nodiscard]] static std::optional<std::int64_t> version_of(const change_event& e, const model::table& t)
    {
        if (t.version == model::no_column || e.after.size() <= t.version)
            return std::nullopt;
        const auto& version = e.after[t.version];
        if (version.what == told::state::null && t.columns[t.version].nullable)
            return 0;
        return version.what == told::state::value ? std::optional(version.v.integer()) : std::nullopt;
    }

    /// The row of the plan that an event is of.
    [[nodiscard]] std::optional<row_id> row_of_event(const change_event& e)
    {
        if (e.key.what != told::state::value)
            return std::nullopt;
        if (tables_[e.table].kept_by == model::role::planned)
            return subject_.ids.decode(e.key.id);
        return fixed_rows(e.table).contains(e.key.v.integer()) ? std::optional(row_named(e.table, e.key.v))
                                                               : std::nullopt;
    }

    /// The event as if it did not have the columns that are excused.
    const change_event& without_excused(const change_event& e)
    {
        masked_ = e;
        for (const auto& [where, reason] : excused_columns_)
            for (auto* row : {&masked_.before, &masked_.after})
                if (where.first == e.table && where.second < row->size())
                    (*row)[where.second] = told();
        return masked_;
    }

    /// Why missing changes of this kind prove nothing; null where they do.
    std::pair<std::string, std::uint64_t>* excuse_of(std::uint8_t table, model::op what)
    {
        const auto found = excuses_.find({table, what});
        return found == excuses_.end() ? nullptr : &found->second;
    }

    /// Whether any changes of the table may be missing.
    [[nodiscard]] bool is_excused(std::uint8_t table) const
    {
        return std::ranges::any_of(excuses_, [&](const auto& one) { return one.first.first == table; });
    }

    void judge_event(const change_event& e)
    {
        const auto& t = tables_[e.table];
        if (t.kept_by == model::role::heartbeat)
        {
            ++others_;
            return;
        }
        if (!planned_rows(t))
        {
            take_fixed(e);
            return;
        }
        const auto row = row_of_event(e);
        if (!row && t.kept_by == model::role::planned && tag_of(e.key.id) != subject_.ids.tag())
        {
            ++others_;
            return;
        }
        if (!row || row->table != e.table)
        {
            add(defect::unknown, e, no_unit);
            return;
        }
        // One that was changed below the seam is loaded as its last unit has left it.
        const bool first = t.kept_by == model::role::fixed ||
                           (row->unit == no_unit && (seam_ == 0 || survivors_.initial(e.table, row->row)));
        if (e.what == kind::read)
            take_read(e, t, *row);
        else if (e.what == kind::create && first)
            keep_row(e, t, *row, kept_row::why::first);
        else
            take_change(e, t, *row);
    }

    // ---- Changes -----------------------------------------------------------------------------------------------------

    void take_change(const change_event& e, const model::table& t, const row_id& row)
    {
        place at;
        bool forgotten = false;  // Its unit is not at hand any more.
        const auto version = version_of(e, t);
        const bool loaded = seam_ > 0 && (row.unit < seam_ || row.unit == no_unit);
        if (e.what == kind::create && loaded && version)
        {
            plan_through({*version});
            at = by_version(e.table, row.row, *version, *version + e.after[t.version].resolution);
            forgotten = at.unit == nullptr && (units_.empty() || *version <= first_at_hand());
        }
        else if (e.what == kind::create)
        {
            if (row.unit >= subject_.known)
            {
                ++later_;
                return;
            }
            at.unit = by_number(row.unit);
            forgotten = at.unit == nullptr;
            if (at.unit != nullptr && !at.unit->refused)
            {
                const auto i = change_of(*at.unit, e.table, row.row);
                at = i ? place{at.unit, *i} : place{};
                // An update that is told as an insert has another version than the insert.
                if (version && *version != row_version(at, t))
                {
                    plan_through({*version});
                    if (const auto update = by_version(e.table, row.row, *version, *version + 1);
                        update.unit != nullptr)
                        at = update;
                    else
                        at = {by_number(row.unit), at.change};
                }
            }
        }
        else if (e.what == kind::update)
        {
            // Nobody's unit leaves a row without a version.
            if (!version || *version == 0)
            {
                doubt(e);
                return;
            }
            plan_through({*version});
            const auto end = *version + e.after[t.version].resolution;
            at = by_version(e.table, row.row, *version, end);
            // Units of one tick have the same moment: the cut may stand between them.
            if (at.unit == nullptr && walk_.next_no() >= subject_.known && !units_.empty() &&
                end > units_.back().decision.at.us && !of_ended_run(e))
            {
                ++later_;
                return;
            }
            forgotten = at.unit == nullptr && (units_.empty() || *version <= first_at_hand());
        }
        else
        {
            at = by_erase(row);
            if (at.unit == nullptr && erases_rows_)
            {
                // What tells the unit is the plan alone, so that must have come far enough.
                plan_below(std::max(highest_.value_or(row.unit), highest_read_) + 1 +
                           2 * std::uint64_t{subject_.recorded.window});
                at = by_erase(row);
            }
            if (at.unit == nullptr && erases_rows_ && walk_.next_no() >= subject_.known && !of_ended_run(e))
            {
                ++later_;
                return;
            }
            forgotten = at.unit == nullptr && erases_rows_ && !units_.empty() &&
                        row.unit < units_[partial_units_].decision.no;
        }
        if (forgotten && e.what != kind::create && e.transaction != 0 && doubtful_.size() < doubtful_max)
            doubtful_.emplace_back(e, highest_.value_or(0), number_now(), true);  // Late, or its version is altered.
        else if (forgotten)
            keep_row(e, t, row, kept_row::why::late);
        else if (at.unit == nullptr || at.unit->refused)
            e.what == kind::create ? add(defect::unknown, e, row.unit) : doubt(e);
        else
            matched(e, t, row, at);
    }

    /// Of the event that is being judged.
    [[nodiscard]] std::uint32_t number_now() const noexcept { return static_cast<std::uint32_t>(events_); }

    /// Whether the run had ended when this was written: no unit follows those that are known.
    [[nodiscard]] bool of_ended_run(const change_event& e) const
    {
        return subject_.recorded.clean && subject_.known <= subject_.recorded.settled && how_.barrier &&
               e.lsn < *how_.barrier;
    }

    /// Moment of the first unit from which on all are at hand.
    [[nodiscard]] std::int64_t first_at_hand() const { return units_[partial_units_].decision.at.us; }

    /// Version that a change gives to its row; nothing where there is no change.
    std::optional<std::int64_t> row_version(const place& at, const model::table& t)
    {
        if (at.unit == nullptr)
            return std::nullopt;
        return version_of(t, built(*at.unit).changes[at.change].after);
    }

    void matched(const change_event& e, const model::table& t, const row_id& row, const place& at)
    {
        const auto& u = *at.unit;
        const bool sure = u.each[at.change].seen || e.what != kind::update || e.transaction == 0 ||
                          e.transaction == u.transaction || is_as_planned(e, built(*at.unit).changes[at.change]);
        sure ? match(e, t, row, at) : doubt(e);
    }

    [[nodiscard]] bool is_as_planned(const change_event& e, const model::change& c) const
    {
        const auto& columns = tables_[e.table].columns;
        for (std::size_t i = 0; i < c.after.size(); ++i)
            if (i < e.after.size() && e.after[i].what != told::state::absent &&
                !same(c.after[i], e.after[i], columns[i]))
                return false;
        return c.what == model::op::update;
    }

    void match(const change_event& e, const model::table& t, const row_id& row, const place& at)
    {
        auto& u = *at.unit;
        const auto no = u.decision.no;
        const auto& c = built(u).changes[at.change];
        auto& state = u.each[at.change];
        if (state.seen && e.transaction != 0 && u.transaction != 0 && e.transaction != u.transaction &&
            e.what == kind::update)
        {
            // Somebody else's change, which kept the version.
            add(defect::foreign_edit, e, no);
            return;
        }
        const bool op = (e.what == kind::create) == (c.what == model::op::insert) &&
                        (e.what == kind::erase) == (c.what == model::op::erase);
        if (!op)
            add(defect::wrong_op, e, no, {}, std::string(model::name(c.what)),
                e.what == kind::create   ? "insert"
                : e.what == kind::update ? "update"
                                         : "delete");
        if (e.has_after && !c.after.empty())
            compare(defect::altered, e, no, c.after, e.after);
        if (e.has_before && !c.before.empty() && tells_whole_row(e, t))
            compare(defect::wrong_before, e, no, c.before, e.before);
        if (state.seen)
        {
            again(e, no, state.stamp);
            return;
        }
        if (state.overtaken)
            add(defect::reordered, e, no);
        state.seen = true;
        state.stamp = e.stamp;
        state.place = number_now();
        ++u.seen;
        if (u.lsn == 0)
            u.lsn = e.lsn;
        highest_ = std::max(highest_.value_or(0), no);
        lowest_ = std::min(lowest_, no);
        check_transaction(e, u, state);
        if (c.before.empty())
            return;
        newest_[key_of(row)] = u.decision.at.us;
        // The change before it has to have come before it.
        if (const auto earlier = change_before(c, t); earlier.unit != nullptr)
            earlier.unit->each[earlier.change].overtaken |= !earlier.unit->each[earlier.change].seen;
    }

    /// The change that made what this one found, as far as its unit is at hand.
    place change_before(const model::change& c, const model::table& t)
    {
        const auto row = row_named(c.table, c.key(t));
        if (t.version != model::no_column)
        {
            const auto before = version_of(t, c.before);
            return by_version(c.table, row.row, before, before + 1);
        }
        auto* const u = row.unit != no_unit ? by_number(row.unit) : nullptr;
        const auto i = u != nullptr && !u->refused ? change_of(*u, c.table, row.row) : std::nullopt;
        return i ? place{u, *i} : place{};
    }

    /// With replica identity DEFAULT a delete makes up all columns but the key: moments then are those of 1970.
    [[nodiscard]] static bool tells_whole_row(const change_event& e, const model::table& t)
    {
        if (e.what != kind::erase)
            return true;
        for (std::size_t i = 0; i < t.columns.size() && i < e.before.size(); ++i)
            if (t.columns[i].kind == model::type::timestamp && !t.columns[i].nullable)
                return e.before[i].what == told::state::value && e.before[i].v.integer() != 0;
        return false;
    }

    /// A change that has been told before.
    void again(const change_event& e, unit_no unit, std::uint64_t stamp)
    {
        const bool copy = e.stamp != 0 && e.stamp == stamp;
        add(copy || how_.exactly_once ? defect::doubled : defect::repeated, e, unit);
    }

    void check_transaction(const change_event& e, unit_state& u, change_state& state)
    {
        // A load writes many units in one transaction.
        if (e.transaction == 0 || u.decision.no < seam_)
            return;
        state.transaction = e.transaction;
        u.counted = u.counted || e.counted;
        if (u.transaction == 0)
        {
            u.transaction = e.transaction;
            const auto [other, fresh] = by_transaction_.emplace(e.transaction, u.decision.no);
            if (!fresh && other->second != u.decision.no)
                add(defect::torn, e, u.decision.no, {}, "a transaction of its own",
                    fmt::format("transaction {} of unit {}", e.transaction, other->second));
            return;
        }
        u.torn = u.torn || u.transaction != e.transaction;
    }

    /// The events that say another transaction than most of their unit; all of them where none is said by most.
    void tell_torn(unit_state& u)
    {
        const auto& changes = built(u).changes;
        const std::span each(u.each.get(), changes.size());
        std::map<std::uint64_t, std::size_t> counts;
        for (const auto& state : each)
            if (state.transaction != 0)
                ++counts[state.transaction];
        const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
        const bool clear = std::ranges::count_if(counts,
                                                 [&](const auto& entry) { return entry.second == most->second; }) == 1;
        for (std::size_t i = 0; i < each.size(); ++i)
            if (each[i].transaction != 0 && (!clear || each[i].transaction != most->first))
                add_planned(defect::torn, u.decision.no, changes[i], {}, {},
                            clear ? fmt::format("transaction {}", most->first) : "one transaction for all of the unit",
                            fmt::format("transaction {}", each[i].transaction));
    }

    /// By table, how many of the unit's changes have come in this transaction.
    std::vector<std::uint64_t> arrived(unit_state& u, std::uint64_t transaction)
    {
        std::vector<std::uint64_t> counts(tables_.size());
        const auto& changes = built(u).changes;
        for (std::size_t i = 0; i < changes.size(); ++i)
            counts[changes[i].table] += u.each[i].seen && u.each[i].transaction == transaction ? 1U : 0U;
        return counts;
    }

    /// The tables of which an END counts otherwise than it may, each with how many changes have come. Behind a second BEGIN it may
    /// count fewer than that; where ENDs may be missing, a BEGIN may be.
    std::vector<std::pair<std::uint8_t, std::uint64_t>> miscounts(unit_state& u, const transaction_end& end)
    {
        std::vector<std::pair<std::uint8_t, std::uint64_t>> found;
        const auto counts = arrived(u, end.transaction);
        for (std::uint8_t i = 0; i < counts.size(); ++i)
            if (end.counts[i] > counts[i] || (end.counts[i] < counts[i] && how_.ends && !end.again))
                found.emplace_back(i, counts[i]);
        return found;
    }

    void tell_end(unit_state& u)
    {
        const auto tell = [&](std::uint8_t table, std::string expected, std::string found)
        {
            report_.add({defect::miscounted,
                         std::string(tables_[table].name),
                         fmt::format("transaction {}", u.transaction),
                         u.decision.no,
                         {},
                         std::move(expected),
                         std::move(found),
                         {}});
        };
        if (how_.ends && u.counted && !u.ended)
            tell(built(u).changes.front().table, "its END", "none");
        const auto odd = odd_ends_.find(u.decision.no);
        if (odd == odd_ends_.end())
            return;
        for (const auto& [table, found] : miscounts(u, odd->second))
            if (!is_excused(table) && !left_out_[table])
                tell(table, fmt::format("{} changes by its END", odd->second.counts[table]), std::to_string(found));
        odd_ends_.erase(odd);
    }

    /// An event of a version that no plan has, or that is not as planned: a foreign edit, unless its transaction turns out to be
    /// the unit's.
    void doubt(const change_event& e)
    {
        if (doubtful_.size() < doubtful_max)
            doubtful_.emplace_back(e, highest_.value_or(0), number_now(), false);
        else
            add(defect::foreign_edit, e, no_unit);
    }

    /// Decides on those that came before an event of this unit had.
    void settle_doubtful(unit_no before)
    {
        if (doubtful_.empty() || doubtful_.front().at >= before)
            return;
        sort_kept();
        for (; !doubtful_.empty() && doubtful_.front().at < before; doubtful_.pop_front())
        {
            const auto& e = doubtful_.front().e;
            const auto row = *row_of_event(e);
            const auto at = unit_of_doubtful(e, tables_[e.table], row);
            if (at.unit == nullptr || at.unit->each[at.change].seen)
            {
                doubtful_.front().late ? keep_row(e, tables_[e.table], row, kept_row::why::late)
                                       : add(defect::foreign_edit, e, no_unit);
                continue;
            }
            // It came before the changes that seem to have overtaken it.
            at.unit->each[at.change].overtaken = false;
            match(e, tables_[e.table], row, at);
            if (e.what != kind::erase)
                continue;
            // What made the row that it removed came behind it.
            const auto earlier = change_before(built(*at.unit).changes[at.change], tables_[e.table]);
            if (earlier.unit != nullptr && earlier.unit->each[earlier.change].seen &&
                static_cast<std::int32_t>(earlier.unit->each[earlier.change].place - doubtful_.front().place) > 0)
                add(defect::reordered, e, at.unit->decision.no);
        }
    }

    /// The change of the plan that a doubtful event tells, not as planned. None where it is a foreign edit.
    place unit_of_doubtful(const change_event& e, const model::table& t, const row_id& row)
    {
        if (const auto known = by_transaction_.find(e.transaction);
            e.transaction != 0 && known != by_transaction_.end())
        {
            auto* const u = by_number(known->second);
            const auto i = u != nullptr ? change_of(*u, e.table, row.row) : std::nullopt;
            return i ? place{u, *i} : place{};
        }
        if (e.what == kind::erase)
            return by_erase(row);
        const auto version = version_of(e, t);
        const auto at = version && e.what == kind::update
                            ? by_version(e.table, row.row, *version, *version + e.after[t.version].resolution)
                            : place{};
        // Where the unit's own event came in another transaction, in a snapshot, or before the stream, this is none of it.
        const bool elsewhere = at.unit != nullptr &&
                               (at.unit->transaction != 0 || at.unit->decision.no < how_.from.value_or(0) ||
                                in_snapshot(built(*at.unit).changes[at.change], *version));
        return elsewhere ? place{} : at;
    }

    // ---- The end -----------------------------------------------------------------------------------------------------

    void sort_kept()
    {
        std::ranges::sort(kept_, [](const kept_row& a, const kept_row& b)
                          { return std::tie(a.key, a.version, a.from) < std::tie(b.key, b.version, b.from); });
        sorted_ = kept_.size();
    }

    [[nodiscard]] std::span<kept_row> kept_of(row_key key)
    {
        const auto range = std::ranges::equal_range(std::span(kept_).first(sorted_), key, {}, &kept_row::key);
        return {range.begin(), range.end()};
    }

    /// Judges the kept rows of this version. Whether one of them was a change of the stream.
    bool judge_kept(unit_no unit, const model::change& c, std::int64_t version)
    {
        const auto& t = tables_[c.table];
        bool came = false;
        const kept_row* before = nullptr;
        for (auto& k : kept_of(key_of(row_named(c.table, c.key(t)))))
        {
            if (k.erased != (c.what == model::op::erase) || (!k.erased && k.version != version))
                continue;
            if (!k.erased)
                print_row(c.after, k.told, subject_.ids, scratch_);
            if (!k.erased && scratch_.whole != k.whole)
            {
                std::string columns;
                for (std::size_t i = 0; i < scratch_.columns.size(); ++i)
                    if (scratch_.columns[i] != pool_[k.columns + i])
                        columns += (columns.empty() ? "" : ", ") + std::string(t.columns[i].name);
                add_planned(defect::altered, unit, c, columns, k.from == kept_row::why::snapshot ? "snapshot" : "");
            }
            const bool same = before != nullptr && before->from == k.from;
            const bool copy = same && k.stamp != 0 && k.stamp == before->stamp;
            // Another snapshot may read a row again.
            if (copy || (same && k.from != kept_row::why::snapshot))
                add_planned(copy || how_.exactly_once ? defect::doubled : defect::repeated, unit, c);
            k.judged = true;
            came = came || k.from != kept_row::why::snapshot;
            before = &k;
        }
        return came;
    }

    /// Whether a snapshot has the row as of this version or a later one.
    [[nodiscard]] bool in_snapshot(const model::change& c, std::int64_t version)
    {
        return std::ranges::any_of(kept_of(key_of(row_named(c.table, c.key(tables_[c.table])))), [&](const kept_row& k)
                                   { return k.from == kept_row::why::snapshot && k.version >= version; });
    }

    [[nodiscard]] static std::int64_t version_of(const model::table& t, std::span<const model::value> row)
    {
        return t.version == model::no_column ? 0 : row[t.version].integer();
    }

    void judge_first_rows(bool partial)
    {
        for (std::uint8_t number = 0; number < tables_.size(); ++number)
        {
            const auto& t = tables_[number];
            // Of fixed tables other runs, or none, may have written the first rows into the stream.
            if (left_out_[number] || !planned_rows(t) || !(t.kept_by == model::role::fixed ? first_seen_[number] : snapshot_))
                continue;
            const auto judge_row = [&](std::span<const model::value> row)
            {
                const model::change c{model::op::insert, number, {}, row};
                const auto version = version_of(t, row);
                if (!judge_kept(no_unit, c, version) && !in_snapshot(c, version) && dropped_rows_ == 0 && !partial &&
                    excuse_of(number, model::op::insert) == nullptr)
                    add_planned(defect::lost, no_unit, c);
            };
            // A load changes rows of fixed tables; of others it leaves out those that do not survive.
            if (t.kept_by == model::role::fixed)
                subject_.shop.fixed_rows(number, judge_row);
            else
                survivors_.first_rows(subject_.shop, number, subject_.recorded.start, judge_row);
        }
        for (const auto& [number, rows] : fixed_)
            for (const auto& [key, row] : rows)
                if (!left_out_[number] && !planned_rows(tables_[number]) && !row.seen && !partial &&
                    excuse_of(number, model::op::insert) == nullptr)
                    report_.add({defect::lost,
                                 std::string(tables_[number].name),
                                 std::to_string(key),
                                 no_unit,
                                 {},
                                 {},
                                 {},
                                 {}});
    }

    /// All units once more, in order: what is missing, and what the kept rows say.
    void judge_units(bool partial)
    {
        unit_walk again(subject_);
        model::unit room;
        unit_state fresh;
        std::size_t at = 0;
        std::uint64_t before_stream = 0, open = 0;
        const auto begin = first_demanded();
        // What these removed may have been gone when the snapshot was taken.
        const auto may_be_gone = !reads_ || !erases_rows_ || partial ? 0
                                 : lowest_ == no_unit                ? no_unit
                                                                     : lowest_ + subject_.recorded.window;
        const auto end = std::min(subject_.known, std::max(walk_.next_no(), partial ? 0 : subject_.demanded));
        while (again.next_no() < end)
        {
            const bool refused = !again.next(fresh.decision);
            const auto no = fresh.decision.no;
            while (at < units_.size() && units_[at].decision.no < no)
                ++at;
            const auto* const state = at < units_.size() && units_[at].decision.no == no ? &units_[at] : nullptr;
            const bool whole = state != nullptr ? state->whole() : no < whole_.size() && whole_[no];
            whole_units_ += whole && !refused ? 1U : 0U;
            const bool asked = no >= begin || (how_.from_time && fresh.decision.at > *how_.from_time);
            demanded_units_ += !refused && !partial && asked && no < subject_.demanded ? 1U : 0U;
            if (refused || (whole && kept_.empty()))
                continue;
            build(fresh.decision, room);
            std::vector<const model::change*> missing;
            bool some = state != nullptr && state->seen > state->left_out;
            for (std::size_t i = 0; i < room.changes.size(); ++i)
            {
                const auto& c = room.changes[i];
                const auto& t = tables_[c.table];
                if (left_out_[c.table])
                    continue;
                const auto version = version_of(t, c.after.empty() ? c.before : c.after);
                const bool late = !kept_.empty() && judge_kept(no, c, version);
                some = some || late;
                late_ += late && !whole && no >= seam_ ? 1U : 0U;
                if (whole && late)
                    add_planned(how_.exactly_once ? defect::doubled : defect::repeated, no, c);
                const bool seen = whole || late || (state != nullptr && state->each && state->each[i].seen);
                // A row of the snapshot is deleted behind it.
                if (seen || (snapshot_ && c.what != model::op::erase && in_snapshot(c, version)))
                    continue;
                if (no < may_be_gone && may_have_gone(c, no))
                    continue;
                if (auto* const excuse = excuse_of(c.table, c.what); excuse != nullptr)
                    ++excuse->second;
                else
                    missing.push_back(&c);
            }
            if (missing.empty())
            {
                whole_units_ += whole ? 0U : 1U;
                continue;
            }
            const bool committed = how_.barrier && state != nullptr && state->lsn != 0 && state->lsn < *how_.barrier;
            const bool demanded = !partial && (no < subject_.demanded || (some && committed));
            not_here_yet_ += no >= subject_.demanded ? 1U : 0U;
            if (!demanded)
                open += some ? 1U : 0U;
            else if (!some && !asked)
                ++before_stream;
            else
                for (const auto* c : missing)
                    add_planned(defect::lost, no, *c);
        }
        not_here_yet_ += subject_.known - end;
        tell_not_gone();
        std::map<std::pair<std::uint8_t, std::string>, std::uint64_t> excused;
        for (const auto& [what, excuse] : excuses_)
            excused[{what.first, excuse.first}] += excuse.second;
        for (const auto& [what, count] : excused)
            if (count > 0)
                report_.not_proven(fmt::format("table {}: {} changes are not there: {}", tables_[what.first].name,
                                               count, what.second));
        if (before_stream > 0 && !how_.from)
            report_.not_proven(
                fmt::format("{} units before the stream begins; --from {} leaves them out", before_stream, begin));
        if (open > 0 && !partial && !how_.cut)
            report_.not_proven(fmt::format("{} units at the end of the stream of which only a part is in it", open));
        if (partial)
            report_.set_partial();
    }

    /// Whether a change that is nowhere told may be one of a row that was removed before the snapshot. If it turns out that it
    /// was not removed, or behind the snapshot, `tell_not_gone` tells it.
    bool may_have_gone(const model::change& c, unit_no no)
    {
        const auto row = row_named(c.table, c.key(tables_[c.table]));
        if (c.what == model::op::erase)
            return gone_.erase(key_of(row)) > 0;
        if (no >= subject_.demanded || excuse_of(c.table, c.what) != nullptr)
            return false;
        const auto known = gone_.find(key_of(row));
        if (known == gone_.end() && (c.what != model::op::insert || in_snapshot(c, 0)))
            return false;
        gone_[key_of(row)].emplace_back(row, no);
        return true;
    }

    void tell_not_gone()
    {
        std::vector<std::pair<unit_no, row_id>> lost;
        for (const auto& [key, changes] : gone_)
            for (const auto& [row, no] : changes)
                lost.emplace_back(no, row);
        std::ranges::sort(lost, {},
                          [](const auto& one) { return std::tuple(one.first, one.second.table, one.second.row); });
        for (const auto& [no, row] : lost)
            report_.add({defect::lost,
                         std::string(tables_[row.table].name),
                         to_string(subject_.ids.encode(row)),
                         no,
                         {},
                         {},
                         {},
                         {}});
    }

    /// The first unit that has to be there as a whole, if any of it is not.
    [[nodiscard]] unit_no first_demanded() const
    {
        if (how_.from)
            return *how_.from;
        if (snapshot_)
            return 0;
        // Units commit in any order within the window: of its first ones some may be older than the stream.
        return lowest_ == no_unit ? subject_.demanded : lowest_ == 0 ? 0 : lowest_ + subject_.recorded.window;
    }

    /// Kept rows whose version no unit has made.
    void judge_unplanned()
    {
        for (const auto& k : kept_)
        {
            if (k.judged)
                continue;
            const auto table = table_of(k.key);
            const auto& t = tables_[table];
            report_.add({t.version == model::no_column ? defect::unknown : defect::foreign_edit,
                         std::string(t.name),
                         fmt::format("row {}", row_of(k.key)),
                         no_unit,
                         {},
                         {},
                         {},
                         k.from == kept_row::why::snapshot ? "snapshot" : ""});
        }
    }

    void tell_hidden()
    {
        for (const auto& [where, reason] : excused_columns_)
            report_.not_proven(fmt::format("table {}, column {}: not compared: {}", tables_[where.first].name,
                                           tables_[where.first].columns[where.second].name, reason));
        for (std::size_t number = 0; number < tables_.size(); ++number)
        {
            std::string names;
            for (std::size_t i = 0; i < hidden_[number].size(); ++i)
                if (hidden_[number][i] && !excused_columns_.contains({number, i}))
                    names += (names.empty() ? "" : ", ") + std::string(tables_[number].columns[i].name);
            if (!names.empty())
                report_.not_proven(
                    fmt::format("table {}: not in all events, or rounded: {}", tables_[number].name, names));
        }
    }

    const subject& subject_;
    report& report_;
    const judge_options how_;
    std::span<const model::table> tables_;
    model::renderer print_;
    unit_walk walk_;
    unit_no seam_ = 0;  ///< Units below were loaded in bulk.
    run::survivors survivors_;
    std::size_t keep_ = how_.keep;
    std::vector<unit_state> units_;  ///< By number; the newest without a gap, before them those that are not whole.
    std::size_t partial_units_ = 0;  ///< At the front of them, with gaps between.
    std::vector<model::unit> built_;
    std::vector<bool> whole_;  ///< By unit, of those not at hand any more.
    std::unordered_map<std::uint64_t, unit_no> by_transaction_;
    std::unordered_map<row_key, std::int64_t> newest_;  ///< Version of rows that were updated, as far as seen.
    std::unordered_map<row_key, unit_no> erased_;       ///< By units at hand.
    std::unordered_map<row_key, std::vector<std::pair<row_id, unit_no>>> gone_;  ///< See `may_have_gone`.
    std::unordered_map<unit_no, transaction_end> odd_ends_;  ///< The first that counts otherwise than had arrived.
    std::deque<kept_event> doubtful_;
    /// Reasons, each with how many changes it has excused.
    std::map<std::pair<std::uint8_t, model::op>, std::pair<std::string, std::uint64_t>> excuses_;
    std::map<std::pair<std::uint8_t, std::size_t>, std::string> excused_columns_;  ///< By table and column.
    change_event masked_;
    std::vector<kept_row> kept_;
    std::size_t sorted_ = 0;          ///< So many of them are in order.
    std::vector<std::uint8_t> pool_;  ///< Bytes of the kept rows' columns.
    std::map<std::uint8_t, std::map<std::int64_t, fixed_row>> fixed_;
    std::vector<bool> first_seen_;           ///< By table: rows of a snapshot, or first rows, are in the stream.
    std::vector<std::vector<bool>> hidden_;  ///< By table and column.
    std::vector<bool> left_out_;             ///< By table.
    std::uint64_t not_here_yet_ = 0;
    row_print scratch_;
    std::optional<unit_no> highest_;
    unit_no highest_read_ = 0;  ///< The highest one of which a snapshot has a row.
    unit_no lowest_ = no_unit;
    bool erases_rows_ = false;
    bool reads_ = false;     ///< Rows of a snapshot are in the stream.
    bool snapshot_ = false;  ///< Rows of a snapshot, or the first rows, are in the stream.
    std::uint64_t events_ = 0, others_ = 0, later_ = 0, late_ = 0, whole_units_ = 0, demanded_units_ = 0,
                  transactions_ = 0, dropped_rows_ = 0;
};

judge::judge(const subject& of, report& to, const judge_options& how) : work_(std::make_unique<work>(of, to, how)) {}
judge::~judge() = default;

bool judge::take(const change_event& e)
{
    return work_->take(e);
}

void judge::take(const transaction_end& end)
{
    work_->take(end);
}

void judge::excuse(std::uint8_t table, std::string reason)
{
    work_->excuse(table, std::move(reason));
}

void judge::excuse_operation(std::uint8_t table, model::op what, std::string reason)
{
    work_->excuse_operation(table, what, std::move(reason));
}

void judge::excuse_column(std::uint8_t table, std::size_t column, std::string reason)
{
    work_->excuse_column(table, column, std::move(reason));
}

void judge::finish(bool partial)
{
    work_->finish(partial);
}

void judge::leave_out(std::uint8_t table)
{
    work_->leave_out(table);
}

std::uint64_t judge::not_here_yet() const
{
    return work_->not_here_yet();
}

std::uint64_t judge::events() const
{
    return work_->events();
}

std::optional<unit_no> judge::highest() const
{
    return work_->highest();
}

}  // namespace bazaar::verify
