#include "bazaar/verify/tables.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "bazaar/scenario/first_rows.hpp"
#include "bazaar/verify/block_sums.hpp"
#include "bazaar/verify/not_there.hpp"
#include "bazaar/verify/row_name.hpp"
#include "bazaar/verify/subject.hpp"
#include "field_text.hpp"
#include "planned.hpp"
#include "suspects.hpp"
#include "touched_rows.hpp"

namespace bazaar::verify
{
namespace
{

/// Blocks that are planned again in full at a time: 16 bytes for each of their rows.
constexpr std::size_t blocks_max = 512;

/// Rows that are compared column by column at a time.
constexpr std::size_t suspects_max = 20'000;

/// Rows that units between "there" and "not there" may touch.
constexpr std::size_t touched_max = 1'000'000;

/// Ids of one query.
constexpr std::size_t ids_max = 2'000;

/// The newest ids of a table that are looked at for the highest unit.
constexpr int newest = 1'000;

/// How many rows are read between two looks at progress and stop.
constexpr std::uint64_t rows_between = 4'096;

/// It was stopped: the report is as it is.
struct stopped
{
};

class comparison
{
public:
    comparison(postgres::session& on, const tables_request& with, report& out)
        : on_(on),
          with_(with),
          out_(out),
          tables_(with.shop.tables()),
          ids_(with.recorded.tag, with.recorded.seed),
          of_{with.shop, with.recorded, ids_, 0, 0},
          walk_(of_)
    {
    }

    void go();

private:
    using all_sums = std::vector<block_sums>;

    [[nodiscard]] bool planned_table(std::size_t number) const
    {
        return shapes_[number].has_value() && planned_rows(tables_[number]);
    }

    /// Rows of the table have numbers of their own, and no ids.
    [[nodiscard]] bool numbered(std::uint8_t table) const { return tables_[table].kept_by == model::role::fixed; }

    /// The rows `first` to `last` of a table, as a condition.
    [[nodiscard]] std::string between(std::uint8_t table, std::uint64_t first, std::uint64_t last) const
    {
        if (numbered(table))
            return fmt::format("{} BETWEEN {} AND {}", shapes_[table]->key, first, last);
        const auto range = postgres::key_range(ids_, table, first, last);
        return fmt::format("{} BETWEEN '{}'::uuid AND '{}'::uuid", shapes_[table]->key, to_string(range.low),
                           to_string(range.high));
    }

    [[nodiscard]] std::string text_of(const row_id& row) const { return key_text(tables_[row.table], row, ids_); }

    void look_up_tables();
    [[nodiscard]] std::optional<unit_no> highest() const;
    void find_bounds();
    void sum_both();
    void plan_sums(const std::stop_token& stop);
    void scan(std::uint8_t number);
    void plan_window();
    void read_touched();
    void judge_window();
    void compare_blocks();
    void look_into(std::span<const row_key> blocks);
    void judge(suspects& rows);
    void compare_fixed(std::uint8_t number);
    void tell();
    void check_stop() const
    {
        if (with_.stop.stop_requested())
            throw stopped{};
    }

    [[nodiscard]] std::optional<row_id> id_of(std::uint8_t number, std::span<const postgres::field> row) const;
    void foreign(std::uint8_t number, std::span<const postgres::field> row);
    [[nodiscard]] finding torn(const touched_rows::row& row, unit_no unit, defect what) const;
    [[nodiscard]] std::vector<unit_no> judge_units();
    void tell_stopped();

    postgres::session& on_;
    const tables_request& with_;
    report& out_;
    std::span<const model::table> tables_;
    id_codec ids_;
    subject of_;  ///< `demanded` and `known` follow.
    unit_walk walk_;
    shapes shapes_;
    std::optional<unit_no> highest_;

    all_sums planned_, found_;
    bool sums_stand_ = false;  ///< They can be compared.
    touched_rows touched_;
    suspects window_suspects_{with_.shop, shapes_, ids_};
    std::optional<time> unknown_from_;
    std::uint64_t other_runs_ = 0, later_rows_ = 0;

    std::atomic<unit_no> decided_ = 0;
    tables_progress progress_;
};

void comparison::look_up_tables()
{
    shapes_.resize(tables_.size());
    std::vector<std::string> problems;
    for (std::size_t i = 0; i < tables_.size(); ++i)
    {
        const auto& t = tables_[i];
        if (t.sink != model::target::postgres || t.kept_by == model::role::heartbeat)
            continue;
        auto shape = postgres::look_up(on_, with_.recorded.schema, t);
        if (!shape)
        {
            problems.push_back(fmt::format("there is no table {}.{} with a column {} at {}", with_.recorded.schema,
                                           t.name, t.columns[t.key].name, on_.where()));
            continue;
        }
        for (const auto& column : shape->missing)
            out_.not_proven(fmt::format("{}.{} has no column {}", with_.recorded.schema, t.name, column));
        if (planned_rows(t))
            progress_.rows_about += shape->rows;
        shapes_[i] = std::move(shape);
    }
    if (!problems.empty())
        throw not_there(std::move(problems));
}

/// The highest unit that a row was inserted by. Errors: `config` when rows have the run's tag, but none its seed.
std::optional<unit_no> comparison::highest() const
{
    std::optional<unit_no> unit;
    bool ours = false, tagged = false;
    for (std::size_t i = 0; i < tables_.size(); ++i)
    {
        if (!planned_table(i) || numbered(static_cast<std::uint8_t>(i)))
            continue;
        const auto range = postgres::key_range(ids_, static_cast<std::uint8_t>(i));
        const auto rows = on_.exec(
            fmt::format("SELECT {0} FROM {1} WHERE {0} BETWEEN $1::uuid AND $2::uuid ORDER BY {0} DESC LIMIT {2}",
                        shapes_[i]->key, shapes_[i]->from, newest),
            {to_string(range.low), to_string(range.high)});
        for (int row = 0; row < rows.rows(); ++row)
        {
            tagged = true;
            const auto id = parse_uuid(rows.get(row, 0));
            expect(id.has_value(), "a uuid of the server is a uuid");
            const auto decoded = ids_.decode(*id);
            if (!decoded)
                continue;
            ours = true;
            if (decoded->unit == no_unit)
                continue;
            unit = std::max(unit.value_or(0), decoded->unit);
            break;
        }
    }
    if (tagged && !ours)
        throw error(error_kind::config,
                    fmt::format("the rows of schema {} at {} are of a run {} with another seed than this one's; is it "
                                "the right card or source?",
                                with_.recorded.schema, on_.where(), with_.recorded.run));
    return unit;
}

void comparison::find_bounds()
{
    highest_ = highest();
    of_.demanded = with_.demanded;
    if (with_.demand_by_rows && highest_)
        of_.demanded = std::max(of_.demanded, *highest_ + 1 - std::min<unit_no>(*highest_ + 1, with_.recorded.window));
    progress_.units_all = of_.demanded;
    if (highest_)
        out_.figure("highest unit seen", *highest_);
    out_.figure("units demanded", of_.demanded);
}

void comparison::tell()
{
    if (!with_.progress)
        return;
    progress_.units = std::min<unit_no>(decided_.load(std::memory_order_relaxed), progress_.units_all);
    with_.progress(progress_);
}

std::optional<row_id> comparison::id_of(std::uint8_t number, std::span<const postgres::field> row) const
{
    const auto& key = row[*shapes_[number]->place(tables_[number].key)];
    if (numbered(number))
    {
        std::uint64_t value = 0;
        for (const char byte : key.view())
            value = value << 8 | static_cast<std::uint8_t>(byte);
        return value < row_end ? std::optional(row_id{number, value, no_unit}) : std::nullopt;
    }
    uuid id{};
    if (key.size != id.size())
        return std::nullopt;
    std::copy_n(key.data, id.size(), id.begin());
    const auto found = ids_.decode(id);
    return found && found->table == number ? found : std::nullopt;
}

/// A row whose id is not of this run and table.
void comparison::foreign(std::uint8_t number, std::span<const postgres::field> row)
{
    const auto place = *shapes_[number]->place(tables_[number].key);
    const auto& key = row[place];
    uuid id{};
    if (key.size == id.size())
        std::copy_n(key.data, id.size(), id.begin());
    for (const auto& other : with_.others)
        if (const auto found = other.decode(id); found && found->table == number)
        {
            ++other_runs_;
            return;
        }
    // Without the list of runs, an id of our form with another tag may well be another run's.
    const auto range = postgres::key_range(ids_, number);
    const bool form = id[6] >> 4 == 8 && id[8] >> 6 == 2;
    if (!with_.others_known && form && (id < range.low || id > range.high))
    {
        ++other_runs_;
        return;
    }
    finding one;
    one.what = defect::foreign_edit;
    one.table = tables_[number].name;
    one.key = field_text(window_suspects_.print(), tables_[number].columns[tables_[number].key],
                         shapes_[number]->types[place], key);
    one.found = "a row that no run has written";
    out_.add(std::move(one));
}

void comparison::plan_sums(const std::stop_token& stop)
{
    planned_.resize(tables_.size());
    row_encoder encode(shapes_, ids_);
    for (std::uint8_t i = 0; i < tables_.size(); ++i)
        if (planned_table(i))
            scenario::first_rows(with_.shop, i, with_.recorded.start,
                                 [&](std::span<const model::value> row)
                                 { planned_[i].add(row_named(i, row[tables_[i].key]).row, encode.hash(i, row)); });
    std::mutex mutex;
    struct collector
    {
        collector(all_sums& all, std::mutex& lock, const shapes& compared, const id_codec& ids)
            : to(all), mutex(lock), own(all.size()), encode(compared, ids)
        {
        }
        ~collector()
        {
            const std::lock_guard lock(mutex);
            for (std::size_t i = 0; i < to.size(); ++i)
                to[i].add(own[i]);
        }
        collector(const collector&) = delete;
        collector& operator=(const collector&) = delete;

        all_sums& to;
        std::mutex& mutex;
        all_sums own;
        row_encoder encode;
    };
    build_units(walk_, with_.shop, of_.demanded, with_.threads, stop, decided_,
                [&]
                {
                    return
                        [this, to = std::make_shared<collector>(planned_, mutex, shapes_, ids_)](const model::unit& u)
                    {
                        for (const auto& change : u.changes)
                        {
                            if (!planned_table(change.table))
                                continue;
                            const auto row = row_named(change.table, change.key(tables_[change.table])).row;
                            if (!change.before.empty())
                                to->own[change.table].subtract(row, to->encode.hash(change.table, change.before));
                            if (!change.after.empty())
                                to->own[change.table].add(row, to->encode.hash(change.table, change.after));
                        }
                    };
                });
}

void comparison::scan(std::uint8_t number)
{
    postgres::row_reader rows(on_, *shapes_[number]);
    auto& sums = found_[number];
    std::uint64_t read = 0;
    while (rows.next())
    {
        if (++read % rows_between == 0)
        {
            progress_.rows += rows_between;
            check_stop();
            tell();
        }
        const auto id = id_of(number, rows.row());
        if (!id)
            foreign(number, rows.row());
        else if (with_.known && id->unit != no_unit && id->unit >= *with_.known)
            ++later_rows_;
        else
            sums.add(id->row, hash_of(rows.row()));
    }
    progress_.rows += read % rows_between;
}

/// The plan in threads of its own, the tables in this one.
void comparison::sum_both()
{
    progress_.step = "comparing";
    found_.resize(tables_.size());
    std::exception_ptr failed;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    {
        std::stop_source quit;
        const std::stop_callback stopped_too(with_.stop, [&quit] { quit.request_stop(); });
        const std::jthread planning(
            [&]
            {
                try
                {
                    plan_sums(quit.get_token());
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
            for (std::uint8_t i = 0; i < tables_.size(); ++i)
                if (planned_table(i))
                    scan(i);
        }
        catch (...)
        {
            quit.request_stop();
            throw;
        }
        std::unique_lock lock(mutex);
        while (!changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return done; }))
            tell();
    }
    if (failed)
        std::rethrow_exception(failed);
    check_stop();
    out_.figure("rows", progress_.rows);
}

/// Units of which each may be there or not. None can be W or more behind the first inserting one that is not there: that one
/// is not settled. One whose rows were removed again was settled, by the mark that the removal had waited for.
void comparison::plan_window()
{
    row_encoder encode(shapes_, ids_);
    model::decision decision;
    model::unit unit;
    std::optional<unit_no> end = with_.known;
    std::uint64_t window_units = 0;
    while (!end || walk_.next_no() < *end)
    {
        if (!walk_.next(decision))
            continue;
        if (walk_.next_no() % 256 == 0)
            check_stop();
        with_.shop.build(decision, unit);
        touched_.add(unit, shapes_, tables_, encode);
        ++window_units;
        const auto inserts = std::ranges::any_of(unit.changes, [&](const model::change& c)
                                                 { return c.what == model::op::insert && planned_table(c.table); });
        if (!end && inserts && decision.no >= with_.sent_below && (!highest_ || decision.no > *highest_))
            end = decision.no + with_.recorded.window;
        if (touched_.rows().size() > touched_max)
            throw error(error_kind::usage,
                        fmt::format("units from {} on have changed more than {} rows of which each may be in any "
                                    "version: name a later unit with --up-to",
                                    of_.demanded, touched_max));
    }
    of_.known = *end;
    if (with_.known)
    {
        static_cast<void>(walk_.next(decision));
        unknown_from_ = decision.at;
    }
}

/// Takes the rows that units of the window touch out of both sums.
void comparison::read_touched()
{
    std::map<std::uint8_t, std::vector<const touched_rows::row*>> by_table;
    for (const auto& row : touched_.rows())
    {
        if (row.base != 0)
            planned_[row.id.table].subtract(row.id.row, row.base);
        by_table[row.id.table].push_back(&row);
    }
    for (const auto& [table, rows] : by_table)
        for (std::size_t at = 0; at < rows.size(); at += ids_max)
        {
            check_stop();
            std::string list;
            for (std::size_t i = at; i < std::min(at + ids_max, rows.size()); ++i)
                list += fmt::format("{}{}", list.empty() ? "" : ",", text_of(rows[i]->id));
            postgres::row_reader read(on_, *shapes_[table],
                                      fmt::format("{} = ANY ('{{{}}}'::{}[])", shapes_[table]->key, list,
                                                  numbered(table) ? "bigint" : "uuid"));
            while (read.next())
            {
                const auto id = id_of(table, read.row());
                auto* row = id ? touched_.find(key_of(*id)) : nullptr;
                expect(row != nullptr, "a row that was asked for by its id has this id");
                row->found = hash_of(read.row());
                ++row->times;
                found_[table].subtract(id->row, row->found);
            }
        }
    touched_.settle();
}

finding comparison::torn(const touched_rows::row& row, unit_no unit, defect what) const
{
    finding one;
    one.what = what;
    one.table = tables_[row.id.table].name;
    one.key = text_of(row.id);
    one.unit = unit;
    one.found = row.times == 0 ? "no row" : "the version before";
    return one;
}

/// Units of the window that are there, at least in part; torn ones are reported.
std::vector<unit_no> comparison::judge_units()
{
    std::vector<unit_no> there;
    const auto versions = touched_.versions();
    const auto rows = touched_.rows();
    for (std::size_t first = 0, end = 0; first < versions.size(); first = end)
    {
        const auto unit = versions[first].unit;
        std::size_t applied = 0, absent = 0;
        for (end = first; end < versions.size() && versions[end].unit == unit; ++end)
        {
            const auto& row = rows[versions[end].row];
            applied += row.has(versions[end].ordinal) ? 1U : 0U;
            absent += row.lacks(versions[end].ordinal) ? 1U : 0U;
        }
        if (applied > 0)
            there.push_back(unit);
        if (!with_.in_order || applied == 0 || absent == 0)
            continue;
        for (auto i = first; i < end; ++i)
            if (const auto& row = rows[versions[i].row]; row.lacks(versions[i].ordinal))
                out_.add(torn(row, unit, defect::torn));
    }
    return there;
}

void comparison::judge_window()
{
    const auto there = judge_units();
    std::optional<unit_no> first_absent;
    std::uint64_t absent = 0;
    const auto versions = touched_.versions();
    const auto rows = touched_.rows();
    for (std::size_t i = 0; i < versions.size(); ++i)
    {
        const auto unit = versions[i].unit;
        if ((i > 0 && versions[i - 1].unit == unit) || std::ranges::binary_search(there, unit))
            continue;
        auto end = i;
        bool lacks = false;
        for (; end < versions.size() && versions[end].unit == unit; ++end)
            if (const auto& row = rows[versions[end].row]; !row.known() || row.lacks(versions[end].ordinal))
                lacks = true;
        const bool behind = !there.empty() && unit + with_.recorded.window <= there.back();
        if (with_.in_order && behind)
        {
            // A later one is there that is sent only when this one is.
            for (auto k = i; k < end; ++k)
                if (const auto& row = rows[versions[k].row]; row.lacks(versions[k].ordinal))
                    out_.add(torn(row, unit, row.times == 0 ? defect::missing : defect::stale));
        }
        else if (lacks && unit < with_.announced)
        {
            ++absent;
            first_absent = first_absent.value_or(unit);
        }
    }
    if (first_absent)
        out_.not_proven(fmt::format("{} units from unit {} on, which the source had settled, are not here yet: wait, "
                                    "or demand them with --up-to",
                                    absent, *first_absent));
    out_.figure("units above them that are there", there.size());
    for (const auto& row : rows)
    {
        if (row.known())
            continue;
        if (row.times == 0)
            window_suspects_.absent(key_of(row.id));
        else
        {
            const auto& shape = *shapes_[row.id.table];
            postgres::row_reader read(
                on_, shape,
                fmt::format("{} = '{}'::{}", shape.key, text_of(row.id), numbered(row.id.table) ? "bigint" : "uuid"));
            while (read.next())
                window_suspects_.found(key_of(row.id), bytes_of(read.row()));
        }
        if (window_suspects_.size() >= suspects_max)
            break;
    }
    judge(window_suspects_);
}

/// Plans the versions of some rows again.
void comparison::judge(suspects& rows)
{
    if (rows.size() == 0)
        return;
    progress_.step = "comparing columns";
    row_encoder initial(shapes_, ids_);
    for (std::uint8_t i = 0; i < tables_.size(); ++i)
        if (planned_table(i))
            scenario::first_rows(with_.shop, i, with_.recorded.start,
                                 [&](std::span<const model::value> row)
                                 {
                                     const auto key = key_of(row_named(i, row[tables_[i].key]));
                                     if (rows.has(key))
                                         rows.planned(key, no_unit, initial.bytes(i, row));
                                 });
    std::mutex mutex;
    unit_walk walk(of_);
    progress_.units_all = of_.known;
    build_units(
        walk, with_.shop, of_.known, with_.threads, with_.stop, decided_,
        [&]
        {
            return [this, &rows, &mutex, encode = std::make_shared<row_encoder>(shapes_, ids_)](const model::unit& unit)
            {
                for (const auto& change : unit.changes)
                {
                    const auto key = key_of(row_named(change.table, change.key(tables_[change.table])));
                    if (!planned_table(change.table) || !rows.has(key))
                        continue;
                    auto bytes = change.after.empty() ? std::string() : encode->bytes(change.table, change.after);
                    const std::lock_guard lock(mutex);
                    rows.planned(key, unit.decision.no, std::move(bytes));
                }
            };
        });
    check_stop();
    later_rows_ += rows.judge({of_.demanded, unknown_from_}, out_);
}

/// Compares some blocks row by row; a block is named by the key of its first row.
void comparison::look_into(std::span<const row_key> blocks)
{
    constexpr auto in_block = block_sums::block_rows;
    std::vector<std::uint64_t> expected(blocks.size() * in_block);
    std::vector<std::uint64_t> found(expected.size());
    const auto place = [&](row_key key) -> std::optional<std::size_t>
    {
        const auto first = key - key % in_block;
        const auto at = std::ranges::lower_bound(blocks, first);
        if (at == blocks.end() || *at != first)
            return std::nullopt;
        return static_cast<std::size_t>(at - blocks.begin()) * in_block + key % in_block;
    };
    row_encoder initial(shapes_, ids_);
    for (std::uint8_t i = 0; i < tables_.size(); ++i)
        if (planned_table(i))
            scenario::first_rows(with_.shop, i, with_.recorded.start,
                                 [&](std::span<const model::value> row)
                                 {
                                     if (const auto at = place(key_of(row_named(i, row[tables_[i].key]))))
                                         expected[*at] += initial.hash(i, row);
                                 });
    {
        unit_walk walk(of_);
        progress_.units_all = of_.demanded;
        build_units(walk, with_.shop, of_.demanded, with_.threads, with_.stop, decided_,
                    [&]
                    {
                        return [&, encode = std::make_shared<row_encoder>(shapes_, ids_)](const model::unit& unit)
                        {
                            for (const auto& change : unit.changes)
                            {
                                if (!planned_table(change.table))
                                    continue;
                                const auto at = place(
                                    key_of(row_named(change.table, change.key(tables_[change.table]))));
                                if (!at)
                                    continue;
                                std::uint64_t difference = 0;
                                if (!change.after.empty())
                                    difference += encode->hash(change.table, change.after);
                                if (!change.before.empty())
                                    difference -= encode->hash(change.table, change.before);
                                std::atomic_ref(expected[*at]).fetch_add(difference, std::memory_order_relaxed);
                            }
                        };
                    });
        check_stop();
    }
    // These were judged before.
    for (const auto& row : touched_.rows())
        if (const auto at = place(key_of(row.id)))
            expected[*at] = 0;

    suspects rows(with_.shop, shapes_, ids_);
    for (std::size_t first = 0, end = 0; first < blocks.size(); first = end)
    {
        check_stop();
        for (end = first + 1; end < blocks.size() && blocks[end] == blocks[end - 1] + in_block; ++end)
            ;
        const auto table = table_of(blocks[first]);
        const auto& shape = *shapes_[table];
        postgres::row_reader read(on_, shape,
                                  between(table, row_of(blocks[first]), row_of(blocks[end - 1]) + in_block - 1));
        while (read.next())
        {
            const auto id = id_of(table, read.row());
            if (!id || touched_.find(key_of(*id)) != nullptr ||
                (with_.known && id->unit != no_unit && id->unit >= *with_.known))
                continue;
            const auto at = place(key_of(*id));
            expect(at.has_value(), "a row of a range of ids is in its block");
            const auto hash = hash_of(read.row());
            // The first of two rows with one id may be as planned; the second is too much.
            if ((found[*at] != 0 || hash != expected[*at]) && (rows.size() < suspects_max || rows.has(key_of(*id))))
                rows.found(key_of(*id), bytes_of(read.row()), found[*at] != 0 ? 1 : 0);
            found[*at] += hash;
        }
    }
    std::uint64_t others = 0;
    for (std::size_t block = 0; block < blocks.size(); ++block)
    {
        bool differs = false;
        for (std::size_t i = block * in_block; i < (block + 1) * in_block; ++i)
        {
            const auto key = blocks[block] + i % in_block;
            differs = differs || expected[i] != found[i];
            if (expected[i] == found[i] || rows.has(key))
                continue;
            if (rows.size() < suspects_max && found[i] == 0)
                rows.absent(key);
            else
                ++others;
        }
        expect(differs, "a block that differs has a row that differs");
    }
    judge(rows);
    if (others > 0)
        out_.figure("more rows that differ", others);
}

void comparison::compare_blocks()
{
    std::vector<row_key> blocks;
    for (std::uint8_t i = 0; i < tables_.size(); ++i)
        if (planned_table(i))
            for (const auto block : planned_[i].differing(found_[i]))
                blocks.push_back(key_of(i, block * block_sums::block_rows));
    out_.figure("blocks that differ", blocks.size());
    std::size_t done = 0;
    // What is foreign, or not known, excuses nothing else.
    while (done < blocks.size() && (done == 0 || out_.judge() != verdict::mismatch))
    {
        const auto some = std::span(blocks).subspan(done, std::min(blocks_max, blocks.size() - done));
        progress_.step = "looking into blocks that differ";
        tell();
        look_into(some);
        done += some.size();
    }
    if (done < blocks.size())
        out_.figure("of them not looked into", blocks.size() - done);
}

/// Few rows, which stand nowhere in the plan: compared by key.
void comparison::compare_fixed(std::uint8_t number)
{
    const auto& t = tables_[number];
    const auto& shape = *shapes_[number];
    const auto place = *shape.place(t.key);
    row_encoder encode(shapes_, ids_);
    std::map<std::string, std::string, std::less<>> wanted;
    with_.shop.fixed_rows(number,
                          [&](std::span<const model::value> row)
                          {
                              auto bytes = encode.bytes(number, row);
                              const std::string key(fields_of(bytes)[place].view());
                              wanted.emplace(key, std::move(bytes));
                          });
    const auto add = [&](defect what, const postgres::field& key, std::size_t at, const postgres::field* expected,
                         const postgres::field* found)
    {
        const auto text = [&](std::size_t of, const postgres::field& value)
        { return field_text(window_suspects_.print(), t.columns[shape.columns[of]], shape.types[of], value); };
        finding one;
        one.what = what;
        one.table = t.name;
        one.key = text(place, key);
        if (expected != nullptr)
        {
            one.column = t.columns[shape.columns[at]].name;
            one.expected = text(at, *expected);
            one.found = text(at, *found);
        }
        out_.add(std::move(one));
    };
    std::map<std::string, bool, std::less<>> seen;
    postgres::row_reader rows(on_, shape);
    std::uint64_t read = 0;
    while (rows.next())
    {
        if (++read % rows_between == 0)
            check_stop();
        const auto& key = rows.row()[place];
        const auto planned = wanted.find(key.view());
        if (planned == wanted.end())
        {
            add(defect::foreign_edit, key, 0, nullptr, nullptr);
            continue;
        }
        if (!seen.emplace(key.view(), true).second)
            add(defect::extra, key, 0, nullptr, nullptr);
        const auto expected = fields_of(planned->second);
        for (std::size_t i = 0; i < expected.size(); ++i)
            if (!(expected[i] == rows.row()[i]))
                add(defect::different, key, i, &expected[i], &rows.row()[i]);
    }
    for (const auto& [key, bytes] : wanted)
        if (!seen.contains(key))
            add(defect::missing, fields_of(bytes)[place], 0, nullptr, nullptr);
    progress_.rows += read;
}

void comparison::go()
{
    try
    {
        look_up_tables();
        find_bounds();
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (shapes_[i] && tables_[i].kept_by == model::role::fixed && !planned_table(i))
                compare_fixed(i);
        sum_both();
        plan_window();
        read_touched();
        sums_stand_ = true;
        judge_window();
        compare_blocks();
        if (other_runs_ > 0)
            out_.figure("rows of other runs", other_runs_);
        if (later_rows_ > 0)
            out_.not_proven(
                fmt::format("{} rows are of units from {} on, where the card ends", later_rows_, of_.known));
    }
    catch (const stopped&)
    {
        tell_stopped();
    }
    catch (const postgres::query_error&)
    {
        // A stop cuts the session, too.
        if (!with_.stop.stop_requested())
            throw;
        tell_stopped();
    }
}

/// Blocks that differ, and nobody has looked why: an edit of somebody else would be no mismatch.
void comparison::tell_stopped()
{
    out_.set_partial();
    std::string tables;
    for (std::uint8_t i = 0; i < tables_.size() && sums_stand_; ++i)
        if (const auto blocks = planned_table(i) ? planned_[i].differing(found_[i]).size() : 0; blocks > 0)
            tables += fmt::format("{}{} of {}", tables.empty() ? "" : ", ", blocks, tables_[i].name);
    if (!tables.empty())
        out_.not_proven(fmt::format("sums of blocks of {} rows differ, and it was ended before it looked why: {}",
                                    block_sums::block_rows, tables));
}

}  // namespace

void compare_tables(postgres::session& on, const tables_request& with, report& out)
{
    comparison(on, with, out).go();
}

}  // namespace bazaar::verify
