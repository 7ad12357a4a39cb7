#include "bazaar/capture/doctor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/size.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/identifier.hpp"

namespace bazaar::capture
{
namespace
{

using postgres::quote_identifier;
using postgres::quote_literal;
using postgres::quote_qualified;
using kind = remedy::kind;

constexpr auto bad = severity::error;
constexpr auto warning = severity::warning;
constexpr auto notice = severity::notice;

constexpr std::array table_of_ailments{
    // The server
    ailment{"server-version", notice, "Nobody has tested this version; the others are 14 to 18."},
    ailment{"server-standby", bad, "A standby takes no rows of the shop, and its heartbeat cannot be written."},
    ailment{"server-read-only", bad, "The shop's units, and the connector's heartbeat, are refused by the server."},
    ailment{"database-encoding", bad, "The shop's rows cannot be written: init and run refuse the database."},
    ailment{"wal-level", bad, "The server cannot decode changes: no slot of a connector can be made."},
    ailment{"no-free-slot", bad, "The connector cannot make its slot, and fails."},
    ailment{"no-free-sender", bad, "The connector cannot begin to stream, and fails."},
    ailment{"slot-keep-unlimited", notice,
            "A slot whose consumer stays away keeps the log until the disk is full, which stops the server."},
    ailment{"slot-keep-small", warning,
            "The slot is lost after a short absence of the connector, and with it changes."},
    ailment{"idle-slot-timeout", warning,
            "The server gives up the slot of a connector that is away for so long, and with it changes."},
    ailment{
        "sender-timeout-off", notice,
        "The server never notices a connector whose machine is gone: the slot stays in use and nobody else can take "
        "it."},
    ailment{"sender-timeout-short", warning,
            "The connector speaks every 10 s: the server ends its session again and again."},
    ailment{
        "long-transaction", warning,
        "No slot moves past it: the log grows, a restarted connector reads all of it again, and a new slot waits for "
        "its end."},
    ailment{"prepared-transaction", warning,
            "No slot moves past it, also after a restart of the server: the log grows until somebody ends it."},
    // Whose it is
    ailment{"untrusted-object", bad,
            "That role could have code of its own run by whoever writes or reads: init, run, load, reset and cdc setup "
            "refuse it."},
    ailment{"altered-function", bad, "Nobody knows what it does: init, run and load refuse it."},
    // Tables
    ailment{"table-missing", bad, "There is nothing to capture."},
    ailment{"table-unlogged", bad, "Changes of an unlogged table are not in the log: none arrives."},
    ailment{
        "key-missing", bad,
        "Updates and deletes are refused by the server, or arrive without a key, so that nothing keeps their order."},
    ailment{"replica-identity-nothing", bad, "The server refuses updates and deletes of a published table."},
    ailment{"replica-identity-index", bad,
            "The index is gone or invalid: the server refuses updates and deletes of a published table."},
    ailment{"toast-columns", notice,
            "An update that leaves such a value as it was arrives with a placeholder instead of the value."},
    ailment{"row-security", bad, "The snapshot lacks rows that the connector's role may not see."},
    ailment{"signal-table-missing", bad, "The connector takes no signals, and incremental snapshots are not possible."},
    // The publication
    ailment{"publication-missing", bad, "The connector does not start: it is not to make one itself."},
    ailment{"publication-everything", notice,
            "The server decodes and sends changes of all tables, and the connector throws most of them away."},
    ailment{"publication-operations", bad, "Changes of the kinds that are left out never arrive."},
    ailment{"publication-table", bad, "Changes of the table never arrive; its snapshot does."},
    ailment{"publication-heartbeat", bad,
            "The slot of a quiet shop does not move: the log of all databases of the server is kept."},
    ailment{"publication-signal", bad, "The connector does not see signals: incremental snapshots do not begin."},
    ailment{"publication-extra", notice,
            "The server decodes and sends changes that the connector throws away; updates of the table need a replica "
            "identity."},
    ailment{"publication-filter", bad, "Changes of rows that the filter does not pass never arrive."},
    ailment{"publication-columns", bad, "Columns that are not in the list arrive empty, or the connector fails."},
    // The role of the connector
    ailment{"role-missing", bad, "The connector cannot log in."},
    ailment{"role-login", bad, "The connector cannot log in."},
    ailment{"role-replication", bad, "The connector may neither make its slot nor read from it."},
    ailment{"role-expired", bad, "The connector cannot log in with its password."},
    ailment{"role-expires", warning, "From then on the connector cannot log in with its password."},
    ailment{"role-connect", bad, "The connector cannot connect to the database."},
    ailment{"role-schema", bad, "The connector sees no table, and fails or snapshots nothing."},
    ailment{"role-select", bad, "The connector's snapshot fails at the table."},
    ailment{"role-heartbeat", bad,
            "The connector's heartbeat is refused: the slot of a quiet shop does not move, and the log is kept."},
    ailment{"role-signal", bad, "The connector's incremental snapshots fail: they write into the signal table."},
    // Slots
    ailment{"slot-missing", bad, "What was committed since the slot went may never arrive."},
    ailment{"slot-plugin", bad, "The connector cannot read this slot, and fails."},
    ailment{"slot-database", bad, "The connector cannot read this slot, and fails."},
    ailment{"slot-lost", bad, "The server has thrown away log that was not read: changes are lost to the connector."},
    ailment{"slot-unreserved", warning, "The slot is lost with one of the next checkpoints, and with it changes."},
    ailment{"slot-inactive", bad, "Nobody reads: nothing arrives, and the server keeps the log for it."},
    ailment{"slot-lag", warning, "Changes arrive late, and the server keeps the log for them."},
    ailment{"slot-wal", warning,
            "The server keeps the log although it was read; often a transaction that does not end is the cause."},
    ailment{"foreign-slot", warning,
            "Nobody reads from it: the server keeps the log until the disk is full, or until the slot is lost."},
    // Kafka Connect
    ailment{"connect-unreachable", bad, "Nothing is known of the connector; most likely it does not run."},
    ailment{"connect-refused", bad, "Nothing is known of the connector."},
    ailment{"connect-plugin", bad, "The worker does not know Debezium's connector for PostgreSQL, and cannot run it."},
    ailment{"debezium-version", warning, "Versions before 3.7 lose rows in silence when they are restarted."},
    ailment{"connector-names", bad, "Kafka Connect or Debezium takes the name for something else, and fails."},
    ailment{"connector-missing", bad, "Nothing arrives in Kafka."},
    ailment{"connector-paused", bad, "Nothing arrives in Kafka, and the server keeps the log for it."},
    ailment{"connector-state", warning, "Nothing arrives in Kafka until the worker has begun the task."},
    ailment{"connector-failed", bad, "Nothing arrives in Kafka, and the server keeps the log for it."},
    ailment{"connector-database", bad,
            "The connector captures another database, or as a role that is not looked after."},
    ailment{"connector-slot", bad,
            "The connector reads another slot; ours, when it is there, keeps the log for nobody."},
    ailment{"connector-publication", bad, "The connector gets what the other publication says, or fails."},
    ailment{"connector-autocreate", warning,
            "When the publication is not there, the connector makes one of all tables, or changes it."},
    ailment{"connector-tables", bad, "Changes of tables that are not in the list never arrive."},
    ailment{"connector-topic-prefix", bad, "Changes arrive in other topics than all others expect."},
    ailment{"connector-heartbeat", warning,
            "The slot of a quiet shop does not move: the log of all databases of the server is kept."},
    ailment{"connector-signal", notice, "The connector takes no signals from the table that is made for them."},
    ailment{"connector-password", warning, "Whoever reaches Kafka Connect reads the password."},
    // Kafka
    ailment{"kafka-unreachable", bad, "Nothing is known of the topics; most likely no change arrives in them."},
    ailment{"kafka-refused", bad, "Nothing is known of the topics."},
    ailment{"topic-missing", bad,
            "Consumers find no such topic, and the connector fails, unless its worker may make topics."},
    ailment{"topic-offline", bad, "A partition has no leader: nothing can be written to it, and the connector waits."},
    ailment{"topic-partitions-few", warning, "Consumers share less work than was wished."},
    ailment{"topic-partitions-many", notice,
            "Changes of one table are in order only by key; consumers that expect fewer partitions see a part."},
    ailment{"topic-copies", warning, "More or fewer brokers may fail than was wished before messages are lost."},
    ailment{"topic-settings", warning,
            "Messages are kept for longer or shorter than was wished, or old versions are thrown away."},
};

/// Below it, a log that is full of bulk work is lost within a minute.
constexpr std::int64_t slot_keep_least = std::int64_t{512} << 20;
constexpr auto idle_slot_least = std::chrono::hours(24);
constexpr auto sender_timeout_least = std::chrono::seconds(11);
constexpr auto password_soon = std::chrono::hours(24 * 14);
constexpr std::string_view slot_keep_advice = "10GB";

const ailment& ailment_of(std::string_view code)
{
    const auto place = std::ranges::find(table_of_ailments, code, &ailment::code);
    expect(place != table_of_ailments.end(), "a finding has a row in the table");
    return *place;
}

finding make(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend)
{
    return {ailment_of(code), std::move(subject), std::move(wrong), std::move(mend)};
}

remedy sql(std::string text)
{
    return {kind::sql, std::move(text)};
}

std::string size(std::int64_t bytes)
{
    return shown_size(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
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

/// A setting of the connector whose other value is a finding of its own.
struct watched_setting
{
    std::string_view key;
    std::string_view code;
};

constexpr std::array watched_settings{
    watched_setting{"connector.class", "connector-database"},
    watched_setting{"database.dbname", "connector-database"},
    watched_setting{"database.user", "connector-database"},
    watched_setting{"plugin.name", "connector-slot"},
    watched_setting{"slot.name", "connector-slot"},
    watched_setting{"publication.name", "connector-publication"},
    watched_setting{"publication.autocreate.mode", "connector-autocreate"},
    watched_setting{"table.include.list", "connector-tables"},
    watched_setting{"topic.prefix", "connector-topic-prefix"},
    watched_setting{"signal.data.collection", "connector-signal"},
};

std::set<std::string> elements(std::string_view list)
{
    std::set<std::string> found;
    while (!list.empty())
    {
        const auto comma = std::min(list.find(','), list.size());
        auto one = list.substr(0, comma);
        while (one.starts_with(' '))
            one.remove_prefix(1);
        while (one.ends_with(' '))
            one.remove_suffix(1);
        // "demo\\.orders" and "demo.orders" find the same table.
        std::string plain;
        std::ranges::copy_if(one, std::back_inserter(plain), [](char c) { return c != '\\'; });
        found.insert(std::move(plain));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return found;
}

/// A reference that the worker resolves, like ${env:NAME}.
bool reference(std::string_view text)
{
    return text.starts_with("${") && text.ends_with("}");
}

/// Below 3.7; a version that cannot be read is none.
bool loses_rows(std::string_view version)
{
    int major = 0;
    int minor = 0;
    const auto* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.')
        return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc())
        return false;
    return major < 3 || (major == 3 && minor < 7);
}

class connector_judge
{
public:
    connector_judge(const connector_facts& found, const expectation& wished,
                    const std::map<std::string, std::string>& config)
        : found_(found), wished_(wished), config_(config), subject_("connector " + wished.connector)
    {
    }

    std::vector<finding> judge()
    {
        if (!found_.debezium)
            note("connect-plugin", "Kafka Connect", "it has no plugin of Debezium for PostgreSQL",
                 {{kind::advice, "unpack debezium-connector-postgres 3.7.0.Final below the worker's plugin.path, and "
                                 "restart the worker"}});
        else if (loses_rows(*found_.debezium))
            note("debezium-version", "Kafka Connect", fmt::format("its Debezium is {}", *found_.debezium),
                 {{kind::advice, "put Debezium 3.7.0.Final or later in its place, and restart the worker"}});
        if (!found_.there)
        {
            note("connector-missing", subject_, "it is not there", {command("connector register")});
            return std::move(made_);
        }
        state();
        settings();
        return std::move(made_);
    }

private:
    void note(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend)
    {
        made_.push_back(make(code, std::move(subject), std::move(wrong), std::move(mend)));
    }

    [[nodiscard]] remedy command(std::string_view words) const { return {kind::command, wished_.command(words)}; }

    [[nodiscard]] std::string_view value(std::string_view key) const
    {
        const auto place = found_.config.find(std::string(key));
        return place == found_.config.end() ? std::string_view() : std::string_view(place->second);
    }

    /// `connector register`, with the flags that keep what was chosen when the connector was made.
    [[nodiscard]] remedy registered() const
    {
        std::string words = "connector register";
        // Debezium's words for a slot that is gone or new: it asks for another snapshot.
        const bool torn = found_.trace.find("no longer available on the server") != std::string::npos &&
                          value("slot.name") == wished_.slot;
        if (value("value.converter").find("AvroConverter") != std::string_view::npos)
            words += " --format avro";
        else if (value("value.converter.schemas.enable") == "true")
            words += " --format json-schema";
        if (const auto mode = value("snapshot.mode"); torn)
            words += " --snapshot when_needed";
        else if (!mode.empty() && mode != "initial")
            words += fmt::format(" --snapshot {}", mode);
        if (value("transforms") == "flat")
            words += " --flat";
        if (value("exactly.once.support") == "required")
            words += " --exactly-once";
        if (const auto number = value("topic.creation.default.partitions"); !number.empty() && number != "1")
            words += fmt::format(" --partitions {}", number);
        if (const auto number = value("topic.creation.default.replication.factor"); !number.empty() && number != "-1")
            words += fmt::format(" --replication-factor {}", number);
        return command(words);
    }

    void state()
    {
        std::string states;
        bool failed = found_.state == "FAILED";
        bool others = found_.state != "RUNNING" || found_.tasks.empty();
        for (std::size_t i = 0; i < found_.tasks.size(); ++i)
        {
            states += fmt::format(", task {} {}", i, found_.tasks[i]);
            failed = failed || found_.tasks[i] == "FAILED";
            others = others || found_.tasks[i] != "RUNNING";
        }
        if (found_.state == "PAUSED" || found_.state == "STOPPED")
            note("connector-paused", subject_, fmt::format("it is {}", found_.state), {command("connector resume")});
        else if (failed)
            note("connector-failed", subject_, fmt::format("it is {}{}: {}", found_.state, states, found_.trace),
                 {registered()});
        else if (others)
            note("connector-state", subject_,
                 fmt::format("it is {}{}", found_.state, states.empty() ? ", without a task" : states), {registered()});
    }

    void settings()
    {
        for (const auto& [key, code] : watched_settings)
        {
            const auto now = value(key);
            const auto place = config_.find(std::string(key));
            const auto wished = place == config_.end() ? std::string_view() : std::string_view(place->second);
            const bool list = key == "table.include.list";
            if (now == wished || (list && elements(now) == elements(wished)) || reference(now))
                continue;
            if (list)
            {
                const auto there = elements(now);
                std::string lacks;
                for (const auto& one : elements(wished))
                    if (!there.contains(one))
                        lacks += (lacks.empty() ? "" : ", ") + one;
                // More tables than ours are somebody's choice; an empty list means all.
                if (!lacks.empty() && !now.empty())
                    note(code, subject_, fmt::format("{} lacks {}", key, lacks), {registered()});
                continue;
            }
            note(code, subject_,
                 now.empty() ? fmt::format("{} is not set; it must be {}", key, wished)
                             : fmt::format("{} is {}; it must be {}", key, now, wished),
                 {registered()});
        }
        const auto interval = value("heartbeat.interval.ms");
        if (interval.empty() || interval == "0")
            note("connector-heartbeat", subject_, "heartbeat.interval.ms is 0", {registered()});
        else if (value("heartbeat.action.query").empty() && config_.contains("heartbeat.action.query"))
            note("connector-heartbeat", subject_, "heartbeat.action.query is not set", {registered()});
        const auto password = value("database.password");
        if (!password.empty() && !reference(password))
            note("connector-password", subject_, "database.password is the password itself, not a reference",
                 {registered()});
    }

    const connector_facts& found_;
    const expectation& wished_;
    const std::map<std::string, std::string>& config_;
    const std::string subject_;
    std::vector<finding> made_;
};

}  // namespace

std::string_view name(severity weight) noexcept
{
    switch (weight)
    {
    case severity::error:
        return "error";
    case severity::warning:
        return "warning";
    case severity::notice:
        return "notice";
    }
    return "";
}

std::string_view name(remedy::kind how) noexcept
{
    switch (how)
    {
    case kind::sql:
        return "sql";
    case kind::command:
        return "command";
    case kind::restart:
        return "restart";
    case kind::advice:
        return "advice";
    }
    return "";
}

std::span<const ailment> ailments() noexcept
{
    return table_of_ailments;
}

std::vector<finding> judge_database(const postgres::cdc_facts& found, const expectation& wished,
                                    connector_health connector)
{
    return database_judge(found, wished, connector).judge();
}

std::vector<finding> judge_connector(const connector_facts& found, const expectation& wished,
                                     const std::map<std::string, std::string>& config)
{
    return connector_judge(found, wished, config).judge();
}

std::vector<finding> judge_topics(const std::map<std::string, kafka::found_topic>& found,
                                  std::span<const model::topic> topics, const expectation& wished)
{
    std::vector<finding> made;
    std::vector<std::string_view> missing;
    for (const auto& topic : topics)
        if (!found.contains(topic.name))
            missing.push_back(topic.name);
    // They go by the same command, and often all at once.
    if (!missing.empty())
        made.push_back(make("topic-missing", "topics", fmt::format("not there: {}", fmt::join(missing, ", ")),
                            {{kind::command, wished.command("topics ensure")}}));
    for (const auto& topic : topics)
    {
        const auto is = found.find(topic.name);
        if (is == found.end())
            continue;
        const auto subject = "topic " + topic.name;
        if (!is->second.led)
            made.push_back(make("topic-offline", subject, "a partition has no leader",
                                {{kind::advice, "see which of the brokers is down, and start it"}}));
        std::string settings;
        for (const auto& one : kafka::differences(topic, is->second))
        {
            const auto wrong = fmt::format("{} {}, wished {}", one.setting, one.is, one.wished);
            if (one.setting == kafka::partitions_setting && is->second.partitions < topic.partitions)
                made.push_back(make("topic-partitions-few", subject, wrong,
                                    {{kind::command, wished.command("topics ensure --apply")}}));
            else if (one.setting == kafka::partitions_setting)
                made.push_back(make("topic-partitions-many", subject, wrong,
                                    {{kind::advice, fmt::format("Kafka takes no partition away: say --partitions {} "
                                                                "everywhere, or delete the topic and make it again",
                                                                one.is)}}));
            else if (one.setting == kafka::copies_setting)
                made.push_back(make("topic-copies", subject, wrong,
                                    {{kind::advice, "move its copies with Kafka's kafka-reassign-partitions"}}));
            else
                settings += (settings.empty() ? "" : "; ") + wrong;
        }
        if (!settings.empty())
            made.push_back(
                make("topic-settings", subject, settings, {{kind::command, wished.command("topics ensure --apply")}}));
    }
    return made;
}

finding no_kafka(const std::string& servers, const std::string& why, bool refused)
{
    return make(refused ? "kafka-refused" : "kafka-unreachable", servers, why,
                {{kind::advice, refused ? "give a login that may describe topics, as docs/flags.md says"
                                        : "start the brokers, or say where they are with --bootstrap-servers"},
                 {kind::advice, "or leave them out with --skip kafka"}});
}

finding impossible_name(const std::string& connector, const std::string& why)
{
    return make("connector-names", "connector " + connector, why,
                {{kind::advice, "choose another name, and make what has it anew"}});
}

finding no_connect(const std::string& url, const std::string& why, bool refused)
{
    return make(refused ? "connect-refused" : "connect-unreachable", url, why,
                {{kind::advice, refused ? "use an address that lets this program in"
                                        : "start the Connect worker, or say where it is with --connect-url"},
                 {kind::advice, "or leave it out with --skip connect"}});
}

connector_health health(std::span<const finding> found)
{
    return std::ranges::any_of(found, [](const finding& one)
                               { return one.what.weight == severity::error || one.what.code == "connector-state"; })
               ? connector_health::bad
               : connector_health::good;
}

std::vector<slot_watch::line> slot_watch::see(std::span<const postgres::slot_facts> slots)
{
    std::vector<line> lines;
    std::set<std::string> there;
    for (const auto& slot : slots)
    {
        there.insert(slot.name);
        const auto before = ill_.find(slot.name);
        if (slot.wal_status == "lost")
        {
            // It retains nothing any more, and never will.
            if (before != ill_.end())
            {
                lines.push_back({false, fmt::format("slot {} is lost: its consumer stayed away for longer than "
                                                    "max_slot_wal_keep_size allows; bazaard doctor says more",
                                                    slot.name)});
                ill_.erase(before);
            }
            continue;
        }
        if (before == ill_.end())
        {
            if (slot.retained <= limit_)
                continue;
            ill_.emplace(slot.name, slot.retained);
            lines.push_back({false, fmt::format("slot {} keeps {} of the server's log, and {}; bazaard doctor says "
                                                "what to do",
                                                slot.name, size(slot.retained),
                                                slot.active ? "its consumer is behind" : "nobody reads from it")});
            continue;
        }
        before->second = std::max(before->second, slot.retained);
        if (slot.retained > limit_ / 2)
            continue;
        lines.push_back({true, fmt::format("slot {} is well again: it keeps {} of the server's log, after {}",
                                           slot.name, size(slot.retained), size(before->second))});
        ill_.erase(before);
    }
    for (auto one = ill_.begin(); one != ill_.end();)
        if (there.contains(one->first))
            ++one;
        else
        {
            lines.push_back({true, fmt::format("slot {} is gone, and the {} of the log that it kept", one->first,
                                               size(one->second))});
            one = ill_.erase(one);
        }
    return lines;
}

}  // namespace bazaar::capture
