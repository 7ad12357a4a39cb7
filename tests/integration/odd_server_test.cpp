// Servers and databases as people have them: settings of all kinds, encodings, triggers, constraints and policies of their own,
// schemas that are gone or from another time, sessions that the server does not take. Each is told by its cause, with what to
// do; settings change nothing.

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/postgres/blame.hpp"
#include "support/daemon.hpp"
#include "support/postgres_cluster.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

const words plan{"--seed", "7", "--start-time", "2026-01-01T00:00:00Z", "--unpaced", "--init-num-users", "40"};

finished run(const postgres::connection_flags& at, int ticks, words more = {})
{
    more.insert(more.begin(), plan.begin(), plan.end());
    more.insert(more.end(), {"--max-iter", std::to_string(ticks)});
    return run_bazaard("run", at, more);
}

/// The program's error lines hold all of these.
void expect_says(const finished& done, int status, const words& parts)
{
    EXPECT_EQ(done.status, status) << done.err;
    for (const auto& part : parts)
        EXPECT_NE(done.err.find(part), std::string::npos) << "not said: " << part << "\n" << done.err;
}

std::vector<std::string> findings_of(const postgres::connection_flags& at)
{
    const auto done = run_bazaard("doctor", at, {"--skip", "connect,kafka", "--json"});
    const auto document = nlohmann::json::parse(done.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << done.out << done.err;
    std::vector<std::string> codes;
    if (document.is_object())
        for (const auto& one : document["findings"])
            codes.push_back(one["code"].get<std::string>() + " " + one["problem"].get<std::string>());
    return codes;
}

class odd_server : public testing::Test
{
protected:
    [[nodiscard]] postgres::connection_flags shop(int ticks = 0)
    {
        auto at = postgres_cluster::get().fresh_database();
        EXPECT_EQ(run_bazaard("init", at, {}).status, 0);
        if (ticks > 0)
        {
            EXPECT_EQ(run(at, ticks).status, 0);
        }
        return at;
    }

    static void sql(const postgres::connection_flags& at, std::string_view text) { sql_client(at).exec(text); }
};

// ---- settings

using setting = std::pair<const char*, const char*>;

constexpr std::array formats{
    setting{"datestyle", "SQL, DMY"},
    setting{"intervalstyle", "sql_standard"},
    setting{"timezone", "Asia/Kathmandu"},
    setting{"bytea_output", "escape"},
    setting{"extra_float_digits", "-15"},
    setting{"standard_conforming_strings", "off"},
    setting{"backslash_quote", "on"},
    setting{"escape_string_warning", "on"},
    setting{"quote_all_identifiers", "on"},
    setting{"client_encoding", "LATIN1"},
    setting{"array_nulls", "off"},
    setting{"transform_null_equals", "on"},
    setting{"xmloption", "document"},
    setting{"xmlbinary", "hex"},
    setting{"lc_messages", "C"},
    setting{"lc_monetary", "C"},
    setting{"lc_numeric", "C"},
    setting{"lc_time", "C"},
    setting{"search_path", "bazaard, demo, public"},
};

constexpr std::array transactions{
    setting{"default_transaction_isolation", "serializable"},
    setting{"default_transaction_deferrable", "on"},
    setting{"statement_timeout", "1ms"},
    setting{"lock_timeout", "1ms"},
    setting{"idle_in_transaction_session_timeout", "1ms"},
    setting{"idle_session_timeout", "20ms"},
    setting{"synchronous_commit", "off"},
    setting{"exit_on_error", "on"},
    setting{"client_min_messages", "debug1"},
    setting{"application_name", "somebody"},
};

constexpr std::array functions{
    setting{"plpgsql.variable_conflict", "use_column"},
    setting{"plpgsql.extra_errors", "all"},
    setting{"plpgsql.extra_warnings", "all"},
    setting{"plpgsql.print_strict_params", "on"},
    setting{"check_function_bodies", "off"},
    setting{"session_replication_role", "replica"},
    setting{"row_security", "off"},
    setting{"default_toast_compression", "pglz"},
    setting{"default_table_access_method", "heap"},
    setting{"password_encryption", "scram-sha-256"},
    setting{"gin_fuzzy_search_limit", "1"},
    setting{"temp_buffers", "100"},
};

constexpr std::array plans{
    setting{"enable_seqscan", "off"},
    setting{"enable_indexscan", "off"},
    setting{"enable_indexonlyscan", "off"},
    setting{"enable_hashjoin", "off"},
    setting{"enable_nestloop", "off"},
    setting{"enable_sort", "off"},
    setting{"enable_hashagg", "off"},
    setting{"enable_material", "off"},
    setting{"jit", "on"},
    setting{"plan_cache_mode", "force_generic_plan"},
    setting{"parallel_setup_cost", "0"},
    setting{"parallel_tuple_cost", "0"},
    setting{"min_parallel_table_scan_size", "0"},
    setting{"work_mem", "64kB"},
    setting{"join_collapse_limit", "1"},
    setting{"constraint_exclusion", "on"},
    setting{"geqo_threshold", "2"},
};

struct group
{
    const char* name;
    std::span<const setting> settings;
};

const group groups[] = {
    {"formats", formats}, {"transactions", transactions}, {"functions", functions}, {"plans", plans}};

class settings_of : public odd_server, public testing::WithParamInterface<group>
{
protected:
    /// What a shop is in a database of which nobody has changed a setting.
    struct picture
    {
        std::string rows;
        std::vector<std::string> findings;
    };

    static const picture& untouched()
    {
        static const picture once = []
        {
            const auto at = postgres_cluster::get().fresh_database();
            return take(at);
        }();
        return once;
    }

    static picture take(const postgres::connection_flags& at)
    {
        for (const char* says : {"is made", "is as it should be"})
            expect_says(run_bazaard("init", at, {"--log-level", "info"}), 0, {says});
        EXPECT_EQ(run(at, 150).status, 0);
        // A clean stop, the saved plan, and on.
        const auto done = run(at, 300);
        EXPECT_EQ(done.status, 0) << done.err;
        const auto clean = run_bazaard("verify", at, {"tables"});
        EXPECT_EQ(clean.status, 0) << clean.out << clean.err;
        sql_client on(at);
        return {table_digests(on), findings_of(at)};
    }

    /// As `ALTER DATABASE SET` or the same of the role; checks that a session without a will of its own gets them.
    static void set(const postgres::connection_flags& at, std::span<const setting> all, bool by_role)
    {
        sql_client on(at);
        for (const auto& [name, value] : all)
            on.exec("ALTER " + (by_role ? "ROLE CURRENT_USER IN DATABASE " : std::string("DATABASE ")) + *at.name +
                    " SET " + name + " = " +
                    (std::string_view(name) == "search_path" ? value : "'" + std::string(value) + "'"));
        EXPECT_EQ(one(on, "SELECT sum(cardinality(setconfig)) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = "
                          "s.setdatabase WHERE d.datname = current_database()"),
                  std::to_string(all.size()));
    }
};

TEST_P(settings_of, the_database_change_nothing)
{
    const auto at = postgres_cluster::get().fresh_database();
    set(at, GetParam().settings, false);
    const auto now = take(at);
    EXPECT_EQ(now.rows, untouched().rows);
    EXPECT_EQ(now.findings, untouched().findings);
}

TEST_P(settings_of, the_role_change_nothing_in_a_shop_that_is_there)
{
    const auto at = shop(150);
    set(at, GetParam().settings, true);
    const auto now = [&]
    {
        expect_says(run_bazaard("init", at, {"--log-level", "info"}), 0, {"is as it should be"});
        const auto done = run(at, 300);
        EXPECT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(run_bazaard("verify", at, {"tables"}).status, 0);
        sql_client on(at);
        return table_digests(on);
    }();
    EXPECT_EQ(now, untouched().rows);
    EXPECT_EQ(findings_of(at), untouched().findings);
}

INSTANTIATE_TEST_SUITE_P(all, settings_of, testing::ValuesIn(groups), [](const auto& is) { return is.param.name; });

TEST_F(odd_server, settings_behind_a_pooler_do_not_confuse_the_comparison)
{
    if (!pgbouncer::installed())
        GTEST_SKIP() << "no pgbouncer";
    const auto at = postgres_cluster::get().fresh_database();
    sql(at, "ALTER DATABASE " + *at.name + " SET quote_all_identifiers = on");
    const pgbouncer pooler(postgres_cluster::get());
    const auto through = pooler.before(at);
    postgres::session on(postgres::resolve(through));
    ASSERT_EQ(one_within(on, "SHOW quote_all_identifiers"), "on") << "it holds there";
    EXPECT_EQ(run_bazaard("init", through, {}).status, 0);
    expect_says(run_bazaard("init", through, {"--log-level", "info"}), 0, {"is as it should be"});
    // A difference is still one.
    sql(at, "ALTER TABLE demo.orders ALTER COLUMN ship_city TYPE varchar(90)");
    expect_says(run_bazaard("init", through, {}), 78, {"demo.orders: column ship_city is character varying(90)"});
}

TEST_F(odd_server, a_users_own_options_do_not_change_what_texts_look_like)
{
    auto at = shop(20);
    const auto before = run_bazaard("verify", at, {"tables"}).status;
    auto odd = at;
    odd.url = "options='-c quote_all_identifiers=on -c extra_float_digits=-15 -c standard_conforming_strings=off'";
    expect_says(run_bazaard("init", odd, {"--log-level", "info"}), 0, {"is as it should be"});
    EXPECT_EQ(run_bazaard("verify", odd, {"tables"}).status, before);
    // Other options are the user's.
    odd.url = "options='-c work_mem=77kB'";
    postgres::session on(postgres::resolve(odd));
    EXPECT_EQ(one_within(on, "SHOW work_mem"), "77kB");
    odd.url = "options='-c no_such_setting=1'";
    expect_says(run_bazaard("init", odd, {"--wait-for-db", "0s"}), 78, {"no_such_setting", "connection options"});
}

// ---- encodings

TEST_F(odd_server, an_encoding_that_cannot_hold_the_texts_is_refused_by_all)
{
    auto at = postgres_cluster::get().fresh_database();
    sql_client on(at);
    for (const std::string encoding : {"LATIN1", "SQL_ASCII", "WIN1252", "EUC_JP"})
    {
        const auto name = "in_" + encoding;
        on.exec("CREATE DATABASE \"" + name + "\" ENCODING '" + encoding +
                "' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        at.name = name;
        const words wanted{"has the encoding " + encoding, "must be UTF8", "CREATE DATABASE", "--db-name"};
        expect_says(run_bazaard("init", at, {}), 78, wanted);
        expect_says(run(at, 5), 78, wanted);
        expect_says(run_bazaard("load", at, {"--max-iter", "5"}), 78, wanted);
        const auto found = findings_of(at);
        EXPECT_TRUE(std::ranges::any_of(found, [&](const auto& one)
                                        { return one.starts_with("database-encoding its encoding is " + encoding); }));
        sql_client there(at);
        EXPECT_EQ(one(there, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('demo', 'bazaard')"), "0");
    }
    on.exec("CREATE DATABASE plain ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    at.name = "plain";
    EXPECT_EQ(run(at, 20).status, 0);
    for (const auto& one : findings_of(at))
        EXPECT_EQ(one.find("encoding"), std::string::npos);
}

// ---- the user's own

TEST_F(odd_server, a_trigger_that_does_not_find_its_table_is_named)
{
    const auto at = shop(20);
    sql(at,
        "CREATE TABLE public.audit_log (what text); CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql "
        "AS $$BEGIN INSERT INTO audit_log VALUES (NEW.id::text); RETURN NEW; END$$; CREATE TRIGGER audit_it AFTER "
        "INSERT ON demo.orders FOR EACH ROW EXECUTE FUNCTION public.audit()");
    const auto done = run(at, 60);
    expect_says(done, 78,
                {"the trigger audit_it of the table demo.orders", "public.audit()", "search_path",
                 "ALTER TABLE \"demo\".\"orders\" DISABLE TRIGGER \"audit_it\""});
    EXPECT_EQ(done.err.find("bazaard init"), std::string::npos) << done.err;
    // What it says helps.
    sql(at, "ALTER FUNCTION public.audit() SET search_path = public, pg_temp");
    EXPECT_EQ(run(at, 60).status, 0);
    EXPECT_EQ(run_bazaard("verify", at, {"tables"}).status, 0);
    sql_client on(at);
    EXPECT_GT(std::stoi(one(on, "SELECT count(*) FROM public.audit_log")), 10);
}

TEST_F(odd_server, a_trigger_that_refuses_or_hides_rows_is_named)
{
    const auto at = shop(20);
    sql(at, "CREATE FUNCTION public.\"No More\"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'closed'; END$$; "
            "CREATE TRIGGER \"shut It\" BEFORE INSERT ON demo.order_items FOR EACH ROW EXECUTE FUNCTION "
            "public.\"No More\"()");
    expect_says(run(at, 60, {"--max-rejected", "2"}), 4,
                {"closed", "the trigger shut It of the table demo.order_items", "DISABLE TRIGGER \"shut It\""});
    sql(at, "CREATE OR REPLACE FUNCTION public.\"No More\"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; "
            "END$$");
    expect_says(run(at, 120, {"--max-rejected", "2"}), 4,
                {"a trigger of the user's own", "shut It of demo.order_items"});
    // One that is not there any more is not blamed.
    sql(at, "DROP TRIGGER \"shut It\" ON demo.order_items");
    const auto done = run(at, 180, {"--max-rejected", "10000"});
    EXPECT_EQ(done.err.find("trigger"), std::string::npos) << done.err;
}

TEST_F(odd_server, constraints_of_the_user_are_named_and_ours_are_not)
{
    const auto at = shop(20);
    sql(at, "ALTER TABLE demo.orders ADD CONSTRAINT \"only Few\" CHECK (id IS NULL) NOT VALID");
    expect_says(run(at, 60, {"--max-rejected", "2"}), 4,
                {"the check only Few of demo.orders is not of the scenario", "DROP CONSTRAINT \"only Few\""});
    sql(at, "ALTER TABLE demo.orders DROP CONSTRAINT \"only Few\"; ALTER TABLE demo.orders ADD COLUMN mine text; "
            "ALTER TABLE demo.orders ADD CONSTRAINT whole CHECK (mine IS NOT NULL) NOT VALID");
    expect_says(run(at, 120, {"--max-rejected", "2"}), 4,
                {"the check whole of demo.orders", "DROP CONSTRAINT \"whole\""});
    sql_client on(at);
    sql(at,
        "ALTER TABLE demo.orders DROP CONSTRAINT whole; CREATE UNIQUE INDEX one_each ON demo.orders ((coalesce(mine, "
        "'x'))) WHERE created_at > '" +
            one(on, "SELECT max(created_at) FROM demo.orders") + "'");
    expect_says(
        run(at, 180, {"--max-rejected", "2"}), 4,
        {"the unique index one_each of demo.orders is not of the scenario", "DROP INDEX \"demo\".\"one_each\""});
    sql(at, "DROP INDEX demo.one_each");
    EXPECT_EQ(run(at, 180, {"--max-rejected", "10000"}).status, 0);
}

TEST_F(odd_server, a_policy_is_named)
{
    const auto at = shop(20);
    sql(at,
        "ALTER TABLE demo.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY \"mine only\" ON demo.orders USING (false); "
        "DROP ROLE IF EXISTS plain_reader; CREATE ROLE plain_reader LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA demo TO "
        "plain_reader; GRANT SELECT ON ALL TABLES IN SCHEMA demo TO plain_reader");
    auto as_plain = postgres_cluster::get().over_tcp(at);
    as_plain.user = "plain_reader";
    as_plain.password = "x";
    postgres::session on(postgres::resolve(as_plain));
    const auto refused = on.try_exec("SELECT FROM demo.orders");
    ASSERT_TRUE(refused.failed);
    const auto why = postgres::blame(on, "demo", {}, *refused.failed);
    EXPECT_NE(why.find("demo.orders (mine only)"), std::string::npos) << why;
    EXPECT_NE(why.find("ALTER ROLE \"plain_reader\" BYPASSRLS"), std::string::npos) << why;
    const auto other = on.try_exec("SELECT FROM demo.users, bazaard.run");
    ASSERT_TRUE(other.failed);
    EXPECT_EQ(postgres::blame(on, "demo", {}, *other.failed), "") << "a privilege is not a policy";
    sql(at, "DROP OWNED BY plain_reader; DROP ROLE plain_reader");
}

TEST_F(odd_server, an_event_trigger_is_named)
{
    const auto at = postgres_cluster::get().fresh_database();
    sql(at, "CREATE FUNCTION public.no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'frozen'; END$$; "
            "CREATE EVENT TRIGGER stop_ddl ON ddl_command_start EXECUTE FUNCTION public.no_ddl()");
    expect_says(run_bazaard("init", at, {}), 78,
                {"frozen", "the event trigger stop_ddl", "ALTER EVENT TRIGGER \"stop_ddl\" DISABLE"});
    sql(at, "ALTER EVENT TRIGGER stop_ddl DISABLE");
    EXPECT_EQ(run_bazaard("init", at, {}).status, 0);
    sql(at, "ALTER EVENT TRIGGER stop_ddl ENABLE");
    EXPECT_EQ(run(at, 20).status, 0) << "a run makes nothing";
    expect_says(run_bazaard("cdc", at, {"setup"}), 78, {"the event trigger stop_ddl"});
}

// ---- records and rows that are not of one time

const words tables{"users", "orders", "order_items", "events"};
const words records{"run", "lease", "control", "digest", "saved_plan", "scenario_text"};

class other_times : public odd_server
{
protected:
    /// Puts rows aside, or back.
    static void keep(const postgres::connection_flags& at, const std::string& schema, const words& names)
    {
        std::string text = "CREATE SCHEMA IF NOT EXISTS kept;";
        for (const auto& name : names)
            text += "CREATE TABLE kept." + schema + "_" + name + " AS TABLE " + schema + "." + name + ";";
        sql(at, text);
    }

    static void put_back(const postgres::connection_flags& at, const std::string& schema, const words& names)
    {
        std::string text = "SET session_replication_role = replica;";
        for (const auto& name : names)
            text += "DELETE FROM " + schema + "." + name + "; INSERT INTO " + schema + "." + name + " TABLE kept." +
                    schema + "_" + name + ";";
        sql(at, text);
    }
};

TEST_F(other_times, a_schema_that_is_gone_is_told_and_the_way_out_works)
{
    const auto at = shop(60);
    sql(at, "DROP SCHEMA demo CASCADE");
    const words wanted{"run main: its record is in the schema bazaard", "schema demo are gone", "bazaard reset",
                       "restore the schemas"};
    expect_says(run(at, 120), 78, wanted);
    expect_says(run_bazaard("init", at, {}), 78, wanted);
    expect_says(run_bazaard("load", at, {"--max-iter", "50"}), 78, {"run main"});
    sql_client on(at);
    EXPECT_EQ(one(on, "SELECT count(*) FROM pg_namespace WHERE nspname = 'demo'"), "0") << "nothing is made";
    EXPECT_EQ(run_bazaard("reset", at, {"--yes"}).status, 0);
    EXPECT_EQ(run(at, 120).status, 0);
    EXPECT_EQ(run_bazaard("verify", at, {"tables"}).status, 0);
}

TEST_F(other_times, another_schema_of_the_same_database_is_no_hindrance)
{
    const auto at = shop(60);
    EXPECT_EQ(run(at, 60, {"--db-schema", "second"}).status, 0);
    sql(at, "DROP SCHEMA second CASCADE");
    EXPECT_EQ(run(at, 120).status, 0);
    expect_says(run(at, 120, {"--db-schema", "second"}), 78, {"schema second are gone"});
}

TEST_F(other_times, records_that_are_gone_are_told)
{
    const auto at = shop(60);
    sql(at, "DROP SCHEMA bazaard CASCADE");
    const words wanted{"schema demo has rows of a run main (tables users, ", "record of that run is gone", "--run NEW"};
    expect_says(run(at, 120), 78, wanted);
    expect_says(run_bazaard("load", at, {"--max-iter", "50"}), 78, wanted);
    EXPECT_EQ(run(at, 60, {"--run", "second"}).status, 0) << "another run goes on beside the rows";
}

TEST_F(other_times, an_emptied_table_is_told)
{
    for (const std::string table : {"order_items", "events", "users CASCADE"})
    {
        const auto at = shop(60);
        sql(at, "TRUNCATE demo." + table);
        expect_says(run(at, 120), 78,
                    {"table demo." + table.substr(0, table.find(' ')) + " has no row of run main", "bazaard reset"});
    }
}

TEST_F(other_times, rows_of_an_earlier_time_are_told)
{
    const auto at = shop(60);
    keep(at, "demo", tables);
    ASSERT_EQ(run(at, 160).status, 0);
    put_back(at, "demo", tables);
    const auto done = run(at, 260);
    expect_says(done, 78, {"table demo.orders ends at unit", "restored from another time", "bazaard reset"});
    // Not the second start either.
    EXPECT_EQ(run(at, 260).status, 78);
}

TEST_F(other_times, records_of_an_earlier_time_are_told)
{
    const auto at = shop(60);
    keep(at, "bazaard", records);
    ASSERT_EQ(run(at, 160).status, 0);
    put_back(at, "bazaard", records);
    expect_says(run(at, 260), 78, {"its record in the schema bazaard ends at unit", "older than the rows"});
}

TEST_F(other_times, both_of_an_earlier_time_are_fine_and_so_are_rows_deleted_by_hand)
{
    const auto at = shop(60);
    keep(at, "demo", tables);
    keep(at, "bazaard", records);
    ASSERT_EQ(run(at, 160).status, 0);
    put_back(at, "demo", tables);
    put_back(at, "bazaard", records);
    EXPECT_EQ(run(at, 160).status, 0);
    EXPECT_EQ(run_bazaard("verify", at, {"tables"}).status, 0);
    sql(at, "DELETE FROM demo.order_items WHERE id = (SELECT max(id::text)::uuid FROM demo.order_items)");
    EXPECT_EQ(run(at, 200, {"--max-rejected", "1000"}).status, 0);
    EXPECT_EQ(run_bazaard("verify", at, {"tables"}).status, 1) << "verify finds it";
}

// ---- sessions that the server does not take

TEST_F(odd_server, says_why_the_server_takes_no_session)
{
    const auto at = shop();
    const words now{"--wait-for-db", "0s"};
    const auto not_running = [](const finished& done) { EXPECT_EQ(done.err.find("is it running"), std::string::npos); };
    auto admin = at;
    admin.name = "postgres";
    sql(admin, "ALTER DATABASE " + *at.name + " ALLOW_CONNECTIONS false");
    auto done = run_bazaard("init", at, now);
    expect_says(done, 69, {"ALLOW_CONNECTIONS true"});
    not_running(done);
    sql(admin, "ALTER DATABASE " + *at.name + " ALLOW_CONNECTIONS true");

    sql(at, "DROP ROLE IF EXISTS limited; CREATE ROLE limited LOGIN PASSWORD 'x' CONNECTION LIMIT 0");
    auto limited = postgres_cluster::get().over_tcp(at);
    limited.user = "limited";
    limited.password = "x";
    done = run_bazaard("init", limited, now);
    expect_says(done, 69, {"too many connections", "CONNECTION LIMIT"});
    not_running(done);
    sql(at, "DROP ROLE limited");

    sql(at, "ALTER DATABASE " + *at.name + " SET default_transaction_read_only = on");
    for (const char* command : {"init", "run"})
        expect_says(run_bazaard(command, at, now), 69,
                    {"read-only by default_transaction_read_only, which is set for the database", "bazaard doctor"});

    // Where nobody answers at all, the question is right.
    auto nowhere = at;
    nowhere.host = "127.0.0.1";
    nowhere.port = "1";
    expect_says(run_bazaard("init", nowhere, now), 69, {"is it running"});
}

TEST_F(odd_server, says_that_a_synchronous_standby_is_away)
{
    postgres_server server;
    const auto at = server.fresh_database();
    server.set("synchronous_standby_names", "elsewhere");
    server.reload();
    expect_says(run_bazaard("init", at, {"--wait-for-db", "0s"}), 69,
                {"waits for a synchronous standby", "synchronous_standby_names is 'elsewhere'", "ALTER SYSTEM"});
    // Who does not wait for it is not held up.
    auto local = at;
    local.url = "options='-c synchronous_commit=local'";
    EXPECT_EQ(run_bazaard("init", local, {"--wait-for-db", "0s"}).status, 0);
    server.set("synchronous_standby_names", "");
    server.reload();
    EXPECT_EQ(run(at, 20).status, 0);
}

}  // namespace
}  // namespace bazaar::test
