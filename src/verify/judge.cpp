#include "bazaar/verify/judge.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
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
#include "row_order.hpp"

namespace bazaar::verify
{
namespace
{

using kind = change_event::kind;

constexpr std::size_t built_count = 1024;     ///< Units whose rows are at hand.
constexpr std::size_t chunks_at_hand = 5;     ///< Of a bulk load.
constexpr std::size_t doubtful_max = 10'000;  ///< Events of no planned version that wait for their transaction.
constexpr std::size_t shared_max =
    10'000;  ///< Units that stay at hand since their transaction has another one's change.

/// Events of so many transactions, one after another and far ahead of the plan, are no strays: the stream has a gap there.
constexpr std::size_t strays_max = 8;

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
    bool whole = false;                      ///< The same, at the end: every row of before the stream must be in it.
    std::optional<std::uint64_t> initial{};  ///< How many rows there are before unit 0.
};

/// A row of a fixed table; the rest is for one that no unit changes.
struct fixed_row
{
    std::vector<model::value> values;
    bool seen = false;
    std::uint64_t stamp = 0;
};

std::string_view name_of(kind what) noexcept
{
    switch (what)
    {
    case kind::create:
        return "insert";
    case kind::update:
        return "update";
    case kind::erase:
        return "delete";
    case kind::read:
        return "read";
    case kind::truncate:
        break;
    }
    return "truncate";
}

/// What an event says that its operation rules out; empty where it has the rows that it must have.
std::string_view contradiction(const change_event& e) noexcept
{
    using origin = change_event::origin;
    const bool whole = e.what == kind::create || e.what == kind::read;
    if (whole && e.has_before)
        return "a row before the change";
    if (e.what == kind::erase && e.has_after)
        return "a row after the change";
    if (e.what == kind::erase && !e.has_before)
        return "no row before the change";
    if (e.what != kind::erase && !e.has_after)
        return "no row after the change";
    if (e.what == kind::read && e.from == origin::stream)
        return "source.snapshot false";
    if (e.what != kind::read && e.from != origin::stream && e.from != origin::unknown)
        return "source.snapshot true";
    return {};
}

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
          of_table_(tables_.size()),
          hidden_(tables_.size()),
          left_out_(tables_.size())
    {
        for (std::size_t i = 0; i < tables_.size(); ++i)
            hidden_[i].assign(tables_[i].columns.size(), false);
        for (std::size_t i = 0; i < tables_.size(); ++i)
        {
            of_table_[i].erases = scenario::does(of.shop, model::op::erase, i);
            erases_rows_ = erases_rows_ || of_table_[i].erases;
        }
        if (const auto load = run::load_state::of(of.recorded.log))
        {
            seam_ = load->seam;
            // Chunks are written side by side.
            keep_ = std::max<std::size_t>(keep_, chunks_at_hand * load->chunk_units);
            survivors_ = run::history::of(of.shop, of.recorded, {std::nullopt, std::nullopt, seam_}, {}).rows;
        }
        reach_ = std::max<unit_no>(keep_ / 2, 2 * std::uint64_t{of.recorded.window} + 1);
        reached_ = how.from.value_or(0);
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
        if (!strays_.empty() && limit() >= retried_ + reach_ / 2)
            retry_strays();
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

    void excuse_filtered(std::uint8_t table, std::string reason)
    {
        excuse(table, std::move(reason));
        of_table_[table].filtered = true;
    }

    void excuse_column(std::uint8_t table, std::size_t column, std::string reason)
    {
        excused_columns_[{table, column}] = std::move(reason);
    }

    void finish(bool partial)
    {
        while (!strays_.empty() && reached_ < subject_.known)
            reach_further();
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
        tell_shared();
        if (!partial)
            tell_gone_back();
        sort_kept();
        judge_first_rows(partial);
        judge_units(partial);
        judge_unplanned();
        tell_hidden();
        report_.figure("events", events_);
        report_.figure("whole units", whole_units_);
        report_.figure("demanded", demanded_units_);
        tell_nothing_demanded(partial);
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
        if (unstamped_ > 0)
            report_.not_proven(fmt::format("{} events came again without the time at which the connector made them: "
                                           "sent again and doubled are the same then; ts_ns in "
                                           "transforms.*.add.fields tells them apart",
                                           unstamped_));
        if (beyond_end_ > 0)
            report_.not_proven(fmt::format("{} events are of units from {} on, where the run has ended: where it was "
                                           "started again since, a newer card knows them",
                                           beyond_end_, subject_.known));
        if (dropped_rows_ > 0)
            report_.not_proven(fmt::format("{} rows of snapshots were too many to keep", dropped_rows_));
    }

    [[nodiscard]] std::optional<unit_no> highest() const { return highest_; }

    /// The highest unit of which an event was taken, or whose change a row of a snapshot has.
    std::optional<unit_no> highest_there()
    {
        sort_kept();
        std::unordered_set<std::int64_t> moments;
        std::int64_t resolution = 1;
        for (const auto& k : kept_)
            resolution = std::max<std::int64_t>(resolution, k.resolution);
        for (const auto& k : kept_)
            if (k.from == kept_row::why::snapshot)
                moments.insert(k.version / resolution);
        auto found = highest_;
        if (reads_ && highest_read_ > found.value_or(0))
            found = highest_read_;
        unit_walk again(subject_);
        model::decision d;
        model::unit room;
        while (!moments.empty() && again.next_no() < subject_.known)
        {
            if (!again.next(d) || d.no <= found.value_or(0) || !moments.contains(d.at.us / resolution))
                continue;
            build(d, room);
            const auto is_there = [&](const model::change& c)
            {
                return c.what != model::op::erase &&
                       std::ranges::any_of(kept_of(key_of(row_named(c.table, c.key(tables_[c.table])))),
                                           [&](const kept_row& k) {
                                               return k.from == kept_row::why::snapshot && k.version != 0 &&
                                                      k.has(version_of(tables_[c.table], c.after));
                                           });
            };
            if (std::ranges::any_of(room.changes, is_there))
                found = d.no;
        }
        return found;
    }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t not_here_yet() const { return not_here_yet_; }

private:
    /// A clean that proves nothing is none.
    void tell_nothing_demanded(bool partial)
    {
        const auto& run = subject_.recorded;
        const bool without_units = run.clean && run.settled == 0 && !how_.from && events_ > 0;
        if (demanded_units_ > 0 || partial || without_units)
            return;
        if (subject_.demanded == 0)
            report_.not_proven(fmt::format("nothing is demanded yet: a unit is when the run's mark has passed it, or a "
                                           "unit {} later is there",
                                           run.window));
        else if (how_.from && *how_.from >= subject_.demanded)
            report_.not_proven(fmt::format("nothing is demanded: --from {} leaves out all of the {} units", *how_.from,
                                           subject_.demanded));
        else
            report_.not_proven(lowest_ == no_unit
                                   ? std::string("nothing is demanded: no event is of a unit of the run")
                                   : fmt::format("nothing is demanded: the first unit in the stream is {}, "
                                                 "and its first {} may be older than it",
                                                 lowest_, run.window));
    }

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

    /// So far is planned at most: one event that names a unit far ahead must not make all that follow it late.
    [[nodiscard]] unit_no limit() const { return std::max({reached_, highest_.value_or(0), highest_read_}) + reach_; }

    /// Plans all units up to this moment. False where that is too far ahead.
    bool reach(time moment)
    {
        if (how_.latest && moment > *how_.latest)
            return true;  // No unit is there.
        while (walk_.next_no() < subject_.known && (units_.empty() || units_.back().decision.at <= moment))
        {
            if (walk_.next_no() > limit())
                return false;
            plan_one();
        }
        return true;
    }

    /// An event far ahead of the plan: it waits until the others come there. Where they all do, the stream has a gap.
    void stray(const change_event& e)
    {
        strays_.emplace_back(e, highest_.value_or(0), number_now(), false, reported_op_);
        if (retrying_)
            return;
        if (e.transaction == 0 || e.transaction != stray_transaction_)
            ++strays_in_row_;
        stray_transaction_ = e.transaction;
        if (strays_in_row_ < strays_max && strays_.size() < doubtful_max)
            return;
        for (const auto had = strays_.size(); strays_.size() >= had && reached_ < subject_.known;)
            reach_further();
    }

    void reach_further()
    {
        reached_ = limit();
        plan_below(reached_);
        retry_strays();
    }

    void retry_strays()
    {
        retried_ = limit();
        strays_in_row_ = 0;
        retrying_ = true;
        std::deque<kept_event> again;
        again.swap(strays_);
        for (const auto& one : again)
        {
            reported_op_ = one.reported;
            judge_planned(one.e, tables_[one.e.table], *row_of_event(one.e));
        }
        retrying_ = false;
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
            if (i < old && !u.shared && (u.whole() || u.seen == u.left_out))
            {
                if (u.whole())
                    mark_whole(u.decision.no);
                if (u.torn)
                    tell_torn(u);
                tell_end(u);
                for (std::uint32_t k = 0; k < u.changes; ++k)
                    by_transaction_.erase(u.each[k].transaction);
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
        order_.forget_before(units_.front().decision.at.us);
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
    std::optional<std::size_t> change_of(unit_state& u, const row_id& row)
    {
        const auto& unit = built(u);
        for (std::size_t i = 0; i < unit.changes.size(); ++i)
        {
            const auto& c = unit.changes[i];
            if (c.table == row.table && row_named(c.table, c.key(tables_[c.table])) == row)
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
    place by_version(const row_id& row, std::int64_t from, std::int64_t end)
    {
        auto at = std::ranges::lower_bound(units_, from, {}, [](const unit_state& u) { return u.decision.at.us; });
        for (; at != units_.end() && at->decision.at.us < end; ++at)
            if (!at->refused)
                if (const auto i = change_of(*at, row))
                    return {&*at, *i};
        return {};
    }

    /// The change that found this version of a row.
    place by_version_before(const row_id& row, std::int64_t version, std::int64_t end)
    {
        auto at = std::ranges::lower_bound(units_, version, {}, [](const unit_state& u) { return u.decision.at.us; });
        for (; at != units_.end(); ++at)
            if (const auto i = at->refused ? std::nullopt : change_of(*at, row))
                if (const auto& c = built(*at).changes[*i]; !c.before.empty())
                {
                    const auto found = version_of(tables_[row.table], c.before);
                    if (found >= end)
                        break;
                    if (found >= version)
                        return {&*at, *i};
                }
        return {};
    }

    /// The change that removes this row; nothing while none is planned.
    place by_erase(const row_id& row)
    {
        const auto erased = erased_.find(key_of(row));
        auto* const u = erased != erased_.end() ? by_number(erased->second) : nullptr;
        const auto i = u != nullptr ? change_of(*u, row) : std::nullopt;
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

    [[nodiscard]] finding finding_of(defect what, const change_event& e, unit_no unit) const
    {
        const auto& t = tables_[e.table];
        return {what, std::string(t.name), key_text(e.key, t), unit, {}, {}, {}, place_of(e)};
    }

    /// Somebody else's change of a row. Of one that the plan does not have it is an unknown id.
    void foreign(const change_event& e, const row_id& row)
    {
        if (of_table_[e.table].filtered && e.what == kind::erase)
            return;  // The row may have left the filter.
        auto what = finding_of(defect::foreign_edit, e, no_unit);
        const auto planned = is_planned(row);
        if (!planned)
        {
            questions_[row.unit].emplace_back(row, std::move(what));
            return;
        }
        if (!*planned)
            what.what = defect::unknown;
        report_.add(std::move(what));
    }

    /// Whether the plan has such a row; nothing where its unit is not at hand.
    std::optional<bool> is_planned(const row_id& row)
    {
        if (tables_[row.table].kept_by == model::role::fixed)
            return true;  // Its number was found among the rows.
        if (row.unit == no_unit)
            return row.row < initial_count(row.table);
        if (row.unit >= subject_.known)
            return false;
        auto* const u = row.unit < walk_.next_no() ? by_number(row.unit) : nullptr;
        if (u == nullptr)
            return std::nullopt;
        return !u->refused && change_of(*u, row).has_value();
    }

    std::uint64_t initial_count(std::uint8_t table)
    {
        auto& count = of_table_[table].initial;
        if (!count)
        {
            count = 0;
            subject_.shop.initial_rows(table, subject_.recorded.start,
                                       [&](std::span<const model::value>) { ++*count; });
        }
        return *count;
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

    void take_fixed(const change_event& e, std::int64_t key)
    {
        auto& row = fixed_rows(e.table).at(key);
        if (e.what == kind::erase || e.what == kind::update)
        {
            add(defect::foreign_edit, e, no_unit);
            return;
        }
        note_first(e);
        compare(defect::altered, e, no_unit, row.values, e.after);
        if (row.seen && (e.what == kind::create || (e.stamp != 0 && e.stamp == row.stamp)))
            again(e, no_unit, row.stamp);
        row.seen = true;
        row.stamp = e.stamp;
    }

    void take_read(const change_event& e, const model::table& t, const row_id& row)
    {
        const auto version = version_of(e, t);
        const auto* const newest = order_.of(key_of(row));
        const bool stale = newest != nullptr &&
                           (newest->erased || (version && *version + e.after[t.version].resolution <= newest->us));
        if (row.unit != no_unit)
            highest_read_ = std::max(highest_read_, row.unit);
        if (keep_row(e, t, row, kept_row::why::snapshot))
            kept_.back().stale = stale;
    }

    /// A row that was written before unit 0.
    void take_first(const change_event& e, const model::table& t, const row_id& row)
    {
        // First rows are older than the run; this is an update that is told as an insert.
        const auto version = version_of(e, t);
        if (version && *version >= subject_.recorded.start.us)
        {
            take_change(e, t, row);
            return;
        }
        if (order_.is_older(key_of(row), 0))
            order_.went_back(key_of(row), events_, finding_of(defect::reordered, e, no_unit));
        keep_row(e, t, row, kept_row::why::first);
    }

    /// A row of a snapshot, or one that was written before unit 0.
    void note_first(const change_event& e)
    {
        using origin = change_event::origin;
        auto& known = of_table_[e.table];
        known.created = known.created || e.what == kind::create;
        known.read = known.read || e.what == kind::read;
        known.read_whole = known.read_whole || e.from == origin::snapshot_end || e.from == origin::snapshot_over;
        snapshot_over_ = snapshot_over_ || e.from == origin::snapshot_over;
        // Where the connector does not say so, what comes beside the stream is incremental.
        read_before_stream_ = read_before_stream_ || (e.what == kind::read && e.from != origin::incremental &&
                                                      (e.from != origin::unknown || !highest_));
    }

    /// False where there are too many.
    bool keep_row(const change_event& e, const model::table& t, const row_id& row, kept_row::why why)
    {
        if (why != kept_row::why::late && e.what != kind::update)
            note_first(e);
        if (kept_.size() >= how_.rows_max)
        {
            ++dropped_rows_;
            return false;
        }
        if (erases_rows_ && why == kept_row::why::snapshot)
            read_.insert(key_of(row));
        reads_ = reads_ || (t.kept_by == model::role::planned && why == kept_row::why::snapshot);
        kept_row made{key_of(row), row.unit, 0, 0, 0, e.stamp, pool_.size(), 1, why};
        made.planned = row.unit == no_unit && is_planned(row).value_or(false);
        made.ended = of_ended_run(e);
        made.erased = e.what == kind::erase;
        if (!made.erased)
        {
            print_row(e.after, scratch_);
            // What the columns of one stream hide, they hide in each of its events.
            for (std::size_t i = 0; i < t.columns.size() && i < 64; ++i)
                if ((scratch_.told >> i & 1U) == 0)
                    hidden_[e.table][i] = true;
            const auto version = version_of(e, t);
            made.version = version.value_or(0);
            if (made.version != 0)
                made.resolution = static_cast<std::int32_t>(e.after[t.version].resolution);
            made.unversioned = hides_version(e, t);
            made.whole = scratch_.whole;
            made.told = scratch_.told;
            pool_.insert(pool_.end(), scratch_.columns.begin(), scratch_.columns.end());
        }
        kept_.push_back(made);
        return true;
    }

    [[nodiscard]] static bool hides_version(const change_event& e, const model::table& t)
    {
        return t.version != model::no_column &&
               (e.after.size() <= t.version || e.after[t.version].what == told::state::absent);
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
        if (e.what == kind::truncate)
        {
            take_truncate(e, t);
            return;
        }
        const auto row = row_of_event(e);
        if (!row && t.kept_by == model::role::planned && e.key.what == told::state::value &&
            tag_of(e.key.id) != subject_.ids.tag())
        {
            ++others_;
            return;
        }
        if (!row || row->table != e.table)
        {
            add(defect::unknown, e, no_unit);
            return;
        }
        seen_ = true;
        if (row->unit != no_unit && row->unit >= subject_.known)
        {
            if (of_ended_run(e))
            {
                add(defect::unknown, e, row->unit);
                ++beyond_end_;
            }
            else
                ++later_;
            return;
        }
        const auto wrong = contradiction(e);
        reported_op_ = !wrong.empty();
        if (reported_op_)
            add(defect::wrong_op, e, row->unit, {}, std::string(name_of(e.what)),
                fmt::format("{} with {}", name_of(e.what), wrong));
        judge_planned(reported_op_ ? as_it_may_be(e) : e, t, *row);
    }

    void judge_planned(const change_event& e, const model::table& t, const row_id& row)
    {
        if (!planned_rows(t))
        {
            take_fixed(e, e.key.v.integer());
            return;
        }
        // One that was changed below the seam is loaded as its last unit has left it.
        const bool first = t.kept_by == model::role::fixed ||
                           (row.unit == no_unit && (seam_ == 0 || survivors_.initial(e.table, row.row)));
        if (e.what == kind::read)
            take_read(e, t, row);
        else if (e.what == kind::create && first)
            take_first(e, t, row);
        else
            take_change(e, t, row);
    }

    void take_truncate(const change_event& e, const model::table& t)
    {
        if (!seen_)
        {
            ++others_;  // Of before the run.
            return;
        }
        report_.add(
            {defect::foreign_edit, std::string(t.name), "every row", no_unit, {}, {}, "truncated", place_of(e)});
    }

    /// What an event may be that contradicts itself: by the row that it has, and by where it comes from.
    const change_event& as_it_may_be(const change_event& e)
    {
        using origin = change_event::origin;
        mended_ = e;
        const bool from_stream = e.from == origin::stream || e.from == origin::unknown;
        if (e.what == kind::read && e.from == origin::stream)
            mended_.what = kind::create;
        else if (e.what != kind::read && !from_stream)
            mended_.what = kind::read;
        const bool erase = mended_.what == kind::erase;
        auto& row = erase ? mended_.before : mended_.after;
        auto& other = erase ? mended_.after : mended_.before;
        auto& has_row = erase ? mended_.has_before : mended_.has_after;
        auto& has_other = erase ? mended_.has_after : mended_.has_before;
        if (mended_.what == kind::update)
            return mended_;  // By the row before it, where there is no other.
        if (!has_row)
            row = other;
        has_row = true;
        other.clear();
        has_other = false;
        return mended_;
    }

    // ---- Changes -----------------------------------------------------------------------------------------------------

    void take_change(const change_event& e, const model::table& t, const row_id& row)
    {
        // The unit of a row is known by its id; of events that name one far ahead see `stray`.
        if (row.unit != no_unit && row.unit > limit())
        {
            stray(e);
            return;
        }
        if (e.what == kind::create)
            take_insert(e, t, row);
        else if (e.what == kind::update)
            take_update(e, t, row);
        else
            take_erase(e, t, row);
    }

    void take_insert(const change_event& e, const model::table& t, const row_id& row)
    {
        const auto version = version_of(e, t);
        const auto end = version ? *version + e.after[t.version].resolution : 0;
        const bool by_id = row.unit != no_unit && row.unit >= seam_;
        if (version && !by_id)
        {
            // A load writes rows as their last unit has left them.
            if (!reach({*version}))
            {
                stray(e);
                return;
            }
            const auto at = by_version(row, *version, end);
            if (at.unit != nullptr)
                matched(e, t, row, at);
            else if (row.unit == no_unit && seam_ == 0)
                keep_row(e, t, row, kept_row::why::first);
            else if (units_.empty() || *version <= first_at_hand())
                keep_row(e, t, row, kept_row::why::late);
            else
                foreign(e, row);
            return;
        }
        auto* u = by_number(row.unit);
        if (u == nullptr)
        {
            keep_row(e, t, row, kept_row::why::late);
            return;
        }
        const auto insert = u->refused ? std::nullopt : change_of(*u, row);
        if (!insert)
        {
            add(defect::unknown, e, row.unit);
            return;
        }
        // An update that is told as an insert has another version than the insert.
        const auto planned = version_of(t, built(*u).changes[*insert].after);
        if (version && (planned < *version || planned >= end) && reach({*version}))
            if (const auto update = by_version(row, *version, end); update.unit != nullptr)
            {
                matched(e, t, row, update);
                return;
            }
        matched(e, t, row, {by_number(row.unit), *insert});
    }

    void take_update(const change_event& e, const model::table& t, const row_id& row)
    {
        if (!e.has_after)
        {
            take_update_by_before(e, t, row);
            return;
        }
        if (t.version != model::no_column && hides_version(e, t))
        {
            // Which change it is cannot be known.
            hidden_[e.table][t.version] = true;
            if (excuse_of(e.table, model::op::update) == nullptr)
            {
                const auto known = excused_columns_.find({e.table, t.version});
                excuse_operation(e.table, model::op::update,
                                 known != excused_columns_.end()
                                     ? known->second
                                     : fmt::format("events do not have {}", t.columns[t.version].name));
            }
            ++unmatched_;
            return;
        }
        const auto version = version_of(e, t);
        // Nobody's unit leaves a row without a version.
        if (!version || *version == 0)
        {
            doubt(e);
            return;
        }
        const auto end = *version + e.after[t.version].resolution;
        if (row.unit == no_unit && t.kept_by == model::role::planned && end <= subject_.recorded.start.us)
        {
            // First rows alone are older than the run.
            if (keep_row(e, t, row, kept_row::why::first))
                kept_.back().as_update = !reported_op_;
            return;
        }
        if (!reach({*version}))
        {
            stray(e);
            return;
        }
        const auto at = by_version(row, *version, end);
        // Units of one tick have the same moment: the cut may stand between them.
        if (at.unit == nullptr && is_after_the_known(end) && !of_ended_run(e) && !is_impossible({*version}))
        {
            ++later_;
            return;
        }
        settle(e, t, row, at, at.unit == nullptr && (units_.empty() || *version <= first_at_hand()));
    }

    void take_update_by_before(const change_event& e, const model::table& t, const row_id& row)
    {
        const auto known = t.version != model::no_column && e.before.size() > t.version &&
                           e.before[t.version].what != told::state::absent &&
                           e.before[t.version].what != told::state::unreadable;
        const auto version = !known                                          ? 0
                             : e.before[t.version].what == told::state::null ? 0
                                                                             : e.before[t.version].v.integer();
        const auto at = known ? by_version_before(row, version, version + e.before[t.version].resolution) : place{};
        at.unit != nullptr ? matched(e, t, row, at) : doubt(e);
    }

    void take_erase(const change_event& e, const model::table& t, const row_id& row)
    {
        const bool erases = of_table_[e.table].erases;
        auto at = by_erase(row);
        if (at.unit == nullptr && erases)
        {
            // What tells the unit is the plan alone, so that must have come far enough.
            plan_below(std::min(limit(), std::max(highest_.value_or(row.unit), highest_read_) + 1 +
                                             2 * std::uint64_t{subject_.recorded.window}));
            at = by_erase(row);
        }
        const bool later = at.unit == nullptr && erases && walk_.next_no() >= subject_.known && !of_ended_run(e);
        if (unseen_insert(row).unit != nullptr)
        {
            doubt(e);  // The row was not made yet: this may be what should have made it.
            doubtful_.back().later = later;
            return;
        }
        if (later)
        {
            ++later_;
            return;
        }
        settle(e, t, row, at,
               at.unit == nullptr && erases && !units_.empty() && row.unit < units_[partial_units_].decision.no);
    }

    /// `forgotten`: its unit is not at hand any more.
    void settle(const change_event& e, const model::table& t, const row_id& row, const place& at, bool forgotten)
    {
        if (forgotten && e.transaction != 0)
            wait(e, true);  // Late, or its version is altered.
        else if (forgotten)
            keep_row(e, t, row, kept_row::why::late);
        else if (at.unit == nullptr || at.unit->refused)
            doubt(e);
        else
            matched(e, t, row, at);
    }

    /// Whether it is later than all units that are known.
    [[nodiscard]] bool is_after_the_known(std::int64_t end) const
    {
        return walk_.next_no() >= subject_.known && !units_.empty() && end > units_.back().decision.at.us;
    }

    [[nodiscard]] bool is_impossible(time version) const { return how_.latest && version > *how_.latest; }

    /// Of the event that is being judged.
    [[nodiscard]] std::uint32_t number_now() const noexcept { return static_cast<std::uint32_t>(events_); }

    /// Whether the run had ended when this was written: no unit follows those that are known.
    [[nodiscard]] bool of_ended_run(const change_event& e) const
    {
        return subject_.recorded.clean && subject_.known <= subject_.recorded.settled &&
               (!how_.ended_until || (e.lsn != 0 && e.lsn < *how_.ended_until));
    }

    /// Moment of the first unit from which on all are at hand.
    [[nodiscard]] std::int64_t first_at_hand() const { return units_[partial_units_].decision.at.us; }

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
        if (state.seen && e.transaction != 0 && state.transaction != 0 && e.transaction != state.transaction)
        {
            // Somebody else's change, which kept the version; nobody else can make or remove the row a second time.
            if (e.what == kind::update)
                foreign(e, row);
            else
                add(defect::torn, e, no, {}, fmt::format("transaction {}", state.transaction),
                    fmt::format("transaction {} once more", e.transaction));
            return;
        }
        const bool op = (e.what == kind::create) == (c.what == model::op::insert) &&
                        (e.what == kind::erase) == (c.what == model::op::erase);
        if (!op && !reported_op_ && !of_table_[e.table].filtered)
            add(defect::wrong_op, e, no, {}, std::string(model::name(c.what)), std::string(name_of(e.what)));
        if (e.has_after && !c.after.empty())
            compare(defect::altered, e, no, c.after, e.after);
        if (e.has_before && !c.before.empty() && tells_whole_row(e, t))
            compare(defect::wrong_before, e, no, c.before, e.before);
        const auto key = key_of(row);
        const row_order::newest rank{no + 1, u.decision.at.us, e.lsn, c.what == model::op::erase};
        if (!retrying_)
            strays_in_row_ = 0;
        if (state.seen)
        {
            const bool sent_again = again(e, no, state.stamp);
            if (!order_.is_older(key, rank.at))
                order_.came_forward(key, rank.at);
            else if (sent_again)
                order_.went_back(key, events_, finding_of(defect::reordered, e, no));
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
        order_.saw(key, rank);
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
            return by_version(row, before, before + 1);
        }
        auto* const u = row.unit != no_unit ? by_number(row.unit) : nullptr;
        const auto i = u != nullptr && !u->refused ? change_of(*u, row) : std::nullopt;
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

    /// A change that has been told before. Whether the connector may have sent it again.
    bool again(const change_event& e, unit_no unit, std::uint64_t stamp)
    {
        const bool copy = e.stamp != 0 && e.stamp == stamp;
        add(copy || how_.exactly_once ? defect::doubled : defect::repeated, e, unit);
        unstamped_ += e.stamp == 0 && !how_.exactly_once ? 1U : 0U;
        return !copy && !how_.exactly_once;
    }

    void check_transaction(const change_event& e, unit_state& u, change_state& state)
    {
        // A load writes many units in one transaction.
        if (e.transaction == 0 || u.decision.no < seam_)
            return;
        state.transaction = e.transaction;
        u.counted = u.counted || e.counted;
        if (u.transaction == e.transaction)
            return;
        u.torn = u.torn || u.transaction != 0;
        if (u.transaction == 0)
            u.transaction = e.transaction;
        const auto [other, fresh] = by_transaction_.emplace(e.transaction, u.decision.no);
        if (fresh || other->second == u.decision.no)
            return;
        auto* const there = by_number(other->second);
        if (there == nullptr || shared_.size() >= shared_max)
        {
            add(defect::torn, e, u.decision.no, {}, "a transaction of its own",
                fmt::format("transaction {} of unit {}", e.transaction, other->second));
            return;
        }
        // Which of them is a guest is known when all have come.
        there->shared = u.shared = true;
        shared_[e.transaction].insert({there->decision.no, u.decision.no});
    }

    /// How many changes of a unit have come in each transaction.
    static std::map<std::uint64_t, std::size_t> transactions_of(const unit_state& u)
    {
        std::map<std::uint64_t, std::size_t> counts;
        for (const auto& state : std::span(u.each.get(), u.changes))
            if (state.transaction != 0)
                ++counts[state.transaction];
        return counts;
    }

    /// The transaction of most of a unit's changes; 0 where none is.
    static std::uint64_t own_transaction(const unit_state& u)
    {
        const auto counts = transactions_of(u);
        const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
        const auto as_many = std::ranges::count_if(counts,
                                                   [&](const auto& entry) { return entry.second == most->second; });
        return as_many == 1 ? most->first : 0;
    }

    /// Units in one transaction: the one that has most changes in it is at home there, the others' are torn from theirs.
    void tell_shared()
    {
        for (const auto& [transaction, numbers] : shared_)
        {
            std::vector<std::pair<std::size_t, unit_state*>> own;
            for (const auto no : numbers)
                if (auto* const u = by_number(no); u != nullptr && own_transaction(*u) == transaction)
                    own.emplace_back(transactions_of(*u).at(transaction), u);
            std::ranges::sort(own, std::greater{}, [](const auto& one) { return one.first; });
            if (own.size() < 2)
                continue;  // The others' are torn from their own.
            const bool clear = own[0].first > own[1].first;
            for (std::size_t i = clear ? 1 : 0; i < own.size(); ++i)
            {
                auto& u = *own[i].second;
                const auto& changes = built(u).changes;
                for (std::size_t k = 0; k < changes.size(); ++k)
                    if (u.each[k].transaction == transaction)
                        add_planned(defect::torn, u.decision.no, changes[k], {}, {}, "a transaction of its own",
                                    fmt::format("transaction {} of unit {}", transaction,
                                                own[i == 0 ? 1 : 0].second->decision.no));
            }
        }
    }

    /// The events that say another transaction than most of their unit; all of them where none is said by most.
    void tell_torn(unit_state& u)
    {
        const auto& changes = built(u).changes;
        const auto own = own_transaction(u);
        for (std::size_t i = 0; i < changes.size(); ++i)
            if (const auto transaction = u.each[i].transaction; transaction != 0 && transaction != own)
                add_planned(defect::torn, u.decision.no, changes[i], {}, {},
                            own != 0 ? fmt::format("transaction {}", own) : "one transaction for all of the unit",
                            fmt::format("transaction {}", transaction));
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
        if (u.torn || u.shared)
            return;  // Told already; whose change an END counts is not known.
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
    void doubt(const change_event& e) { wait(e, false); }

    void wait(const change_event& e, bool late)
    {
        doubtful_.emplace_back(e, highest_.value_or(0), number_now(), late, reported_op_);
        if (doubtful_.size() <= doubtful_max)
            return;
        sort_kept();
        settle_front();
    }

    /// Decides on those that came before an event of this unit had.
    void settle_doubtful(unit_no before)
    {
        if (doubtful_.empty() || doubtful_.front().at >= before)
            return;
        sort_kept();
        while (!doubtful_.empty() && doubtful_.front().at < before)
            settle_front();
    }

    void settle_front()
    {
        settle_one(doubtful_.front());
        doubtful_.pop_front();
    }

    void settle_one(const kept_event& one)
    {
        const auto& e = one.e;
        const auto& t = tables_[e.table];
        const auto row = *row_of_event(e);
        const auto at = unit_of_doubtful(e, t, row);
        if (at.unit == nullptr && one.later)
        {
            ++later_;
            return;
        }
        if (at.unit == nullptr || at.unit->each[at.change].seen)
        {
            one.late ? void(keep_row(e, t, row, kept_row::why::late)) : foreign(e, row);
            return;
        }
        // It came before the changes that seem to have overtaken it.
        at.unit->each[at.change].overtaken = false;
        reported_op_ = one.reported;
        match(e, t, row, at);
        const auto& change = built(*at.unit).changes[at.change];
        if (e.what != kind::erase || change.before.empty())
            return;
        // What made the row that it removed came behind it.
        const auto earlier = change_before(change, t);
        if (earlier.unit != nullptr && earlier.unit->each[earlier.change].seen &&
            static_cast<std::int32_t>(earlier.unit->each[earlier.change].place - one.place) > 0)
            add(defect::reordered, e, at.unit->decision.no);
    }

    /// The change of the plan that a doubtful event tells, not as planned. None where it is a foreign edit.
    place unit_of_doubtful(const change_event& e, const model::table& t, const row_id& row)
    {
        if (const auto known = by_transaction_.find(e.transaction);
            e.transaction != 0 && known != by_transaction_.end())
        {
            auto* const u = by_number(known->second);
            const auto i = u != nullptr ? change_of(*u, row) : std::nullopt;
            return i ? place{u, *i} : place{};
        }
        if (e.what == kind::erase)
        {
            const auto erase = by_erase(row);
            if (erase.unit != nullptr && !erase.unit->each[erase.change].seen)
                return erase;
            // The row was never made, and what may have made it is told as a delete.
            const auto insert = unseen_insert(row);
            return insert.unit != nullptr ? insert : erase;
        }
        const auto version = version_of(e, t);
        const auto at = version && e.what == kind::update
                            ? by_version(row, *version, *version + e.after[t.version].resolution)
                            : place{};
        // Where the unit's own event came in another transaction, in a snapshot, or before the stream, this is none of it.
        const bool elsewhere = at.unit != nullptr &&
                               (at.unit->transaction != 0 || at.unit->decision.no < how_.from.value_or(0) ||
                                in_snapshot(built(*at.unit).changes[at.change], *version));
        return elsewhere ? place{} : at;
    }

    /// The insert of a row that nothing has told so far, though units as old as its have come.
    place unseen_insert(const row_id& row)
    {
        auto* const u = row.unit < walk_.next_no() && row.unit >= lowest_ ? by_number(row.unit) : nullptr;
        if (u == nullptr || u->refused || u->decision.no < how_.from.value_or(0))
            return {};
        const auto i = change_of(*u, row);
        if (!i || u->each[*i].seen || order_.of(key_of(row)) != nullptr)
            return {};
        return read_.contains(key_of(row)) ? place{} : place{u, *i};
    }

    // ---- The end -----------------------------------------------------------------------------------------------------

    void sort_kept()
    {
        if (sorted_ == kept_.size())
            return;
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
            if (k.unit != row_named(c.table, c.key(t)).unit)
                continue;
            k.planned = true;
            if (k.erased != (c.what == model::op::erase))
                continue;
            // Of a row whose version is hidden it is this one if it says the same.
            const bool open = k.unversioned && k.from != kept_row::why::first;
            if (!k.erased && !open && !k.has(version) && !(k.unversioned && unit == no_unit))
                continue;
            if (!k.erased)
                print_row(c.after, k.told, subject_.ids, scratch_);
            if ((open || k.as_update) && scratch_.whole != k.whole)
                continue;
            if (k.stale)
                add_planned(defect::stale_read, unit, c, {}, "snapshot");
            if (k.as_update)
                add_planned(defect::wrong_op, unit, c, {}, {}, "insert", "update");
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
            {
                add_planned(copy || how_.exactly_once ? defect::doubled : defect::repeated, unit, c);
                unstamped_ += k.stamp == 0 && !how_.exactly_once ? 1U : 0U;
            }
            k.judged = true;
            came = came || k.from != kept_row::why::snapshot;
            before = &k;
        }
        return came;
    }

    /// Whether a snapshot has the row as of this version or a later one.
    [[nodiscard]] bool in_snapshot(const model::change& c, std::int64_t version)
    {
        return std::ranges::any_of(
            kept_of(key_of(row_named(c.table, c.key(tables_[c.table])))), [&](const kept_row& k)
            { return k.from == kept_row::why::snapshot && (k.version + k.resolution > version || k.unversioned); });
    }

    [[nodiscard]] static std::int64_t version_of(const model::table& t, std::span<const model::value> row)
    {
        return t.version == model::no_column ? 0 : row[t.version].integer();
    }

    void judge_first_rows(bool partial)
    {
        std::vector<std::vector<row_id>> missing(tables_.size());
        std::vector<std::uint64_t> counts(tables_.size());
        for (std::uint8_t number = 0; number < tables_.size(); ++number)
        {
            const auto& t = tables_[number];
            const auto judge_row = [&](std::span<const model::value> row)
            {
                ++counts[number];
                const model::change c{model::op::insert, number, {}, row};
                const auto version = version_of(t, row);
                const bool there = planned_rows(t) ? judge_kept(no_unit, c, version) || in_snapshot(c, version)
                                                   : fixed_rows(number).at(c.key(t).integer()).seen;
                if (!there)
                    missing[number].push_back(row_named(number, c.key(t)));
            };
            const auto& known = of_table_[number];
            if (t.kept_by == model::role::heartbeat || left_out_[number])
                continue;
            // Of fixed tables other runs, or none, may have written the first rows into the stream.
            if (t.kept_by == model::role::fixed && (known.created || known.read))
                subject_.shop.fixed_rows(number, judge_row);
            // A load changes rows of fixed tables; of others it leaves out those that do not survive.
            else if (t.kept_by == model::role::planned)
                survivors_.first_rows(subject_.shop, number, subject_.recorded.start, judge_row);
        }
        find_whole_snapshots(counts, missing);
        if (partial)
            return;
        for (std::uint8_t number = 0; number < tables_.size(); ++number)
        {
            if (missing[number].empty() || dropped_rows_ > 0 || excuse_of(number, model::op::insert) != nullptr)
                continue;
            const auto& t = tables_[number];
            const auto& known = of_table_[number];
            if (known.created || known.whole)
                for (const auto& row : missing[number])
                    report_.add({defect::lost,
                                 std::string(t.name),
                                 verify::key_text(t, row, subject_.ids),
                                 no_unit,
                                 {},
                                 {},
                                 {},
                                 {}});
            else if (known.read || (lowest_ == 0 && !how_.from))
                report_.not_proven(
                    fmt::format("table {}: {} of {} first rows are in no event: the stream begins behind "
                                "them, and no whole snapshot is in it",
                                t.name, missing[number].size(), counts[number]));
        }
    }

    /// A table's rows are all in the snapshot before the stream when the connector has said so, or where it says nothing when most of
    /// the first rows are, and rows of each table.
    void find_whole_snapshots(std::span<const std::uint64_t> counts, std::span<const std::vector<row_id>> missing)
    {
        std::uint64_t first = 0, there = 0;
        bool each = true;
        for (std::size_t i = 0; i < tables_.size(); ++i)
            if (tables_[i].kept_by == model::role::planned)
            {
                first += counts[i];
                there += counts[i] - missing[i].size();
                each = each && (of_table_[i].read || left_out_[i]);
            }
        for (std::size_t i = 0; i < tables_.size(); ++i)
        {
            auto& known = of_table_[i];
            const bool fixed = tables_[i].kept_by == model::role::fixed;
            const auto all = fixed ? counts[i] : first;
            const auto some = fixed ? counts[i] - missing[i].size() : there;
            known.whole = snapshot_over_ || known.read_whole ||
                          (read_before_stream_ && 2 * some >= all && (fixed ? all > 0 : each));
        }
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
        bool all_whole = true;
        for (std::size_t i = 0; i < tables_.size(); ++i)
            all_whole = all_whole && (of_table_[i].whole || left_out_[i] || tables_[i].kept_by != model::role::planned);
        // What these removed may have been gone when the snapshot was taken.
        const auto may_be_gone = !reads_ || !erases_rows_ || partial ? 0
                                 : lowest_ == no_unit                ? no_unit
                                                                     : lowest_ + subject_.recorded.window;
        // Rows of a snapshot may be of any unit.
        const auto end = !kept_.empty() && !partial
                             ? subject_.known
                             : std::min(subject_.known, std::max(walk_.next_no(), partial ? 0 : subject_.demanded));
        while (again.next_no() < end)
        {
            const bool refused = !again.next(fresh.decision);
            const auto no = fresh.decision.no;
            last_moment_ = fresh.decision.at.us;
            while (at < units_.size() && units_[at].decision.no < no)
                ++at;
            const auto* const state = at < units_.size() && units_[at].decision.no == no ? &units_[at] : nullptr;
            const bool whole = state != nullptr ? state->whole() : no < whole_.size() && whole_[no];
            whole_units_ += whole && !refused ? 1U : 0U;
            const bool asked = no >= begin || (how_.from_time && fresh.decision.at > *how_.from_time);
            const bool in_snapshots = all_whole && !how_.from;
            demanded_units_ += !refused && !partial && (asked || in_snapshots) && no < subject_.demanded ? 1U : 0U;
            const auto question = questions_.find(no);
            if (question != questions_.end() && refused)
                answer(question->second, {});
            if (refused || (whole && kept_.empty() && question == questions_.end()))
                continue;
            build(fresh.decision, room);
            if (question != questions_.end())
                answer(question->second, room.changes);
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
                if (seen || (!kept_.empty() && c.what != model::op::erase && in_snapshot(c, version)))
                    continue;
                const bool demandable = asked || (of_table_[c.table].whole && !how_.from);
                if (demandable && no < may_be_gone && may_have_gone(c, no))
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
            else if (some || asked)
                for (const auto* c : missing)
                    add_planned(defect::lost, no, *c);
            else
            {
                bool before = false;
                for (const auto* c : missing)
                    if (of_table_[c->table].whole && !how_.from)
                        add_planned(defect::lost, no, *c);
                    else
                        before = true;
                before_stream += before ? 1U : 0U;
            }
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
                begin < subject_.demanded
                    ? fmt::format("{} units before the stream begins; --from {} leaves them out", before_stream, begin)
                    : fmt::format("{} units before the stream begins", before_stream));
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
        if (no >= subject_.demanded || excuse_of(c.table, c.what) != nullptr || !of_table_[c.table].erases)
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
        for (std::size_t i = 0; i < tables_.size(); ++i)
            if (of_table_[i].created && tables_[i].kept_by == model::role::planned)
                return 0;
        // Units commit in any order within the window: of its first ones some may be older than the stream.
        return lowest_ == no_unit ? subject_.demanded : lowest_ == 0 ? 0 : lowest_ + subject_.recorded.window;
    }

    /// What somebody else has changed: rows of the plan, or rows with ids that it does not have.
    void answer(std::vector<std::pair<row_id, finding>>& questions, std::span<const model::change> changes)
    {
        for (auto& [row, what] : questions)
        {
            const auto is_it = [&, &id = row](const model::change& c)
            { return c.table == id.table && row_named(c.table, c.key(tables_[c.table])) == id; };
            if (std::ranges::none_of(changes, is_it))
                what.what = defect::unknown;
            report_.add(std::move(what));
        }
        questions.clear();
    }

    /// Kept rows whose version no unit has made, and questions that no unit has answered.
    void judge_unplanned()
    {
        for (auto& [no, questions] : questions_)
            for (auto& [row, what] : questions)
                report_.add(std::move(what));
        for (const auto& k : kept_)
        {
            if (k.judged)
                continue;
            const auto table = table_of(k.key);
            const auto& t = tables_[table];
            if (k.unversioned)
            {
                ++unmatched_;
                continue;
            }
            // Of units that are not known yet; the first of them may have the moment of the last one that is.
            if (k.version + k.resolution > last_moment_ && !k.ended && !is_impossible({k.version}))
            {
                ++later_;
                continue;
            }
            report_.add({k.planned && t.version != model::no_column ? defect::foreign_edit : defect::unknown,
                         std::string(t.name),
                         verify::key_text(t, {table, row_of(k.key), k.unit}, subject_.ids),
                         no_unit,
                         {},
                         {},
                         {},
                         k.from == kept_row::why::snapshot ? "snapshot" : ""});
        }
        if (unmatched_ > 0)
            report_.not_proven(fmt::format("{} events do not have the version of their row: which change they are is "
                                           "not known",
                                           unmatched_));
    }

    /// Rows whose last event is an old one. Behind the barrier the connector may be about to send what follows once more.
    void tell_gone_back()
    {
        for (const auto& back : order_.gone())
            if (back.sure || !how_.barrier || back.lsn < *how_.barrier)
                report_.add(back.what);
    }

    void tell_hidden()
    {
        std::map<std::pair<std::uint8_t, std::string>, std::string> excused;
        for (const auto& [where, reason] : excused_columns_)
        {
            auto& names = excused[{where.first, reason}];
            names += (names.empty() ? "" : ", ") + std::string(tables_[where.first].columns[where.second].name);
        }
        for (const auto& [what, names] : excused)
            report_.not_proven(fmt::format("table {}, column{} {}: not compared: {}", tables_[what.first].name,
                                           names.find(',') == names.npos ? "" : "s", names, what.second));
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
    std::map<std::uint64_t, std::set<unit_no>> shared_;  ///< By transaction, where it is of several units.
    row_order order_;
    std::unordered_set<row_key> read_;             ///< Rows of snapshots, where units remove rows.
    std::unordered_map<row_key, unit_no> erased_;  ///< By units at hand.
    std::unordered_map<row_key, std::vector<std::pair<row_id, unit_no>>> gone_;  ///< See `may_have_gone`.
    std::unordered_map<unit_no, transaction_end> odd_ends_;  ///< The first that counts otherwise than had arrived.
    std::deque<kept_event> doubtful_;
    std::deque<kept_event> strays_;                                                   ///< Far ahead of the plan.
    std::unordered_map<unit_no, std::vector<std::pair<row_id, finding>>> questions_;  ///< Is the row planned at all?
    /// Reasons, each with how many changes it has excused.
    std::map<std::pair<std::uint8_t, model::op>, std::pair<std::string, std::uint64_t>> excuses_;
    std::map<std::pair<std::uint8_t, std::size_t>, std::string> excused_columns_;  ///< By table and column.
    change_event masked_, mended_;
    std::vector<kept_row> kept_;
    std::size_t sorted_ = 0;          ///< So many of them are in order.
    std::vector<std::uint8_t> pool_;  ///< Bytes of the kept rows' columns.
    std::map<std::uint8_t, std::map<std::int64_t, fixed_row>> fixed_;
    std::vector<table_state> of_table_;
    std::vector<std::vector<bool>> hidden_;  ///< By table and column.
    std::vector<bool> left_out_;             ///< By table.
    std::uint64_t not_here_yet_ = 0;
    row_print scratch_;
    std::optional<unit_no> highest_;
    unit_no highest_read_ = 0;  ///< The highest one of which a snapshot has a row.
    unit_no lowest_ = no_unit;
    unit_no reach_ = 0;    ///< So many units are planned ahead of the highest one at most,
    unit_no reached_ = 0;  ///< or of this one.
    unit_no retried_ = 0;  ///< Limit when strays were judged the last time.
    std::size_t strays_in_row_ = 0;
    std::uint64_t stray_transaction_ = 0;
    std::int64_t last_moment_ = 0;  ///< Of the last unit that is known.
    bool seen_ = false;             ///< An event of the run was there.
    bool retrying_ = false;
    bool reported_op_ = false;  ///< That the event under judgement has a wrong operation.
    bool erases_rows_ = false;
    bool reads_ = false;               ///< Rows of a snapshot are in the stream,
    bool read_before_stream_ = false;  ///< of one that is not incremental,
    bool snapshot_over_ = false;       ///< and it was ended.
    std::uint64_t unstamped_ = 0, unmatched_ = 0, beyond_end_ = 0;
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

void judge::excuse_filtered(std::uint8_t table, std::string reason)
{
    work_->excuse_filtered(table, std::move(reason));
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

std::optional<unit_no> judge::highest_there()
{
    return work_->highest_there();
}

std::optional<unit_no> judge::highest() const
{
    return work_->highest();
}

}  // namespace bazaar::verify
