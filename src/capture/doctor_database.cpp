// The rules of the database: the server, its slots, the publication, the tables, the role of the connector.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "capture/findings.hpp"

namespace bazaar::capture
{
namespace
{

using postgres::quote_identifier;
using postgres::quote_literal;
using postgres::quote_qualified;
using kind = remedy::kind;

/// Below it, a log that is full of bulk work is lost within a minute.
constexpr std::int64_t slot_keep_least = std::int64_t{512} << 20;
constexpr auto idle_slot_least = std::chrono::hours(24);
constexpr auto sender_timeout_least = std::chrono::seconds(11);
constexpr auto password_soon = std::chrono::hours(24 * 14);
constexpr std::string_view slot_keep_advice = "10GB";

remedy sql(std::string text)
{
    return {kind::sql, std::move(text)};
}

std::string span_of(std::chrono::seconds time)
{
    const auto count = time.count();
    if (count >= 2 * 86400)
        return fmt::format("{} days", count / 86400);
    if (count >= 2 * 3600)
        return fmt::format("{} hours", count / 3600);
    if (count >= 120)
        return fmt::format("{} minutes", count / 60);
    return fmt::format("{} s", count);
}

std::vector<remedy> setting(std::string_view name, std::string_view value, bool restart)
{
    std::vector<remedy> steps{sql(fmt::format("ALTER SYSTEM SET {} = {}", name, quote_literal(value)))};
    steps.push_back(restart ? remedy{kind::restart, "restart the PostgreSQL server"} : sql("SELECT pg_reload_conf()"));
    return steps;
}

class database_judge
{
public:
    database_judge(const postgres::cdc_facts& found, const expectation& wished, connector_health connector)
        : found_(found), wished_(wished), connector_(connector), role_(quote_identifier(wished.role))
    {
    }

    std::vector<finding> judge()
    {
        server();
        transactions();
        trust();
        tables();
        publication();
        role();
        slots();
        return std::move(made_);
    }

private:
    void note(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend)
    {
        made_.push_back(make(code, std::move(subject), std::move(wrong), std::move(mend)));
    }

    [[nodiscard]] remedy command(std::string_view words) const { return {kind::command, wished_.command(words)}; }

    [[nodiscard]] std::string shown(std::string_view table) const
    {
        return fmt::format("{}.{}", wished_.schema, table);
    }

    [[nodiscard]] std::string quoted(std::string_view table) const { return quote_qualified(wished_.schema, table); }

    [[nodiscard]] const postgres::slot_facts* our_slot() const
    {
        const auto place = std::ranges::find(found_.slots, wished_.slot, &postgres::slot_facts::name);
        return place == found_.slots.end() ? nullptr : &*place;
    }

    void server()
    {
        const auto& now = found_.server;
        if (now.version / 10000 > 18)
            note("server-version", "server", fmt::format("PostgreSQL {}", now.version / 10000),
                 {{kind::advice, "use PostgreSQL 18"}});
        if (now.standby)
            note("server-standby", "server", "it is in recovery",
                 {{kind::advice, "connect to the primary, with --db-host or --db-url"}});
        else if (!now.read_only.empty())
            read_only(now.read_only);
        if (!now.encoding.empty() && now.encoding != "UTF8")
            note("database-encoding", "database " + now.database,
                 fmt::format("its encoding is {}, not UTF8", now.encoding),
                 {{kind::advice, "make another with CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE "
                                 "template0, and name it with --db-name"}});
        if (now.wal_level != "logical")
            note("wal-level", "wal_level", fmt::format("it is {}", now.wal_level),
                 setting("wal_level", "logical", true));
        const auto* slot = our_slot();
        const int slots_free = now.slots_max - now.slots_used;
        if (slot == nullptr && slots_free <= 0)
            note("no-free-slot", "max_replication_slots", fmt::format("all {} are in use", now.slots_max),
                 setting("max_replication_slots", std::to_string(now.slots_used + 4), true));
        if ((slot == nullptr || !slot->active) && now.senders_max <= now.senders_used)
            note("no-free-sender", "max_wal_senders", fmt::format("all {} are in use", now.senders_max),
                 setting("max_wal_senders", std::to_string(now.senders_used + 4), true));
        if (now.slot_keep_bytes < 0)
            note("slot-keep-unlimited", "max_slot_wal_keep_size", "it is -1, no limit",
                 setting("max_slot_wal_keep_size", slot_keep_advice, false));
        else if (now.slot_keep_bytes < slot_keep_least)
            note("slot-keep-small", "max_slot_wal_keep_size", fmt::format("it is {}", size(now.slot_keep_bytes)),
                 setting("max_slot_wal_keep_size", slot_keep_advice, false));
        if (now.idle_slot_timeout.count() > 0 && now.idle_slot_timeout < idle_slot_least)
            note("idle-slot-timeout", "idle_replication_slot_timeout",
                 fmt::format("it is {}",
                             span_of(std::chrono::duration_cast<std::chrono::seconds>(now.idle_slot_timeout))),
                 setting("idle_replication_slot_timeout", "7d", false));
        if (now.sender_timeout.count() == 0)
            note("sender-timeout-off", "wal_sender_timeout", "it is 0, none",
                 setting("wal_sender_timeout", "60s", false));
        else if (now.sender_timeout < sender_timeout_least)
            note("sender-timeout-short", "wal_sender_timeout", fmt::format("it is {} ms", now.sender_timeout.count()),
                 setting("wal_sender_timeout", "60s", false));
    }

    void read_only(const std::string& source)
    {
        const auto user = quote_identifier(found_.server.user);
        const auto database = quote_identifier(found_.server.database);
        const auto whose = source == "database"        ? "DATABASE " + database
                           : source == "user"          ? "ROLE " + user
                           : source == "database user" ? fmt::format("ROLE {} IN DATABASE {}", user, database)
                                                       : std::string();
        // The session that mends it is read-only too.
        note("server-read-only", "default_transaction_read_only", fmt::format("it is on, by {}", source),
             source == "client" ? std::vector<remedy>{{kind::advice, "take it out of PGOPTIONS, or of the options of "
                                                                     "--db-url"}}
             : whose.empty()
                 ? setting("default_transaction_read_only", "off", false)
                 : std::vector<remedy>{sql(fmt::format(
                       "BEGIN READ WRITE; ALTER {} SET default_transaction_read_only = off; COMMIT", whose))});
    }

    void transactions()
    {
        for (const auto& one : found_.transactions)
        {
            if (one.age < wished_.transaction_max)
                continue;
            const auto wrong = fmt::format("of {}, in database {}, open for {}", one.user, one.database,
                                           span_of(one.age));
            if (!one.prepared)
                note("long-transaction", "process " + one.name, wrong,
                     {sql(fmt::format("SELECT pg_terminate_backend({})", one.name))});
            else if (one.database == found_.server.database)
                note("prepared-transaction", one.name, wrong,
                     {sql(fmt::format("ROLLBACK PREPARED {}", quote_literal(one.name)))});
            else
                note("prepared-transaction", one.name, wrong,
                     {{kind::advice,
                       fmt::format("in database {}: ROLLBACK PREPARED {}", one.database, quote_literal(one.name))}});
        }
    }

    void trust()
    {
        for (const auto& one : found_.untrusted)
            note("untrusted-object", one.subject, one.wrong, {sql(one.mend)});
        for (const auto& one : found_.altered)
            note("altered-function", one.subject, one.wrong, {sql(one.mend), command("init")});
    }

    [[nodiscard]] const model::table* model_of(std::string_view table) const
    {
        const auto place = std::ranges::find(wished_.tables, table, &model::table::name);
        return place == wished_.tables.end() ? nullptr : &*place;
    }

    void tables()
    {
        std::vector<std::string_view> missing;
        for (const auto& t : found_.tables)
            if (!t.there && t.name != postgres::signal_table)
                missing.push_back(t.name);
        if (!missing.empty())
            note("table-missing", "schema " + wished_.schema, fmt::format("it lacks {}", fmt::join(missing, ", ")),
                 missing.size() + 1 == found_.tables.size()
                     ? std::vector<remedy>{command("init")}
                     : std::vector<remedy>{{kind::advice, "restore it, or drop the schema and run bazaard init"}});
        for (const auto& t : found_.tables)
            if (t.there)
                table(t);
            else if (t.name == postgres::signal_table && missing.empty())
                note("signal-table-missing", shown(t.name), "it is not there", {command("cdc setup --apply")});
    }

    void table(const postgres::table_facts& t)
    {
        const auto* model = model_of(t.name);
        const auto identity = [&](std::string_view what)
        { return sql(fmt::format("ALTER TABLE {} REPLICA IDENTITY {}", quoted(t.name), what)); };
        if (!t.logged)
        {
            std::vector<remedy> mend{sql(fmt::format("ALTER TABLE {} SET LOGGED", quoted(t.name)))};
            if (found_.publication.there && !published(t.name))
                mend.push_back(add(t.name));
            note("table-unlogged", shown(t.name), "it is unlogged", std::move(mend));
        }
        if (!t.key)
            note("key-missing", shown(t.name), "it has no primary key",
                 {sql(fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", quoted(t.name),
                                  quote_identifier(model != nullptr ? model->columns[model->key].name : "id")))});
        if (t.identity == 'n')
            note("replica-identity-nothing", shown(t.name), "its replica identity is nothing", {identity("DEFAULT")});
        if (t.identity == 'i' && !t.identity_index)
            note("replica-identity-index", shown(t.name), "the index of its replica identity is gone or invalid",
                 {identity("DEFAULT")});
        const bool updated = model != nullptr && model->version != model::no_column;
        if (t.out_of_line && updated && t.identity != 'f')
            note("toast-columns", shown(t.name),
                 fmt::format("it has values stored out of line (of {}), and its replica identity is not full",
                             t.wide_columns),
                 {identity("FULL")});
        if (t.row_security)
            note("row-security", shown(t.name), fmt::format("row security holds for the role {}", wished_.role),
                 {sql(fmt::format("ALTER ROLE {} BYPASSRLS", role_))});
    }

    [[nodiscard]] const postgres::published_table* published(std::string_view table) const
    {
        for (const auto& one : found_.publication.tables)
            if (one.schema == wished_.schema && one.name == table)
                return &one;
        return nullptr;
    }

    [[nodiscard]] std::string altered() const { return "ALTER PUBLICATION " + quote_identifier(wished_.publication); }

    [[nodiscard]] remedy add(std::string_view table) const
    {
        return sql(fmt::format("{} ADD TABLE {}", altered(), quoted(table)));
    }

    void publication()
    {
        const auto& now = found_.publication;
        const auto subject = "publication " + wished_.publication;
        if (!now.there)
        {
            const bool tables = std::ranges::any_of(found_.tables, &postgres::table_facts::there);
            if (tables)
                note("publication-missing", subject, "it is not there", {command("cdc setup --apply")});
            return;
        }
        if (now.everything)
            note("publication-everything", subject, "it is for all tables, or for whole schemas",
                 {command("cdc setup --apply")});
        std::vector<std::string_view> lacks;
        for (const auto& [there, word] :
             {std::pair(now.inserts, "insert"), {now.updates, "update"}, {now.deletes, "delete"}})
            if (!there)
                lacks.emplace_back(word);
        if (!lacks.empty())
            note("publication-operations", subject, fmt::format("it does not publish {}", fmt::join(lacks, ", ")),
                 {sql(altered() + " SET (publish = 'insert, update, delete, truncate')")});
        for (const auto& t : found_.tables)
        {
            // An unlogged one cannot be published; that has been told.
            if (!t.there || !t.logged || published(t.name) != nullptr)
                continue;
            const auto* model = model_of(t.name);
            const bool heartbeat = model != nullptr && model->kept_by == model::role::heartbeat;
            note(heartbeat                          ? "publication-heartbeat"
                 : t.name == postgres::signal_table ? "publication-signal"
                                                    : "publication-table",
                 subject, fmt::format("it lacks {}", shown(t.name)), {add(t.name)});
        }
        for (const auto& one : now.tables)
            published_as(one, subject);
    }

    void published_as(const postgres::published_table& one, const std::string& subject)
    {
        const auto table = quote_qualified(one.schema, one.name);
        const auto dropped = fmt::format("{} DROP TABLE {}", altered(), table);
        const bool ours = one.schema == wished_.schema &&
                          std::ranges::find(found_.tables, one.name, &postgres::table_facts::name) !=
                              found_.tables.end();
        if (!ours)
        {
            if (!found_.publication.everything)
                note("publication-extra", subject, fmt::format("it has {}.{}", one.schema, one.name), {sql(dropped)});
            return;
        }
        // One transaction: no change slips through between the two.
        const std::vector<remedy> whole{
            sql(fmt::format("BEGIN; {}; {} ADD TABLE {}; COMMIT", dropped, altered(), table))};
        if (one.filtered)
            note("publication-filter", subject, fmt::format("it filters the rows of {}", shown(one.name)), whole);
        if (one.some_columns)
            note("publication-columns", subject, fmt::format("it has not all columns of {}", shown(one.name)), whole);
    }

    void role()
    {
        const auto& now = found_.role;
        const auto subject = "role " + wished_.role;
        if (!now.there)
        {
            note("role-missing", subject, "it is not there",
                 {command(wished_.password_file ? "cdc setup --apply" : "cdc setup --apply --cdc-password-file FILE")});
            return;
        }
        const auto alter = [&](std::string_view what) { return sql(fmt::format("ALTER ROLE {} {}", role_, what)); };
        if (!now.login)
            note("role-login", subject, "it may not log in", {alter("LOGIN")});
        if (!now.replication)
            note("role-replication", subject, "it lacks REPLICATION", {alter("REPLICATION")});
        if (now.expires && now.expires->count() <= 0)
            note("role-expired", subject, fmt::format("its password has expired {} ago", span_of(-*now.expires)),
                 {alter("VALID UNTIL 'infinity'")});
        else if (now.expires && *now.expires < password_soon)
            note("role-expires", subject, fmt::format("its password expires in {}", span_of(*now.expires)),
                 {alter("VALID UNTIL 'infinity'")});
        const auto grant = [&](std::string_view what, std::string_view on)
        { return sql(fmt::format("GRANT {} ON {} TO {}", what, on, role_)); };
        if (!now.connect)
            note("role-connect", subject, fmt::format("it lacks CONNECT on database {}", found_.server.database),
                 {grant("CONNECT", "DATABASE " + quote_identifier(found_.server.database))});
        if (!now.usage)
            note("role-schema", subject, fmt::format("it lacks USAGE on schema {}", wished_.schema),
                 {grant("USAGE", "SCHEMA " + quote_identifier(wished_.schema))});
        for (const auto& t : found_.tables)
        {
            if (!t.there)
                continue;
            if (!t.may_select)
                note("role-select", subject, fmt::format("it lacks SELECT on {}", shown(t.name)),
                     {grant("SELECT", quoted(t.name))});
            const auto* model = model_of(t.name);
            if (model != nullptr && model->kept_by == model::role::heartbeat && !(t.may_insert && t.may_update))
                note("role-heartbeat", subject, fmt::format("it lacks INSERT or UPDATE on {}", shown(t.name)),
                     {grant("INSERT, UPDATE", quoted(t.name))});
            if (t.name == postgres::signal_table && !t.may_insert)
                note("role-signal", subject, fmt::format("it lacks INSERT on {}", shown(t.name)),
                     {grant("INSERT", quoted(t.name))});
        }
    }

    [[nodiscard]] remedy dropped(const std::string& slot) const
    {
        return sql(fmt::format("SELECT pg_drop_replication_slot({})", quote_literal(slot)));
    }

    /// Drops the slot; a connector takes a new one, with a snapshot where it has been running.
    [[nodiscard]] std::vector<remedy> renewed(const std::string& slot) const
    {
        std::vector<remedy> mend{dropped(slot)};
        if (connector_ != connector_health::unknown)
            mend.push_back(command("connector register --snapshot when_needed"));
        return mend;
    }

    void slots()
    {
        for (const auto& slot : found_.slots)
            if (slot.name == wished_.slot)
                ours(slot);
            else if (!slot.active)
                note("foreign-slot", "slot " + slot.name,
                     slot.wal_status == "lost"
                         ? "it is not active, and lost"
                         : fmt::format("it is not active, and retains {} of the log", size(slot.retained)),
                     {dropped(slot.name)});
            else
                retained(slot);
        if (our_slot() == nullptr && connector_ == connector_health::good)
            note("slot-missing", "slot " + wished_.slot, "it is not there although the connector runs",
                 {command("connector register --snapshot when_needed")});
    }

    void ours(const postgres::slot_facts& slot)
    {
        const auto subject = "slot " + slot.name;
        if (slot.plugin != "pgoutput")
        {
            note("slot-plugin", subject,
                 slot.plugin.empty() ? std::string("it is a physical slot")
                                     : fmt::format("its plugin is {}, not pgoutput", slot.plugin),
                 renewed(slot.name));
            return;
        }
        if (slot.database != found_.server.database)
        {
            note("slot-database", subject,
                 fmt::format("it is of database {}, not {}", slot.database, found_.server.database),
                 renewed(slot.name));
            return;
        }
        if (slot.wal_status == "lost")
        {
            note("slot-lost", subject, "the server has thrown away log that it needs", renewed(slot.name));
            return;
        }
        if (slot.wal_status == "unreserved")
            note("slot-unreserved", subject,
                 fmt::format("it needs {} of the log, more than the server keeps", size(slot.retained)),
                 setting("max_slot_wal_keep_size",
                         fmt::format("{}MB", 2 * (std::max<std::int64_t>(slot.retained, slot_keep_least) >> 20)),
                         false));
        if (slot.active)
            retained(slot);
        else if (connector_ != connector_health::bad)
            note("slot-inactive", subject,
                 fmt::format("it is not active, and retains {} of the log", size(slot.retained)),
                 connector_ == connector_health::good
                     ? std::vector<remedy>{command("connector register")}
                     : std::vector<remedy>{{kind::advice, "start its consumer; or, when there is none any more:"},
                                           dropped(slot.name)});
    }

    void retained(const postgres::slot_facts& slot)
    {
        const auto limit = wished_.slot_wal_max;
        if (limit == 0 || slot.retained <= limit)
            return;
        const auto subject = "slot " + slot.name;
        const auto raise = fmt::format("or raise --slot-wal-warn above {}", size(slot.retained));
        if (slot.behind > limit)
            note("slot-lag", subject, fmt::format("its consumer is {} of the log behind", size(slot.behind)),
                 {{kind::advice, "see the log of its consumer: is it slow, or does it fail again and again?"},
                  {kind::advice, raise}});
        else
            note("slot-wal", subject, fmt::format("it retains {} of the log", size(slot.retained)),
                 {{kind::advice, "see pg_stat_activity for the oldest xact_start with a backend_xid, and end it"},
                  {kind::advice, raise}});
    }

    const postgres::cdc_facts& found_;
    const expectation& wished_;
    const connector_health connector_;
    const std::string role_;
    std::vector<finding> made_;
};

}  // namespace

std::vector<finding> judge_database(const postgres::cdc_facts& found, const expectation& wished,
                                    connector_health connector)
{
    return database_judge(found, wished, connector).judge();
}

}  // namespace bazaar::capture
