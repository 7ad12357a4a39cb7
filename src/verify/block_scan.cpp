#include "block_scan.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "bazaar/postgres/key_range.hpp"
#include "field_text.hpp"

namespace bazaar::verify
{
namespace
{

/// Rows of later units whose numbers are looked at.
constexpr std::size_t later_max = 10'000;

/// What one thread has planned.
struct sums_of_thread
{
    sums_of_thread(std::vector<block_sums>& all, std::vector<std::optional<std::uint64_t>>& all_last, std::mutex& lock)
        : to(all), to_last(all_last), mutex(lock), sums(all.size()), last(all.size())
    {
    }
    ~sums_of_thread()
    {
        const std::lock_guard guard(mutex);
        for (std::size_t i = 0; i < to.size(); ++i)
        {
            to[i].add(sums[i]);
            to_last[i] = std::max(to_last[i], last[i]);
        }
    }
    sums_of_thread(const sums_of_thread&) = delete;
    sums_of_thread& operator=(const sums_of_thread&) = delete;

    std::vector<block_sums>& to;
    std::vector<std::optional<std::uint64_t>>& to_last;
    std::mutex& mutex;
    std::vector<block_sums> sums;
    std::vector<std::optional<std::uint64_t>> last;
};

}  // namespace

void block_scan::plan(unit_walk& walk, const std::stop_token& stop)
{
    row_encoder encode(work_.compared, work_.ids);
    work_.first_rows(
        [&](const row_id& id, std::span<const model::value> row)
        {
            planned[id.table].add(id.row, encode.hash(id.table, row));
            last_row_[id.table] = std::max(last_row_[id.table], std::optional(id.row));
        });
    std::mutex mutex;
    work_.take_planned(walk, work_.of.demanded, stop,
                       [&]() -> tables_work::change_taker
                       {
                           return
                               [to = std::make_shared<sums_of_thread>(planned, last_row_, mutex)](
                                   const model::unit&, const model::change& change, const row_id& id, row_encoder& by)
                           {
                               auto& sums = to->sums[id.table];
                               if (!change.before.empty())
                                   sums.subtract(id.row, by.hash(id.table, change.before));
                               if (!change.after.empty())
                                   sums.add(id.row, by.hash(id.table, change.after));
                               if (change.before.empty())
                                   to->last[id.table] = std::max(to->last[id.table], std::optional(id.row));
                           };
                       });
}

/// A row whose id is not of this run and table.
void block_scan::take_foreign(std::uint8_t table, std::span<const postgres::field> row)
{
    const auto& shape = *work_.compared[table];
    const auto& t = work_.tables[table];
    const auto place = *shape.place(t.key);
    const auto& key = row[place];
    finding one;
    one.table = t.name;
    one.key = field_text(work_.print, t.columns[t.key], shape.types[place], key);
    one.what = defect::foreign_edit;
    one.found = "a row that no run has written";
    if (!work_.ids.form(table).names_unit())
    {
        work_.out.add(std::move(one));
        return;
    }
    uuid id{};
    if (key.size == id.size())
        std::copy_n(key.data, id.size(), id.begin());
    if (const auto own = work_.ids.ids().decode(id); own && key.size == id.size())
    {
        one.what = defect::extra;
        one.unit = own->unit;
        one.found = own->table < work_.tables.size() ? fmt::format("an id of table {}", work_.tables[own->table].name)
                                                     : "an id of no table";
        work_.out.add(std::move(one));
        return;
    }
    // Without the list of runs, an id of our form with another tag may well be another run's.
    const auto range = postgres::key_range(work_.ids.ids(), table);
    const bool form = id[6] >> 4 == 8 && id[8] >> 6 == 2;
    if (std::ranges::any_of(work_.with.others, [&](const id_codec& other) { return other.decode(id).has_value(); }) ||
        (!work_.with.others_known && form && (id < range.low || id > range.high)))
    {
        ++other_runs_;
        return;
    }
    work_.out.add(std::move(one));
}

void block_scan::take_later(const row_id& id, std::span<const postgres::field> row)
{
    if (later_.count++ == 0)
        later_.first = fmt::format("{} {}{}", work_.tables[id.table].name, work_.text_of(id),
                                   id.unit == unknown_unit ? "" : fmt::format(", unit {}", id.unit));
    lowest_later_.emplace(key_of(id), id.unit);
    if (lowest_later_.size() > later_max)
        lowest_later_.erase(std::prev(lowest_later_.end()));
    // An edit moves a row's version; it was made at the first of its moments.
    std::optional<time> made;
    const auto& types = work_.compared[id.table]->types;
    for (std::size_t i = 0; i < types.size(); ++i)
        if (types[i].type == postgres::wire::timestamptz && row[i].data != nullptr)
            made = std::min(made.value_or(moment_of(row[i])), moment_of(row[i]));
    if (made && made->us != std::numeric_limits<std::int64_t>::max())
        later_.at = std::max(later_.at.value_or(*made), *made);
}

/// Units that come later have rows with higher numbers.
void block_scan::tell_later()
{
    for (const auto& [key, unit] : lowest_later_)
    {
        const auto table = table_of(key);
        if (!last_row_[table] || row_of(key) > *last_row_[table])
            continue;
        --later_.count;
        finding one;
        one.what = defect::extra;
        one.table = work_.tables[table].name;
        one.key = work_.text_of({table, row_of(key), unit});
        one.unit = unit;
        one.found = "the number of a row of an earlier unit";
        work_.out.add(std::move(one));
    }
}

void block_scan::read(std::uint8_t table)
{
    postgres::row_reader rows(work_.on, *work_.compared[table]);
    auto& sums = found[table];
    std::uint64_t read = 0;
    while (rows.next())
    {
        if (++read % rows_between == 0)
        {
            work_.progress.rows += rows_between;
            work_.check_stop();
            work_.tell();
        }
        const auto id = work_.id_of(table, rows.row());
        if (!id)
            take_foreign(table, rows.row());
        else if (work_.unknown(*id))
            take_later(*id, rows.row());
        else
            sums.add(id->row, hash_of(rows.row()));
    }
    work_.progress.rows += read % rows_between;
}

void block_scan::go(unit_walk& walk)
{
    work_.progress.step = "comparing";
    work_.progress.units_all = work_.of.demanded;
    std::exception_ptr failed;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    {
        std::stop_source quit;
        const std::stop_callback stopped_too(work_.with.stop, [&quit] { quit.request_stop(); });
        const std::jthread planning(
            [&]
            {
                try
                {
                    plan(walk, quit.get_token());
                }
                catch (...)
                {
                    failed = std::current_exception();
                }
                const std::lock_guard lock(mutex);
                done = true;
                changed.notify_all();
            });
        try
        {
            for (std::uint8_t i = 0; i < work_.tables.size(); ++i)
                if (work_.planned(i))
                    read(i);
        }
        catch (...)
        {
            quit.request_stop();
            throw;
        }
        std::unique_lock lock(mutex);
        while (!changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return done; }))
            work_.tell();
    }
    if (failed)
        std::rethrow_exception(failed);
    work_.check_stop();
    tell_later();
    work_.out.figure("rows", work_.progress.rows);
}

}  // namespace bazaar::verify
