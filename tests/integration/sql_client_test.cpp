// The client through which tests look at databases: whatever it keeps to itself, a hundred tests would not see.

#include <string>

#include <gtest/gtest.h>

#include "bazaar/postgres/connection.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{

namespace
{

class client : public testing::Test
{
protected:
    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client on_{database_};
};

TEST_F(client, tells_null_from_empty_text_and_rows_from_none)
{
    const auto found = on_.exec("SELECT NULL, '', 'Größe', 12, 'a|b' UNION ALL SELECT 'x', NULL, ' ', -3, E'\\t'");
    ASSERT_EQ(found.rows(), 2);
    ASSERT_EQ(found.columns(), 5);
    EXPECT_TRUE(found.null(0, 0));
    EXPECT_EQ(found.get(0, 0), "");
    EXPECT_FALSE(found.null(0, 1));
    EXPECT_EQ(found.get(0, 1), "");
    EXPECT_EQ(found.get(0, 2), "Größe");
    EXPECT_EQ(found.number(0, 3), 12);
    EXPECT_EQ(found.number(1, 3), -3);
    EXPECT_THROW(static_cast<void>(found.number(0, 2)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(found.get(2, 0)), std::out_of_range);
    EXPECT_EQ(rows(on_, "VALUES (1, NULL), (2, '')"), "1|~\n2|\n");
    EXPECT_EQ(rows(on_, "SELECT 1 WHERE false"), "");
    EXPECT_EQ(one(on_, "SELECT NULL"), "~");
    EXPECT_ANY_THROW(static_cast<void>(one(on_, "VALUES (1), (2)")));
    EXPECT_ANY_THROW(static_cast<void>(one(on_, "SELECT 1 WHERE false")));
}

TEST_F(client, takes_parameters)
{
    EXPECT_EQ(on_.exec("SELECT $1 || '/' || $2", {"it's", ""}).get(0, 0), "it's/");
    EXPECT_EQ(on_.exec("SELECT $1::jsonb ->> 'a'", {R"({"a": "\\"})"}).get(0, 0), "\\");
}

TEST_F(client, runs_several_statements_and_gives_the_rows_of_the_last)
{
    EXPECT_EQ(
        rows(on_, "CREATE TABLE public.t (i integer); INSERT INTO public.t VALUES (1), (2); SELECT i FROM public.t"),
        "1\n2\n");
    // Together they are one transaction.
    EXPECT_EQ(on_.refusal("DELETE FROM public.t; SELECT 1/0"), "22012");
    EXPECT_EQ(one(on_, "SELECT count(*) FROM public.t"), "2");
}

TEST_F(client, keeps_a_transaction_open_that_statements_begin)
{
    sql_client other(database_);
    on_.exec("CREATE TABLE public.t (i integer)");
    on_.exec("BEGIN; LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE");
    on_.exec("INSERT INTO public.t VALUES (1)");
    EXPECT_EQ(other.refusal("LOCK TABLE public.t NOWAIT"), "25P01") << "no transaction of its own accord";
    EXPECT_EQ(other.refusal("BEGIN; LOCK TABLE public.t NOWAIT"), "55P03");
    EXPECT_EQ(other.refusal("SELECT 1"), "25P02") << "it failed, and nobody ended it";
    other.exec("ROLLBACK");
    EXPECT_EQ(one(on_, "SELECT count(*) FROM public.t"), "1");
    on_.exec("ROLLBACK");
    EXPECT_EQ(one(other, "SELECT count(*) FROM public.t"), "0");
}

TEST_F(client, says_what_the_server_refuses_and_goes_on)
{
    EXPECT_EQ(on_.refusal("SELECT 1"), "");
    EXPECT_EQ(on_.refusal("SELECT 1/0"), "22012");
    EXPECT_EQ(on_.refusal("SELEKT"), "42601");
    EXPECT_EQ(on_.refusal("SELECT * FROM nothing"), "42P01");
    on_.exec("CREATE TABLE public.t (i integer UNIQUE); INSERT INTO public.t VALUES (1)");
    EXPECT_EQ(on_.refusal("INSERT INTO public.t VALUES (1)"), "23505");
    on_.exec("CREATE ROLE nobody_much; SET ROLE nobody_much");
    EXPECT_EQ(on_.refusal("SELECT * FROM public.t"), "42501");
    on_.exec("RESET ROLE; DROP ROLE nobody_much");
    EXPECT_EQ(on_.refusal("DO $$ BEGIN RAISE 'mine' USING ERRCODE = 'BZ001'; END $$"), "BZ001");
    try
    {
        on_.exec("SELECT 1/0");
        ADD_FAILURE() << "it did not throw";
    }
    catch (const sql_failure& problem)
    {
        EXPECT_EQ(problem.state(), "22012");
        EXPECT_NE(std::string(problem.what()).find("division by zero"), std::string::npos) << problem.what();
        EXPECT_NE(std::string(problem.what()).find("SELECT 1/0"), std::string::npos) << problem.what();
    }
    EXPECT_EQ(one(on_, "SELECT 2"), "2");
    EXPECT_TRUE(on_.alive());
}

TEST_F(client, stays_lost_once_the_link_is)
{
    sql_client killer(database_);
    EXPECT_EQ(one(on_, "SELECT pg_backend_pid()"), std::to_string(on_.backend()));
    EXPECT_EQ(one(killer, "SELECT pg_terminate_backend(" + std::to_string(on_.backend()) + ", 10000)"), "t");
    EXPECT_THROW(on_.exec("SELECT 1"), sql_failure);
    EXPECT_FALSE(on_.alive());
    // Version 6 of the library would connect again, and a test would not notice.
    EXPECT_EQ(on_.refusal("SELECT 1"), "lost");
    EXPECT_FALSE(on_.alive());
}

TEST_F(client, is_no_session_of_a_daemon_and_has_no_limits)
{
    EXPECT_EQ(one(on_, "SHOW application_name"), "test");
    EXPECT_EQ(one(on_, "SHOW search_path"), "");
    EXPECT_EQ(one(on_, "SHOW statement_timeout"), "0");
    EXPECT_EQ(one(on_, "SHOW lock_timeout"), "0");
    EXPECT_EQ(one(on_, "SHOW timezone"), "UTC");
    EXPECT_EQ(one(on_, "SHOW server_version_num"), std::to_string(on_.server_version()));
    sql_client in_public(database_, "public");
    EXPECT_EQ(one(in_public, "SHOW search_path"), "public");
}

TEST_F(client, says_why_it_does_not_connect)
{
    auto wrong = database_;
    wrong.name = "it's \\ not there";
    try
    {
        const sql_client none(wrong);
        ADD_FAILURE() << "it connected";
    }
    catch (const sql_failure& problem)
    {
        EXPECT_NE(std::string(problem.what()).find("it's \\ not there"), std::string::npos) << problem.what();
    }
    wrong = database_;
    wrong.url = "options='-c work_mem=77kB'";
    EXPECT_THROW(sql_client{wrong}, std::invalid_argument) << "it is not passed over";
}

}  // namespace
}  // namespace bazaar::test
