// A role that may make schemas tries to have code of its own run by whoever keeps the shop: a superuser, the ordinary owner, the
// writer. Each trap is set as it would have been before; it is proven to work by stepping on it without bazaard.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/session.hpp"
#include "support/daemon.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using postgres::connection_flags;
using words = std::vector<std::string>;

const words short_run{"--seed", "11", "--unpaced", "--max-iter", "20", "--init-num-users", "20", "--workers", "2"};
const words longer_run{"--unpaced", "--max-iter", "30", "--workers", "2"};

words with(words first, const words& more)
{
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

postgres_server::options without_fsync()
{
    postgres_server::options how;
    how.fsync = false;
    how.settings = {{"wal_level", "logical"}};
    return how;
}

/// What the stranger has ready: everything that runs it makes the role `marked`, or the stranger a superuser.
constexpr std::string_view loot =
    "CREATE SCHEMA lair AUTHORIZATION stranger; GRANT USAGE ON SCHEMA lair TO PUBLIC; SET ROLE stranger; "
    "CREATE TABLE lair.victims (who text); GRANT INSERT ON lair.victims TO PUBLIC; "
    "CREATE FUNCTION lair.take() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN INSERT INTO lair.victims VALUES "
    "(session_user); "
    "BEGIN ALTER ROLE stranger SUPERUSER; EXCEPTION WHEN insufficient_privilege THEN NULL; END; RETURN true; END$$; "
    "CREATE FUNCTION lair.trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM lair.take(); RETURN NEW; END$$; "
    "CREATE FUNCTION lair.check_it(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN lair.take(); END$$; "
    "CREATE FUNCTION lair.city() RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM lair.take(); RETURN 'x'; END$$; "
    "CREATE DOMAIN lair.note AS text CHECK (lair.check_it(VALUE)); GRANT USAGE ON DOMAIN lair.note TO PUBLIC; RESET "
    "ROLE;";

class hostile_role : public testing::Test
{
protected:
    static void SetUpTestSuite() { server_ = new postgres_server(without_fsync()); }
    static void TearDownTestSuite()
    {
        delete server_;
        server_ = nullptr;
    }

    hostile_role()
    {
        database_ = server_->fresh_database();
        superuser_ = *database_.user;
        sql("DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stranger') THEN "
            "CREATE ROLE stranger LOGIN PASSWORD 'x'; CREATE ROLE keeper LOGIN PASSWORD 'x'; "
            "CREATE ROLE lone_writer LOGIN PASSWORD 'x'; CREATE ROLE known_writer LOGIN PASSWORD 'x'; "
            "GRANT known_writer TO keeper; CREATE ROLE house NOLOGIN; CREATE ROLE deployer LOGIN PASSWORD 'x' IN ROLE "
            "house; "
            "END IF; END$$");
        sql("ALTER ROLE stranger NOSUPERUSER");
        sql("DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO stranger, keeper, house', current_database()); "
            "END$$");
    }

    [[nodiscard]] connection_flags as(const std::string& role) const
    {
        auto to = database_;
        to.user = role;
        if (role != superuser_)
            to.password = "x";
        return to;
    }

    void sql(const std::string& text) { server_->superuser(*database_.name).exec(text); }

    [[nodiscard]] std::string value(const std::string& text)
    {
        auto on = server_->superuser(*database_.name);
        return one(on, text);
    }

    [[nodiscard]] bool sprung()
    {
        return value("SELECT rolsuper FROM pg_roles WHERE rolname = 'stranger'") == "t" ||
               value("SELECT count(*) FROM lair.victims") != "0";
    }

    /// The shop of this owner, with grants for the writers, and one run by each who will be a victim.
    void make_shop(const std::string& owner)
    {
        for (const char* writer : {"lone_writer", "known_writer"})
        {
            const auto made = run_bazaard("init", as(owner), {"--writer-role", writer});
            ASSERT_EQ(made.status, 0) << made.err;
        }
        sql(std::string(loot));
    }

    /// Goes on in a copy of the database.
    void copy_of(const connection_flags& original)
    {
        static int number = 0;
        database_ = original;
        database_.name = *original.name + "_" + std::to_string(++number);
        server_->superuser().exec("CREATE DATABASE " + *database_.name + " TEMPLATE " + *original.name);
    }

    void drop_copy() { server_->superuser().exec("DROP DATABASE " + *database_.name + " WITH (FORCE)"); }

    static postgres_server* server_;
    connection_flags database_;
    std::string superuser_;
};

postgres_server* hostile_role::server_ = nullptr;

void expect_refused(const finished& left, std::string_view says)
{
    EXPECT_EQ(left.status, 78) << left.out << left.err;
    EXPECT_NE(left.err.find(says), std::string::npos) << says << "\n" << left.err;
}

/// `run` with options of libpq in the environment.
finished run_with(const std::string& pgoptions, const connection_flags& to, const words& more)
{
    return process(with(with({program_path(), "run"}, database_arguments(to)), more), {{"PGOPTIONS", pgoptions}})
        .wait(std::chrono::minutes(2));
}

/// The end of each fault that is a statement for a superuser.
words remedies(const finished& left)
{
    words all;
    std::size_t at = 0;
    while (at < left.err.size())
    {
        const auto end = std::min(left.err.find('\n', at), left.err.size());
        const auto line = left.err.substr(at, end - at);
        at = end + 1;
        const auto place = line.rfind("; ");
        if (!line.starts_with("bazaard: ") || place == line.npos)
            continue;
        const auto last = line.substr(place + 2);
        for (const char* word : {"ALTER ", "DROP ", "REVOKE ", "GRANT "})
            if (last.starts_with(word))
                all.push_back(last);
    }
    return all;
}

struct trap
{
    std::string name;
    std::string sql;      ///< As superuser: what the stranger, or somebody's carelessness, has left behind.
    std::string says;     ///< Part of the refusal.
    bool mends = true;    ///< What the refusal says mends it.
    std::string step{};   ///< Springs it without bazaard.
    bool by_all = false;  ///< Set for each victim; the others for one.
};

const std::string a_function =
    "(SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'bazaard'::regnamespace AND "
    "proname LIKE 'purchase%')";

/// Runs format() with the signature of the function that writes a purchase.
std::string of_function(const std::string& text)
{
    return "DO $do$BEGIN EXECUTE format($f$" + text + "$f$, " + a_function + "); END$do$";
}

/// A function with the same arguments and another body: what the issue saw.
const std::string replaced =
    "DO $do$DECLARE f regprocedure := " + a_function +
    "; BEGIN EXECUTE format('CREATE OR REPLACE FUNCTION %s RETURNS bigint LANGUAGE plpgsql SET enable_seqscan = off AS "
    "$body$BEGIN PERFORM lair.take(); RETURN 0; END$body$', f); END$do$";

const std::vector<trap>& traps()
{
    static const std::vector<trap> all{
        {"schema_of_functions", "ALTER SCHEMA bazaard OWNER TO stranger", "schema bazaard: its owner is \"stranger\""},
        {"schema_of_tables", "ALTER SCHEMA demo OWNER TO stranger", "schema demo: its owner is \"stranger\""},
        {"function_of_stranger", of_function("ALTER FUNCTION %s OWNER TO stranger"), "its owner is \"stranger\"", true,
         "", true},
        {"body", replaced, "it is not as bazaard makes it, by its body", false, "", true},
        {"definer", of_function("ALTER FUNCTION %s SECURITY DEFINER"), "by SECURITY DEFINER", false},
        {"settings", of_function("ALTER FUNCTION %s SET search_path = lair"), "by its settings", false},
        {"without_settings", of_function("ALTER FUNCTION %s RESET ALL"), "by its settings", false},
        {"volatility", of_function("ALTER FUNCTION %s STABLE"), "by its volatility", false},
        {"strict", of_function("ALTER FUNCTION %s STRICT"), "by its volatility", false},
        {"overload",
         "DO $do$BEGIN EXECUTE format('CREATE FUNCTION bazaard.%I(VARIADIC anyarray) RETURNS bigint LANGUAGE sql AS "
         "''SELECT 0''', (SELECT proname FROM pg_proc WHERE oid = " +
             a_function + ")); END$do$",
         "bazaard has made none of this name with these arguments"},
        {"trigger", "CREATE TRIGGER loot BEFORE INSERT ON demo.orders FOR EACH ROW EXECUTE FUNCTION lair.trap()",
         "table demo.orders: its trigger loot leads to the function lair.trap()", true,
         "INSERT INTO demo.orders SELECT * FROM demo.orders LIMIT 1", true},
        {"own_trigger",
         "CREATE TRIGGER loot AFTER UPDATE ON bazaard.run FOR EACH STATEMENT EXECUTE FUNCTION lair.trap()",
         "table bazaard.run: its trigger loot leads to", true, "UPDATE bazaard.run SET clean = clean"},
        {"right_to_triggers", "GRANT TRIGGER ON demo.users TO stranger", "\"stranger\" has the privilege TRIGGER"},
        {"right_to_refer_to_a_column", "GRANT REFERENCES (id) ON demo.users TO stranger",
         "\"stranger\" has the privilege REFERENCES"},
        {"right_of_all", "GRANT TRIGGER ON bazaard.lease TO PUBLIC", "PUBLIC has the privilege TRIGGER"},
        {"right_to_make", "GRANT CREATE ON SCHEMA bazaard TO stranger", "\"stranger\" has the privilege CREATE", true,
         "", true},
        {"right_to_make_tables", "GRANT CREATE ON SCHEMA demo TO PUBLIC", "PUBLIC has the privilege CREATE"},
        {"rule", "CREATE RULE loot AS ON INSERT TO demo.events DO ALSO SELECT lair.take()",
         "table demo.events: its rule loot leads to the function lair.take()", true,
         "INSERT INTO demo.events SELECT * FROM demo.events LIMIT 0"},
        {"rule_into_a_table",
         "CREATE TABLE lair.log (x text); ALTER TABLE lair.log OWNER TO stranger; GRANT INSERT ON lair.log TO PUBLIC; "
         "CREATE TRIGGER loot BEFORE INSERT ON lair.log FOR EACH ROW EXECUTE FUNCTION lair.trap(); "
         "CREATE RULE honest AS ON INSERT TO demo.orders DO ALSO INSERT INTO lair.log VALUES ('x')",
         "table demo.orders: its rule honest leads to the function lair.trap()", true,
         "INSERT INTO demo.orders SELECT * FROM demo.orders LIMIT 1", true},
        {"rule_through_a_view",
         "CREATE TABLE lair.log (x text); CREATE VIEW lair.door AS SELECT x FROM lair.log; CREATE RULE loot AS ON "
         "INSERT "
         "TO lair.door DO INSTEAD SELECT lair.take(); ALTER VIEW lair.door OWNER TO stranger; "
         "CREATE RULE honest AS ON INSERT TO demo.users DO ALSO INSERT INTO lair.door VALUES ('x')",
         "table demo.users: its rule honest leads to the function lair.take()"},
        {"reference",
         "CREATE TABLE lair.child (id uuid REFERENCES demo.orders ON DELETE CASCADE); ALTER TABLE lair.child OWNER TO "
         "stranger; CREATE CONSTRAINT TRIGGER loot AFTER DELETE ON lair.child DEFERRABLE INITIALLY DEFERRED FOR EACH "
         "ROW "
         "EXECUTE FUNCTION lair.trap()",
         "table demo.orders: its reference by lair.child leads to the function lair.trap()", true, "", true},
        {"right_to_refer", "GRANT REFERENCES ON demo.users TO stranger", "\"stranger\" has the privilege REFERENCES"},
        {"statistics", "CREATE STATISTICS lair.loot ON (lair.check_it(city)), (lair.check_it(state)) FROM demo.users",
         "table demo.users: its statistics loot leads to the function lair.check_it(text)"},
        {"column_default", "ALTER TABLE demo.users ADD COLUMN loot text DEFAULT lair.city()",
         "its default of loot leads to the function lair.city()", false},
        {"constraint", "ALTER TABLE demo.users ADD CONSTRAINT loot CHECK (lair.check_it(city)) NOT VALID",
         "its constraint loot leads to the function lair.check_it(text)", false},
        {"type", "ALTER TABLE demo.users ADD COLUMN loot lair.note", "whose owner is \"stranger\"", false},
        {"policy", "CREATE POLICY loot ON demo.users USING (lair.check_it(city))", "its policy loot leads to"},
        {"table_of_stranger", "ALTER TABLE demo.orders OWNER TO stranger",
         "table demo.orders: its owner is \"stranger\"", true, "", true},
        {"own_table_of_stranger", "ALTER TABLE bazaard.run OWNER TO stranger",
         "table bazaard.run: its owner is \"stranger\""},
        {"signals_of_stranger",
         "CREATE TABLE demo.debezium_signal (id int); ALTER TABLE demo.debezium_signal OWNER TO "
         "stranger",
         "table demo.debezium_signal: its owner is \"stranger\""},
        {"child", "CREATE TABLE demo.child () INHERITS (demo.users); ALTER TABLE demo.child OWNER TO stranger",
         "table demo.child: its owner is \"stranger\""},
        {"parent",
         "CREATE TABLE lair.par (id uuid); ALTER TABLE lair.par OWNER TO stranger; ALTER TABLE demo.users INHERIT "
         "lair.par",
         "table demo.users: its parent lair.par leads to the table lair.par"},
        {"operator_class",
         "CREATE FUNCTION lair.compare(text, text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
         "'BEGIN RETURN bttextcmp($1, $2); END'; ALTER FUNCTION lair.compare(text, text) OWNER TO stranger; "
         "CREATE OPERATOR CLASS demo.honest FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, "
         "OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 lair.compare(text, text); "
         "CREATE INDEX loot ON demo.users (email demo.honest)",
         "table demo.users: its index loot leads to the function lair.compare(text,text)"},
        {"view",
         "ALTER TABLE demo.heartbeat RENAME TO h; CREATE VIEW demo.heartbeat AS SELECT *, lair.take() FROM demo.h; "
         "ALTER VIEW demo.heartbeat OWNER TO stranger",
         "view demo.heartbeat: its owner is \"stranger\"", false},
        {"own_view",
         "ALTER TABLE bazaard.run RENAME TO r; CREATE VIEW bazaard.run AS SELECT * FROM bazaard.r WHERE lair.take(); "
         "ALTER VIEW bazaard.run OWNER TO stranger; GRANT SELECT ON bazaard.run TO PUBLIC; GRANT USAGE ON SCHEMA "
         "bazaard TO "
         "stranger; GRANT SELECT ON bazaard.r TO stranger",
         "view bazaard.run: its owner is \"stranger\"", false, "SELECT * FROM bazaard.run"},
    };
    return all;
}

TEST_F(hostile_role, nobody_steps_into_a_trap)
{
    struct victim
    {
        std::string role;
        std::string owner;  ///< Of the shop.
        bool all = false;   ///< All of the traps.
    };
    for (const auto& [role, owner, all] : {victim{superuser_, superuser_, true},
                                           {"keeper", "keeper"},
                                           {"known_writer", "keeper"},
                                           {"lone_writer", "keeper"},
                                           {"lone_writer", superuser_}})
    {
        SCOPED_TRACE(role + " in the shop of " + owner);
        database_ = server_->fresh_database();
        sql("DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO stranger, keeper, house', current_database()); "
            "END$$");
        make_shop(owner);
        const auto honest = run_bazaard("run", as(role), short_run);
        ASSERT_EQ(honest.status, 0) << honest.err;
        const auto original = database_;
        for (const auto& one : traps())
        {
            if (!all && !one.by_all)
                continue;
            SCOPED_TRACE(one.name);
            copy_of(original);
            sql(one.sql);
            // Some are sprung by who sets them.
            sql("ALTER ROLE stranger NOSUPERUSER; TRUNCATE lair.victims");
            const auto left = run_bazaard("run", as(role), longer_run);
            expect_refused(left, one.says);
            EXPECT_NE(left.err.find("bazaard: "), std::string::npos);
            EXPECT_FALSE(sprung());
            if (one.mends && all)
            {
                const auto steps = remedies(left);
                EXPECT_FALSE(steps.empty()) << left.err;
                for (const auto& step : steps)
                    sql(step);
                const auto again = run_bazaard("run", as(role), longer_run);
                EXPECT_EQ(again.status, 0) << again.err;
                EXPECT_FALSE(sprung());
            }
            else if (all && !one.step.empty())
            {
                auto victim = server_->superuser(*database_.name);
                victim.exec(one.step);
                EXPECT_TRUE(sprung()) << "the trap is none";
                sql("ALTER ROLE stranger NOSUPERUSER");
            }
            // Whatever went wrong, the next one begins without.
            sql("ALTER ROLE stranger NOSUPERUSER");
            drop_copy();
        }
    }
}

TEST_F(hostile_role, schemas_made_before_are_refused)
{
    // The attack as it was: empty schemas, a superuser who runs, and a function that is replaced afterwards.
    auto stranger = sql_client(as("stranger"));
    stranger.exec("CREATE SCHEMA bazaard; CREATE SCHEMA demo; GRANT ALL ON SCHEMA bazaard, demo TO PUBLIC");
    for (const auto& role :
         {superuser_, std::string("keeper"), std::string("known_writer"), std::string("lone_writer")})
        for (const char* command : {"run", "init", "load"})
        {
            SCOPED_TRACE(role + " " + command);
            const auto left = run_bazaard(command, as(role),
                                          command == std::string_view("load") ? words{"--history", "1h"} : words{});
            expect_refused(left, "schema bazaard: its owner is \"stranger\"");
            expect_refused(left, "schema demo: its owner is \"stranger\"");
        }
    EXPECT_EQ(value("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN "
                    "('bazaard', 'demo')"),
              "0");
    sql("DROP SCHEMA bazaard, demo");
    EXPECT_EQ(run_bazaard("run", as(superuser_), short_run).status, 0);
}

TEST_F(hostile_role, a_whole_shop_of_the_stranger_is_none_of_a_superuser)
{
    ASSERT_EQ(run_bazaard("init", as("stranger"), {"--writer-role", "lone_writer"}).status, 0);
    ASSERT_EQ(run_bazaard("init", as("stranger"), {"--writer-role", "known_writer"}).status, 0);
    expect_refused(run_bazaard("run", as(superuser_), short_run), "whom the superuser");
    // The writer that knows its owner takes no other.
    expect_refused(run_bazaard("run", as("known_writer"), short_run), "which \"known_writer\" is not a member of");
    // The one that knows none writes only where nothing but bazaard's own hangs.
    const auto taken = run_bazaard("run", as("lone_writer"), short_run);
    EXPECT_EQ(taken.status, 0) << taken.err;
    EXPECT_NE(taken.err.find("GRANT \\\"lone_writer\\\" TO \\\"stranger\\\""), std::string::npos) << taken.err;
    sql(std::string(loot));
    sql("SET ROLE stranger; CREATE TRIGGER loot BEFORE INSERT ON demo.users FOR EACH ROW EXECUTE FUNCTION lair.trap()");
    expect_refused(run_bazaard("run", as("lone_writer"), longer_run), "its trigger loot leads to");
    EXPECT_FALSE(sprung());
}

TEST_F(hostile_role, the_owner_of_the_database_is_no_friend_of_a_superuser)
{
    sql("DO $$BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO stranger', current_database()); END$$");
    auto stranger = sql_client(as("stranger"));
    stranger.exec("CREATE SCHEMA bazaard; CREATE SCHEMA demo");
    expect_refused(run_bazaard("run", as(superuser_), short_run), "whom the superuser");
    stranger.exec("DROP SCHEMA bazaard, demo");
    // Neither does a role count that he has all take who come, nor one that he has put himself into.
    ASSERT_EQ(run_bazaard("init", as("stranger"), {}).status, 0);
    stranger.exec("ALTER DATABASE " + *database_.name + " SET role = stranger");
    expect_refused(run_bazaard("run", as(superuser_), short_run), "whom the superuser");
    stranger.exec("ALTER DATABASE " + *database_.name + " RESET role");
    // What a superuser has granted to one counts.
    sql("GRANT stranger TO " + superuser_);
    const auto ran = run_bazaard("run", as(superuser_), short_run);
    EXPECT_EQ(ran.status, 0) << ran.err;
    sql("REVOKE stranger FROM " + superuser_);
}

TEST_F(hostile_role, honest_arrangements_run)
{
    // Schemas made by an administrator, for a role that has no right to make some.
    sql("CREATE SCHEMA bazaard; CREATE SCHEMA demo; GRANT CREATE, USAGE ON SCHEMA bazaard, demo TO deployer");
    auto done = run_bazaard("run", as("deployer"), short_run);
    EXPECT_EQ(done.status, 0) << done.err;
    sql("DROP SCHEMA bazaard, demo CASCADE");
    // Those of a role that ours is a member of.
    sql("CREATE SCHEMA bazaard AUTHORIZATION house; CREATE SCHEMA demo AUTHORIZATION house");
    done = run_bazaard("run", as("deployer"), short_run);
    EXPECT_EQ(done.status, 0) << done.err;
    // A trigger of the user's own, of the house.
    sql("SET ROLE house; CREATE FUNCTION demo.mine() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$; "
        "RESET "
        "ROLE; ALTER TABLE demo.orders OWNER TO house; CREATE TRIGGER mine BEFORE INSERT ON demo.orders FOR EACH ROW "
        "EXECUTE FUNCTION demo.mine()");
    done = run_bazaard("run", as("deployer"), longer_run);
    EXPECT_EQ(done.status, 0) << done.err;
    // A superuser who works as that role, by his own word.
    sql("DO $$DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relowner = 'deployer'::regrole AND "
        "relkind = "
        "'r' LOOP EXECUTE format('ALTER TABLE %s OWNER TO house', t); END LOOP; END$$; "
        "DO $$DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc WHERE proowner = 'deployer'::regrole LOOP "
        "EXECUTE format('ALTER FUNCTION %s OWNER TO house', f); END LOOP; END$$");
    done = run_with("-c role=house", as(superuser_), {"--unpaced", "--max-iter", "40", "--workers", "2"});
    EXPECT_EQ(done.status, 0) << done.err;
    expect_refused(run_bazaard("run", as(superuser_), longer_run), "whom the superuser");
    sql("DROP SCHEMA bazaard, demo CASCADE");
    // The schema public, which is the database owner's whoever that is.
    sql("GRANT CREATE ON SCHEMA public TO keeper; DO $$BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO house', "
        "current_database()); END$$");
    done = run_bazaard("run", as("keeper"), with(short_run, {"--db-schema", "public"}));
    EXPECT_EQ(done.status, 0) << done.err;
}

// The DBA's schemas: who may use them may not let others use them, and the server only warns.
TEST_F(hostile_role, a_grant_that_is_only_a_warning_is_none)
{
    sql("CREATE SCHEMA bazaard; CREATE SCHEMA demo; GRANT ALL ON SCHEMA bazaard, demo TO keeper");
    const auto left = run_bazaard("init", as("keeper"), {"--writer-role", "lone_writer"});
    EXPECT_EQ(left.status, 77) << left.err;
    EXPECT_NE(left.err.find("let its owner run GRANT USAGE ON SCHEMA \"bazaard\" TO \"lone_writer\""),
              std::string::npos)
        << left.err;
    sql("GRANT ALL ON SCHEMA bazaard, demo TO keeper WITH GRANT OPTION");
    const auto again = run_bazaard("init", as("keeper"), {"--writer-role", "lone_writer"});
    EXPECT_EQ(again.status, 0) << again.err;
}

TEST_F(hostile_role, a_stranger_can_be_made_no_member_by_himself)
{
    // Before PostgreSQL 15 a role may give itself to others; the row is the same when a superuser writes it in its name.
    make_shop("keeper");
    sql("ALTER TABLE demo.heartbeat OWNER TO stranger");
    expect_refused(run_bazaard("run", as("keeper"), short_run), "which \"keeper\" is not a member of");
    sql("GRANT stranger TO keeper");
    const auto member = run_bazaard("run", as("keeper"), short_run);
    EXPECT_EQ(member.status, 0) << member.err;
    if (server_->superuser().server_version() < 160000)
    {
        sql("SET allow_system_table_mods = on; UPDATE pg_auth_members SET grantor = roleid WHERE roleid = "
            "'stranger'::regrole");
        expect_refused(run_bazaard("run", as("keeper"), longer_run), "which \"keeper\" is not a member of");
    }
    sql("DELETE FROM pg_auth_members WHERE roleid = 'stranger'::regrole");
}

TEST_F(hostile_role, who_may_grant_a_role_puts_nobody_into_it_whom_he_could_not_be)
{
    make_shop("keeper");
    sql("CREATE ROLE club; GRANT club TO stranger WITH ADMIN OPTION; GRANT CREATE ON SCHEMA demo TO club; "
        "ALTER TABLE demo.heartbeat OWNER TO club; REVOKE CREATE ON SCHEMA demo FROM club");
    auto stranger = sql_client(as("stranger"));
    stranger.exec("GRANT club TO keeper");
    expect_refused(run_bazaard("run", as("keeper"), short_run), "which \"keeper\" is not a member of");
    // Granted by whoever could be the keeper, it counts.
    sql("REVOKE club FROM keeper; GRANT keeper TO deployer; GRANT club TO deployer WITH ADMIN OPTION");
    sql_client(as("deployer")).exec("GRANT club TO keeper");
    const auto member = run_bazaard("run", as("keeper"), short_run);
    EXPECT_EQ(member.status, 0) << member.err;
    sql("REVOKE keeper FROM deployer; REASSIGN OWNED BY club TO keeper; DROP OWNED BY club; DROP ROLE club");
}

TEST_F(hostile_role, every_command_looks_first)
{
    make_shop(superuser_);
    ASSERT_EQ(run_bazaard("run", as(superuser_), short_run).status, 0);
    const auto original = database_;
    copy_of(original);
    sql("CREATE TRIGGER loot BEFORE INSERT OR UPDATE OR DELETE ON bazaard.run FOR EACH STATEMENT EXECUTE FUNCTION "
        "lair.trap()");
    for (const auto& one : {words{"init"}, {"run"}, {"load", "--history", "1h"}, {"reset", "--yes"}, {"cdc", "setup"}})
    {
        SCOPED_TRACE(one.front());
        expect_refused(run_bazaard(one.front(), database_, words(one.begin() + 1, one.end())), "lair.trap()");
    }
    EXPECT_FALSE(sprung());
    EXPECT_EQ(run_bazaard("card", database_, {}).status, 0) << "which only reads a table";
    drop_copy();

    copy_of(original);
    sql("ALTER TABLE bazaard.run RENAME TO r; CREATE VIEW bazaard.run AS SELECT * FROM bazaard.r WHERE lair.take(); "
        "ALTER VIEW bazaard.run OWNER TO stranger; GRANT SELECT ON bazaard.r TO stranger");
    for (const auto& one : {words{"card"},
                            {"plan", "--units", "0..1"},
                            {"answers", "--units", "0..1"},
                            {"verify", "tables"},
                            {"reset", "--yes"},
                            {"run"},
                            {"load", "--history", "1h"},
                            {"init"}})
    {
        SCOPED_TRACE(one.front());
        expect_refused(run_bazaard(one.front(), database_, words(one.begin() + 1, one.end())), "view bazaard.run: ");
        EXPECT_FALSE(sprung());
    }
    sql("SELECT count(*) FROM bazaard.run");
    EXPECT_TRUE(sprung()) << "the trap is none";
    drop_copy();
}

// A cast of the stranger's runs when a time is read.
TEST_F(hostile_role, types_of_the_stranger_are_not_read)
{
    make_shop("keeper");
    ASSERT_EQ(run_bazaard("run", as("keeper"), short_run).status, 0);
    const auto original = database_;
    for (const auto& role : {superuser_, std::string("keeper")})
    {
        copy_of(original);
        sql("SET ROLE stranger; CREATE TYPE lair.moment AS (at text); CREATE FUNCTION lair.read(lair.moment) RETURNS "
            "timestamptz LANGUAGE plpgsql AS $$BEGIN PERFORM lair.take(); RETURN now(); END$$; CREATE CAST "
            "(lair.moment AS "
            "timestamptz) WITH FUNCTION lair.read(lair.moment) AS IMPLICIT; RESET ROLE; "
            "ALTER TABLE bazaard.run ALTER start TYPE lair.moment USING ROW('x')::lair.moment");
        sql("ALTER ROLE stranger NOSUPERUSER; TRUNCATE lair.victims");
        expect_refused(run_bazaard("card", as(role), {}), "its type of start leads to the function lair.read");
        expect_refused(run_bazaard("verify", as(role), {"tables"}),
                       "its type of start leads to the function lair.read");
        EXPECT_FALSE(sprung());
        sql("SELECT extract(epoch FROM start) FROM bazaard.run");
        EXPECT_TRUE(sprung()) << "the trap is none";
        sql("ALTER ROLE stranger NOSUPERUSER");
        drop_copy();
    }
}

TEST_F(hostile_role, a_publication_of_the_stranger_is_told)
{
    make_shop("keeper");
    auto stranger = sql_client(as("stranger"));
    stranger.exec("CREATE PUBLICATION bazaard_demo");
    expect_refused(run_bazaard("cdc", as("keeper"), {"setup"}), "publication bazaard_demo: its owner is \"stranger\"");
    const auto seen = run_bazaard("doctor", as("keeper"), {"--skip", "connect,kafka"});
    EXPECT_EQ(seen.status, 3) << seen.err;
    EXPECT_NE(seen.out.find("untrusted-object: publication bazaard_demo"), std::string::npos) << seen.out;
    stranger.exec("DROP PUBLICATION bazaard_demo");
    sql(replaced);
    const auto altered = run_bazaard("doctor", as("keeper"), {"--skip", "connect,kafka"});
    EXPECT_NE(altered.out.find("altered-function: function bazaard.purchase_"), std::string::npos) << altered.out;
    EXPECT_EQ(altered.out.find("untrusted-object"), std::string::npos) << altered.out;
}

TEST_F(hostile_role, an_event_trigger_with_a_function_of_the_stranger)
{
    sql(std::string(loot) +
        "SET ROLE stranger; CREATE FUNCTION lair.ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
        "PERFORM lair.take(); END$$; RESET ROLE; "
        "CREATE EVENT TRIGGER loot ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION "
        "lair.ddl()");
    expect_refused(run_bazaard("run", as(superuser_), short_run),
                   "event trigger loot: it calls the function lair.ddl()");
    EXPECT_FALSE(sprung());
    sql("CREATE SCHEMA step");
    EXPECT_TRUE(sprung()) << "the trap is none";
    sql("ALTER ROLE stranger NOSUPERUSER; TRUNCATE lair.victims");
    expect_refused(run_bazaard("init", as("keeper"), {}), "event trigger loot: it calls the function lair.ddl()");
    EXPECT_FALSE(sprung());
    sql("DROP EVENT TRIGGER loot");
    EXPECT_EQ(run_bazaard("run", as(superuser_), short_run).status, 0);
}

TEST_F(hostile_role, functions_of_the_stranger_in_the_search_path)
{
    // As behind a pooler that takes no start-up settings. An exact match there goes before what PostgreSQL would cast for.
    make_shop("keeper");
    sql("CREATE FUNCTION lair.cardinality(uuid[]) RETURNS integer LANGUAGE plpgsql AS $$BEGIN PERFORM lair.take(); "
        "RETURN 1; "
        "END$$; ALTER FUNCTION lair.cardinality(uuid[]) OWNER TO stranger");
    expect_refused(run_with("-c search_path=public,lair", as("keeper"), short_run), "its schema is in search_path");
    EXPECT_FALSE(sprung());
    const auto ran = run_with("-c search_path=public", as("keeper"), short_run);
    EXPECT_EQ(ran.status, 0) << ran.err;
    sql("SET search_path = lair; SELECT cardinality('{}'::uuid[])");
    EXPECT_TRUE(sprung()) << "the trap is none";
}

TEST_F(hostile_role, run_warns_a_superuser)
{
    const auto warned = run_bazaard("run", as(superuser_), short_run);
    EXPECT_EQ(warned.status, 0);
    EXPECT_NE(warned.err.find("\"event\":\"superuser\""), std::string::npos) << warned.err;
    sql("DROP SCHEMA bazaard, demo CASCADE");
    const auto silent = run_bazaard("run", as("keeper"), short_run);
    EXPECT_EQ(silent.status, 0) << silent.err;
    EXPECT_EQ(silent.err.find("\"event\":\"superuser\""), std::string::npos) << silent.err;
}

}  // namespace
}  // namespace bazaar::test
