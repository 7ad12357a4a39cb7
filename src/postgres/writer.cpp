#include "bazaar/postgres/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/encode.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

/// Times in a row that a server may say that it is broken.
constexpr int broken_max = 3;

/// A session is made anew now and then: whoever stops the server smartly, moves a name or changes a role's settings waits no
/// longer than this. Not all of them at the same moment.
std::chrono::seconds lifetime(int backend)
{
    return std::chrono::minutes(27) + std::chrono::seconds(backend % 180);
}

std::int64_t big_endian(std::string_view bytes)
{
    expect(bytes.size() == 8, "a write function answers a bigint");
    std::uint64_t value = 0;
    for (const char byte : bytes)
        value = value << 8 | static_cast<std::uint8_t>(byte);
    return static_cast<std::int64_t>(value);
}

std::string version_text(const model::value& version)
{
    if (version.null())
        return "none";
    return version.kind() == model::type::timestamp ? to_string(version.moment()) : std::to_string(version.integer());
}

}  // namespace

struct writer::state
{
    state(std::shared_ptr<gateway> target, std::string_view schema_name, const scenario::scenario& of,
          const model::key_codec& codec, options opts)
        : to(std::move(target)),
          schema(schema_name),
          shop(of),
          ids(codec),
          options_(std::move(opts)),
          functions(make_write_functions(schema_name, of.tables(), of.kinds())),
          prepares(options_.use != statements::unprepared)
    {
        for (const auto& kind : of.kinds())
            encoders.push_back(make_part_encoders(of.tables(), kind));
        prepared.assign(functions.size(), false);
    }

    [[nodiscard]] bool connect();
    void drop(std::string_view why);
    [[nodiscard]] reply call(std::size_t kind);
    [[nodiscard]] run::written judge(const model::unit& unit, run::form how, std::int64_t answer);
    [[nodiscard]] run::written judge(const model::unit& unit, run::form how, const failure& what);
    [[nodiscard]] std::optional<bool> own_key(const failure& what);
    [[nodiscard]] bool believes();
    [[nodiscard]] bool wait_for_others();
    [[nodiscard]] std::string new_holder();

    std::shared_ptr<gateway> to;
    std::string schema;
    const scenario::scenario& shop;
    model::key_codec ids;
    options options_;
    std::vector<write_function> functions;
    std::vector<std::vector<part_encoder>> encoders;
    std::atomic<bool> prepares;

    std::optional<session> link;
    std::vector<bool> prepared;  ///< By kind, on the current session.
    std::chrono::steady_clock::time_point expires;
    int broken_answers = 0;  ///< In a row.
    parameters arguments;
};

writer::writer(std::shared_ptr<gateway> to, std::string_view schema, const scenario::scenario& shop,
               const model::key_codec& ids, options opts)
    : state_(std::make_unique<state>(std::move(to), schema, shop, ids, std::move(opts)))
{
}

writer::~writer()
{
    if (state_->link)
        state_->to->closed();
}

bool writer::prepares() const noexcept
{
    return state_->prepares;
}

int writer::backend() const noexcept
{
    return state_->link ? state_->link->backend() : 0;
}

bool writer::ready()
{
    return state_->connect();
}

void writer::state::drop(std::string_view why)
{
    if (link)
        to->lost(why);
    link.reset();
}

/// False when the owner asked to stop meanwhile.
bool writer::state::connect()
{
    using clock = std::chrono::steady_clock;
    if (link && link->alive() && clock::now() < expires && !to->gives_way(session_use::units))
        return true;
    if (link && link->alive())
        to->closed();
    else
        drop("the connection is gone");
    link.reset();
    link = to->dial(options_.stop);
    prepared.assign(functions.size(), false);
    expires = clock::now() + lifetime(link ? link->backend() : 0);
    return link.has_value();
}

/// Whether the server still has what it acknowledged; false when it cannot say. What is refused or not as planned on another
/// server says nothing of the plan.
bool writer::state::believes()
{
    try
    {
        to->check(*link);
        return true;
    }
    catch (const query_error& problem)
    {
        drop(problem.what());
        return false;
    }
}

/// Who has the lease now, as a sentence part.
std::string writer::state::new_holder()
{
    const auto tag = std::to_string(ids.tag());
    const auto answer = link->try_exec("SELECT holder FROM bazaard.lease WHERE schema_name = $1 AND tag = $2::integer",
                                       std::array<text_parameter, 2>{schema, tag});
    if (answer.failed)
        return "another process took it over";
    if (answer.value.rows() == 0)
        return "somebody removed the run";
    const auto holder = answer.value.get(0, 0);
    return holder.empty() ? "another process took it over and has ended since" : std::string(holder) + " took it over";
}

/// Until all calls of this run that are under way have ended; false when that takes too long.
bool writer::state::wait_for_others()
{
    const auto key = std::to_string(lease_lock_key(schema));
    const auto tag = std::to_string(ids.tag());
    const auto answer = link->try_exec("SELECT pg_catalog.pg_advisory_xact_lock($1::integer, $2::integer)",
                                       std::array<text_parameter, 2>{key, tag});
    if (answer.failed && answer.failed->link_lost)
        drop(answer.failed->message);
    return !answer.failed;
}

/// Prepares where that helps and calls.
reply writer::state::call(std::size_t kind)
{
    const auto& function = functions[kind];
    if (!prepares.load(std::memory_order_relaxed))
        return link->try_call(function.call.c_str(), arguments);
    if (!prepared[kind])
    {
        // The function's name holds its hash: behind a pooler, a statement of this name is this statement.
        auto answer = link->try_prepare(function.name.c_str(), function.call.c_str(), function.types);
        if (answer.failed)
            return answer;
        prepared[kind] = true;
    }
    return link->try_call_prepared(function.name.c_str(), arguments);
}

run::written writer::write(const model::unit& unit, run::form how)
{
    auto& me = *state_;
    const std::size_t kind = unit.decision.kind;
    expect(kind < me.functions.size(), "a unit is of a kind of its scenario");
    encode_unit(me.arguments, me.encoders[kind], unit.changes, me.ids, me.options_.epoch, how == run::form::replay);
    for (bool waited = false;;)
    {
        if (!me.connect())
            return {run::outcome::not_done, {}, "stopped while PostgreSQL was away"};
        const auto answer = me.call(kind);
        const auto trouble = answer.failed ? std::optional(classify(*answer.failed).what) : std::nullopt;
        if (trouble == action::unprepared && me.options_.use == statements::automatic && me.prepares)
        {
            // A pooler gives each transaction another server session. Nothing was executed, so the call is
            // simply made again.
            me.prepares = false;
            continue;
        }
        if (trouble != action::broken)
            me.broken_answers = 0;
        auto found = answer.failed ? me.judge(unit, how, *answer.failed)
                                   : me.judge(unit, how, big_endian(answer.value.get(0, 0)));
        const bool refused = found.what == run::outcome::foreign || found.what == run::outcome::rejected;
        if (!refused)
            return found;
        if (!me.link || !me.believes())
            return {run::outcome::not_done, found.code, found.detail};
        if (how == run::form::first || waited)
            return found;
        // An earlier attempt, given up without an answer, may still be under way: it has the last word.
        if (!me.wait_for_others())
            return {run::outcome::not_done, found.code, found.detail};
        waited = true;
    }
}

run::written writer::state::judge(const model::unit& unit, run::form how, std::int64_t answer)
{
    using run::outcome;
    const bool replay = how == run::form::replay;
    if (answer == answer_committed)
        return {};
    if (answer == answer_fenced)
        throw error(
            error_kind::temporary,
            fmt::format("the lease of this run is another's now: {}, while this one was away (found by unit {}, "
                        "which wrote nothing)",
                        new_holder(), unit.decision.no));
    const auto& gate = unit.changes.front();
    const auto& t = shop.tables()[gate.table];
    if (answer == answer_found && replay)
        return {outcome::already_there, {}, {}};
    if (answer == answer_absent && replay && gate.what == model::op::erase)
        return {outcome::already_there, {}, {}};
    const bool versioned = gate.what == model::op::update && answer > 0;
    if (versioned && replay && answer >= gate.after[t.version].integer())
        return {outcome::already_there, {}, {}};

    run::written found{outcome::foreign, {}, {}};
    const auto row = gate.key(t).kind() == model::type::ref ? ids.text(gate.key(t).row())
                                                            : std::to_string(gate.key(t).integer());
    const auto place = fmt::format("{}.{} {}", schema, t.name, row);
    if (answer == answer_absent)
        found.detail = place + " is not there any more";
    else if (answer > 0 && t.version != model::no_column && !gate.before.empty())
    {
        const auto& expected = gate.before[t.version];
        const auto seen = t.columns[t.version].kind == model::type::timestamp ? to_string(bazaar::time{answer})
                                                                              : std::to_string(answer);
        found.detail = fmt::format("{} has version {}, not {}", place, seen, version_text(expected));
    }
    else
        found.detail = place + " is not as planned";
    return found;
}

/// Whether the constraint is the primary key of a table, whatever it is called. Nothing when the server could
/// not tell.
std::optional<bool> writer::state::own_key(const failure& what)
{
    const auto answer = link->try_exec(
        "SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
        "c.relname = $2 AND i.indisprimary",
        std::array<text_parameter, 2>{what.schema, what.constraint});
    if (answer.failed)
        return std::nullopt;
    return answer.value.rows() > 0;
}

namespace
{

void add(std::string& line, const std::string& why)
{
    if (!why.empty())
        line += "; " + why;
}

}  // namespace

run::written writer::state::judge(const model::unit& unit, run::form how, const failure& what)
{
    using run::outcome;
    run::written found{outcome::not_done, what.sqlstate, what.message};
    const auto verdict = classify(what);
    // The server cannot write any more, after a failover perhaps: another connection may reach one that can.
    if (what.link_lost || verdict.what == action::in_doubt || verdict.what == action::stale || what.state() == "25006")
        drop(what.message);
    switch (verdict.what)
    {
    case action::transient:
    case action::stale:
        found.detail += remedy(what);
        return found;
    case action::broken:
        if (++broken_answers < broken_max)
            return found;
        break;
    case action::unprepared:
        // Asked to prepare, on a connection that does not keep it: a new one may.
        drop(what.message);
        return found;
    case action::in_doubt:
        found.what = outcome::in_doubt;
        return found;
    case action::mismatch:
        found.what = outcome::foreign;
        add(found.detail, suspects(*link, schema));
        return found;
    case action::refused:
        found.what = outcome::rejected;
        if (what.state() != "23505")
        {
            add(found.detail, blame(*link, schema, shop.tables(), what));
            return found;
        }
        if (const auto own = own_key(what); !own)
        {
            // Undone in any case; better to try again than to refuse a unit for good on half an answer.
            drop("the server could not say which constraint it was");
            found.what = outcome::not_done;
        }
        else if (*own)
        {
            if (how == run::form::first)
                throw error(error_kind::temporary,
                            fmt::format("unit {} is in {} already, and this process did not write it: "
                                        "another one writes the same "
                                        "run; stop that one, or choose another name with --run ({})",
                                        unit.decision.no, to->where(), what.message));
            found.what = outcome::foreign;  // A later row of the unit is there without its first one.
        }
        else
            add(found.detail, blame(*link, schema, shop.tables(), what));
        return found;
    case action::permanent:
        break;
    }
    auto line = explain(what, to->where(), link ? link->user() : std::string_view());
    const auto why = link ? blame(*link, schema, shop.tables(), what) : std::string();
    add(line, why);
    if (why.empty() && verdict.kind == error_kind::config)
        line += "; run \"bazaard init\" and see what it says";
    throw query_error(what, line);
}

// ---- The rows that are there

namespace
{

/// Its rows are those of a run, and the keys say so.
bool has_own_rows(const model::table& t)
{
    return t.kept_by == model::role::planned && kept_here(t);
}

/// So far below the last row of a table may the one before it be. A key that is but a number may be anybody's: one far above the
/// others is.
constexpr std::uint64_t gap_max = 4096;

/// The row of a run with the highest number.
std::optional<row_id> last_row(session& on, std::string_view schema, const model::table& t, std::uint8_t number,
                               const model::key_codec& ids)
{
    const auto key = quote_identifier(t.columns[t.key].name);
    const key_sql by(t, number, ids, key);
    const auto select = [&](const std::string& condition, int most)
    {
        return on.exec(fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} DESC LIMIT {3}", key,
                                   quote_qualified(schema, t.name), condition, most),
                       {});
    };
    const auto& form = ids.form(number);
    const bool listed = form.what == model::key_form::kind::listed;
    // Texts of a list have an order of their own.
    constexpr int two = 2;
    const auto most = listed ? static_cast<int>(form.rows()) : form.names_unit() ? 1 : two;
    auto rows = select(by.own(), most);
    std::optional<row_id> last;
    while (rows.rows() > 0)
    {
        std::string lowest;
        for (int i = 0; i < rows.rows(); ++i)
        {
            lowest = rows.get(i, 0);
            const auto row = ids.decode(number, lowest);
            if (!row)
                continue;  // Somebody else's row among ours; the next lower one.
            if (form.names_unit())
                return row;
            if (listed)
                last = std::max(last.value_or(*row), *row,
                                [](const row_id& a, const row_id& b) { return a.row < b.row; });
            else if (last && last->row - row->row <= gap_max)
                return last;
            else
                last = row;
        }
        if (listed || rows.rows() < most)
            return last;
        rows = select(fmt::format("{} AND {}", by.own(), by.before(lowest)), most);
    }
    return last;
}

}  // namespace

std::vector<std::optional<row_id>> last_rows(session& on, std::string_view schema, const scenario::scenario& shop,
                                             const model::key_codec& ids)
{
    const auto tables = shop.tables();
    std::vector<std::optional<row_id>> last(tables.size());
    for (std::size_t i = 0; i < tables.size(); ++i)
        if (has_own_rows(tables[i]))
            last[i] = last_row(on, schema, tables[i], static_cast<std::uint8_t>(i), ids);
    return last;
}

std::optional<unit_no> highest_unit(session& on, std::string_view schema, const scenario::scenario& shop,
                                    const model::key_codec& ids)
{
    std::optional<unit_no> highest;
    for (const auto& row : last_rows(on, schema, shop, ids))
        if (row && row->unit != no_unit && row->unit != unknown_unit)
            highest = std::max(highest.value_or(0), row->unit);
    return highest;
}

std::vector<std::string_view> tables_with_rows(session& on, std::string_view schema,
                                               std::span<const model::table> tables, std::uint32_t tag, bool names_run)
{
    // The seed is in the check of an id alone, which the range leaves out.
    const model::key_codec ids(tag, 0, tables);
    std::vector<std::string_view> found;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        const auto& t = tables[i];
        if (!has_own_rows(t) || (names_run && !t.keys.names_unit()))
            continue;
        const key_sql by(t, static_cast<std::uint8_t>(i), ids, quote_identifier(t.columns[t.key].name));
        if (on.exec(fmt::format("SELECT FROM {} WHERE {} LIMIT 1", quote_qualified(schema, t.name), by.own()), {})
                .rows() > 0)
            found.push_back(t.name);
    }
    return found;
}

}  // namespace bazaar::postgres
