#include "bazaar/postgres/ledger.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/classify.hpp"
#include "bazaar/postgres/lease.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/postgres/writer.hpp"

namespace bazaar::postgres
{
namespace
{

constexpr auto records = session_use::records;

/// How often somebody who waits for a session is looked for.
constexpr std::chrono::milliseconds short_rest{200};

}  // namespace

ledger::ledger(std::shared_ptr<gateway> to, std::string schema, std::string run, fields_of fields,
               std::size_t batch_rows)
    : to_(std::move(to)), fields_(std::move(fields)), batch_rows_(batch_rows)
{
    own_.schema = std::move(schema);
    own_.run = std::move(run);
    own_.tag = run_tag(own_.run);
}

ledger::~ledger()
{
    close();
}

// ---- The way to it

bool ledger::ready(const std::stop_token& stop)
{
    if (link_ && !link_->alive())
        drop("the connection is gone");
    if (!link_)
    {
        link_ = to_->dial(stop, records);
        counted_ = link_.has_value();
    }
    return link_.has_value();
}

bool ledger::ready_at_once()
{
    const bool away = to_->away();
    if (link_ && !link_->alive())
        drop("the connection is gone");
    if (!link_ && !away)
    {
        link_.emplace(to_->parameters(), to_->link());
        counted_ = false;
    }
    return link_.has_value();
}

std::chrono::milliseconds ledger::rest(std::chrono::milliseconds wait)
{
    if (link_ && to_->gives_way(records))
        close();
    return to_->short_of_sessions() ? std::min(wait, short_rest) : wait;
}

void ledger::close()
{
    if (std::exchange(link_, std::nullopt) && std::exchange(counted_, false))
        to_->closed(records);
}

void ledger::drop(std::string_view why)
{
    if (std::exchange(link_, std::nullopt) && std::exchange(counted_, false))
        to_->lost(why, records);
}

void ledger::refuse(const query_error& problem)
{
    const auto& cause = problem.cause();
    const auto what = classify(cause).what;
    const bool lost = cause.link_lost || cause.state() == "25006";
    if (lost)
        drop(problem.what());
    if (what == action::transient || what == action::in_doubt)
        throw run::not_now(problem.what(), lost || what == action::in_doubt);
}

void ledger::probe()
{
    with([](session& on) { on.exec("SELECT 1", {}); });
}

run::ledger::peer ledger::other_end() const
{
    return {link_->where(), link_->server_version() / 10000, link_->tls()};
}

void ledger::forget()
{
    to_->forget();
}

void ledger::trust()
{
    with([&](session& on) { to_->trust(on); });
    own_.life = *to_->trusted();
}

time ledger::now()
{
    return with(
        [](session& on)
        { return time{on.exec("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", {}).number(0, 0)}; });
}

// ---- What is read

std::string ledger::where() const
{
    return other_end().where;
}

std::optional<run::scenario_record> ledger::recorded_scenario(std::string_view run)
{
    return read([&](postgres::record_reader from) { return from.recorded_scenario(run); });
}

std::optional<run::record> ledger::load(std::string_view run)
{
    auto found = read([&](postgres::record_reader from) { return from.load(run); });
    if (found && run == own_.run)
        see_scenario(*found);
    return found;
}

std::vector<run::record> ledger::list()
{
    return read([](postgres::record_reader from) { return from.list(); });
}

std::optional<unit_no> ledger::highest_unit(const run::record& of, const scenario::scenario& shop)
{
    return read([&](postgres::record_reader from) { return from.highest_unit(of, shop); });
}

void ledger::at_one_moment(const std::function<void()>& what)
{
    read([&](postgres::record_reader from) { from.at_one_moment(what); });
}

// ---- What units are written to

run::rights ledger::check_rights(std::span<const model::table> tables)
{
    return with(
        [&](session& on)
        {
            auto found = check_trust(on, own_.schema, tables, trust_use::write);
            return run::rights{std::move(found.role), found.superuser, std::move(found.taken_owner)};
        });
}

bool ledger::prepare(const scenario::scenario& shop)
{
    return with([&](session& on) { return ensure_schema(on, own_.schema, shop) == schema_state::created; });
}

std::vector<std::string> ledger::leftovers(const scenario::scenario& shop, std::uint32_t tag)
{
    return with(
        [&](session& on) -> std::vector<std::string>
        {
            const auto runs = postgres::list(on, own_.schema);
            // Keys that do not say which run they are of are those of the one that is there.
            const auto found = tables_with_rows(on, own_.schema, shop.tables(), tag, !runs.empty());
            if (found.empty() || std::ranges::any_of(runs, [&](const run::record& r) { return r.tag == tag; }))
                return {};
            return {found.begin(), found.end()};
        });
}

// ---- The record

void ledger::begin(const run::record& of, const scenario::scenario& shop, const run::holder& by,
                   const run::first_rows& wanted)
{
    with([&](session& on)
         { blaming(on, own_.schema, shop.tables(), [&] { create(on, of, shop, batch_rows_, by, wanted); }); });
    see_scenario(of);
    own_.tag = of.tag;
    own_.epoch = 1;
}

void ledger::see_scenario(const run::record& of)
{
    seen_.scenario = of.scenario;
    seen_.scenario_text = of.scenario_text;
    seen_.settings = of.settings;
}

std::optional<run::taken_lease> ledger::take(const run::lease_options& how)
{
    const auto taken = with([&](session& on) { return take_lease(on, own_, how); });
    if (taken)
        own_.epoch = taken->epoch;
    return taken;
}

bool ledger::append(std::uint64_t sequence, const model::control& entry)
{
    return with([&](session& on) { return postgres::append(on, own_, sequence, entry, fields_(seen_)); });
}

void ledger::append(const run::checkpoint& state)
{
    with([&](session& on) { postgres::append(on, own_, state); });
}

time ledger::mark(const run::progress& now)
{
    return with([&](session& on) { return postgres::mark(on, own_, now); });
}

void ledger::release(const run::progress& now)
{
    with([&](session& on) { postgres::release(on, own_, now); });
}

// ---- The plan's state

std::optional<std::vector<std::byte>> ledger::kept_plan()
{
    return with([&](session& on) { return postgres::kept_plan(on, own_.schema, own_.run); });
}

void ledger::keep(run::saved_plan what, std::optional<std::chrono::milliseconds> limit)
{
    plan_.emplace(std::move(what));
    if (limit)
        link_->call_deadline(*limit);
}

bool ledger::keep_piece()
{
    return with([&](session& on) { return plan_->step(on, own_); });
}

// ---- What units have left

run::last_inserts::ends ledger::last_rows(const run::record& of, const scenario::scenario& shop)
{
    return with([&](session& on)
                { return postgres::last_rows(on, of.schema, shop, model::key_codec(of.tag, of.seed, shop.tables())); });
}

}  // namespace bazaar::postgres
