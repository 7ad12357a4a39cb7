#include "bazaar/verify/tables.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "bazaar/verify/not_there.hpp"
#include "block_scan.hpp"
#include "block_search.hpp"
#include "column_compare.hpp"
#include "fixed_tables.hpp"
#include "open_window.hpp"
#include "seen_units.hpp"

namespace bazaar::verify
{
namespace
{

/// The newest ids of a table that are looked at for the highest unit.
constexpr int newest = 1'000;

/// So many rows of another seed say that the card is another run's; fewer may be forged.
constexpr int many_of_another = 16;

/// The rows of a table with the highest numbers.
struct newest_rows
{
    std::set<std::uint64_t> rows;
    bool all = true;  ///< There are no others.
};

class comparison
{
public:
    comparison(postgres::session& on, const tables_request& with, report& out)
        : work_(on, with, out), walk_(work_.of), scan_(work_), window_(work_)
    {
    }

    void go();

private:
    void look_up_tables();
    void look_for_units();
    [[nodiscard]] postgres::result newest_keys(std::uint8_t table, std::uint64_t most);
    void look_at_newest(std::uint8_t table, bool& ours, int& tagged);
    void look_for_rows();
    void find_bounds();
    void compare();
    void tell_stopped();

    tables_work work_;
    unit_walk walk_;
    seen_units seen_;
    std::optional<unit_no> highest_;
    block_scan scan_;
    open_window window_;
    bool sums_stand_ = false;  ///< They can be compared.
};

void comparison::look_up_tables()
{
    const auto& schema = work_.with.recorded.schema;
    work_.compared.resize(work_.tables.size());
    std::vector<std::string> problems;
    for (std::size_t i = 0; i < work_.tables.size(); ++i)
    {
        const auto& t = work_.tables[i];
        if (t.sink != model::target::postgres || t.kept_by == model::role::heartbeat)
            continue;
        auto shape = postgres::look_up(work_.on, schema, t);
        if (!shape)
        {
            problems.push_back(fmt::format("there is no table {}.{} with a column {} at {}", schema, t.name,
                                           t.columns[t.key].name, work_.on.where()));
            continue;
        }
        for (const auto& line : postgres::make_readable(work_.on, *shape, t))
            work_.out.not_proven(fmt::format("{}.{}", schema, line));
        for (const auto& column : shape->missing)
            work_.out.not_proven(fmt::format("{}.{} has no column {}", schema, t.name, column));
        if (planned_rows(t))
            work_.progress.rows_about += shape->rows;
        work_.compared[i] = std::move(shape);
    }
    if (!problems.empty())
        throw not_there(std::move(problems));
}

postgres::result comparison::newest_keys(std::uint8_t table, std::uint64_t most)
{
    const auto& shape = *work_.compared[table];
    const postgres::key_sql by(work_.tables[table], table, work_.ids, shape.key);
    return work_.on.exec(
        fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} DESC LIMIT {3}", shape.key, shape.from, by.own(), most),
        {});
}

void comparison::look_at_newest(std::uint8_t table, bool& ours, int& tagged)
{
    const auto rows = newest_keys(table, newest);
    std::optional<unit_no> lowest;
    for (int row = 0; row < rows.rows(); ++row)
    {
        ++tagged;
        const auto decoded = work_.ids.decode(table, rows.get(row, 0));
        ours = ours || decoded;
        if (!decoded || decoded->unit == no_unit ||
            (work_.with.known && work_.with.ended && decoded->unit >= *work_.with.known))
            continue;
        seen_.add(decoded->unit);
        lowest = std::min(lowest.value_or(decoded->unit), decoded->unit);
    }
    if (rows.rows() == newest && lowest)
        seen_.not_below(*lowest);
}

/// The same of keys that do not name their unit: units are planned until none of them has a row for a while.
void comparison::look_for_rows()
{
    std::vector<newest_rows> there(work_.tables.size());
    for (std::uint8_t i = 0; i < work_.tables.size(); ++i)
    {
        if (!work_.planned(i) || !work_.units.has(i))
            continue;
        const auto& form = work_.ids.form(i);
        const auto most = form.what == model::key_form::kind::listed ? form.rows() : newest;
        const auto rows = newest_keys(i, most);
        for (int row = 0; row < rows.rows(); ++row)
            if (const auto found = work_.ids.decode(i, rows.get(row, 0)))
                there[i].rows.insert(found->row);
        there[i].all = static_cast<std::uint64_t>(rows.rows()) < most;
    }
    // Where nothing is known of later units, all of them are looked at.
    auto end = std::max(work_.with.demanded, work_.with.sent_below);
    while (work_.with.known ? work_.units.next_no() < *work_.with.known
                            : work_.units.next_no() < end + work_.with.recorded.window)
    {
        const auto unit = work_.units.next_no();
        if (unit % 256 == 0)
            work_.check_stop();
        for (const auto& row : work_.units.plan_one())
        {
            const auto& of = there[row.table];
            if (of.rows.contains(row.row))
                seen_.add(unit);
            if (!of.all && !of.rows.empty() && row.row <= *of.rows.begin())
                seen_.not_below(unit);
            if (of.rows.contains(row.row) || (!of.all && !of.rows.empty() && row.row < *of.rows.begin()))
                end = std::max(end, unit + 1);
        }
    }
}

/// The highest unit that a row was inserted by. Errors: `config` when rows have the run's tag, but none its seed.
void comparison::look_for_units()
{
    bool ours = false;
    int tagged = 0;
    for (std::uint8_t i = 0; i < work_.tables.size(); ++i)
        if (work_.planned(i) && !work_.numbered(i) && !work_.units.has(i))
            look_at_newest(i, ours, tagged);
    if (work_.units.any())
        look_for_rows();
    if (tagged >= many_of_another && !ours && !work_.with.own_rows)
        throw error(error_kind::config,
                    fmt::format("the rows of schema {} at {} are of a run {} with another seed than this one's; is it "
                                "the right card or source?",
                                work_.with.recorded.schema, work_.on.where(), work_.with.recorded.run));
    highest_ = seen_.believed(work_.with.recorded.window, work_.with.demanded);
}

void comparison::find_bounds()
{
    look_for_units();
    auto& demanded = work_.of.demanded;
    demanded = work_.with.demanded;
    if (work_.with.demand_by_rows && highest_)
        demanded = std::max(demanded, *highest_ + 1 - std::min<unit_no>(*highest_ + 1, work_.with.recorded.window));
    if (highest_)
        work_.out.figure("highest unit seen", *highest_);
    work_.out.figure("units demanded", demanded);
}

void comparison::compare()
{
    look_up_tables();
    find_bounds();
    for (std::uint8_t i = 0; i < work_.tables.size(); ++i)
        if (work_.compared[i] && work_.numbered(i) && !work_.planned(i))
            compare_fixed(work_, i);
    scan_.go(walk_);
    window_.plan(walk_, seen_, highest_);
    window_.read(scan_);
    sums_stand_ = true;
    column_compare columns(work_, scan_, walk_);
    window_.judge(columns);
    block_search(work_, scan_, window_, columns).go();
    columns.tell();
    if (scan_.of_other_runs() > 0)
        work_.out.figure("rows of other runs", scan_.of_other_runs());
}

void comparison::go()
{
    try
    {
        compare();
    }
    catch (const stopped&)
    {
        tell_stopped();
    }
    catch (const postgres::query_error&)
    {
        // A stop cuts the session, too.
        if (!work_.with.stop.stop_requested())
            throw;
        tell_stopped();
    }
}

/// Blocks that differ, and nobody has looked why: an edit of somebody else would be no mismatch.
void comparison::tell_stopped()
{
    work_.out.set_partial();
    std::string tables;
    for (std::uint8_t i = 0; i < work_.tables.size() && sums_stand_; ++i)
        if (const auto blocks = work_.planned(i) ? scan_.differing(i).size() : 0; blocks > 0)
            tables += fmt::format("{}{} of {}", tables.empty() ? "" : ", ", blocks, work_.tables[i].name);
    if (!tables.empty())
        work_.out.not_proven(fmt::format("sums of blocks of {} rows differ, and it was ended before it looked why: {}",
                                         block_sums::block_rows, tables));
}

}  // namespace

void compare_tables(postgres::session& on, const tables_request& with, report& out)
{
    comparison(on, with, out).go();
}

}  // namespace bazaar::verify
