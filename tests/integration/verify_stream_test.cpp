// verify stream beside a running shop: nothing wrong with what PostgreSQL streams; what does not reach the stream is missed, and what
// somebody else writes is told apart.

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/change_stream.hpp"
#include "support/daemon.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

class verify_stream : public testing::Test
{
protected:
    verify_stream()
    {
        EXPECT_EQ(run_bazaard("init", database_, {"--cdc", "--cdc-password-file", password_file()}).status, 0);
        shop_.reset(new process(start_bazaard("run", database_,
                                              {"--seed", "5", "--avg-qps", "60", "--init-num-users", "50",
                                               "--erase-prob", "0.2", "--touch-interval", "200ms"})));
        wait_for_orders(20);
    }

    ~verify_stream() override
    {
        if (shop_)
            end_shop();
        std::remove(password_file().c_str());
    }

    void end_shop()
    {
        shop_->send(SIGTERM);
        EXPECT_EQ(shop_->wait().status, 0);
        shop_.reset();
    }

    void wait_for_orders(long least)
    {
        while (!has_orders_ || std::stol(one(on_, "SELECT count(*) FROM demo.orders")) < least)
            has_orders_ = has_orders_ || one(on_, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t";
    }

    /// The verdict of listening for some seconds, as JSON; `meanwhile` happens after it has begun.
    nlohmann::json listen(int status, const std::function<void()>& meanwhile = {})
    {
        return verify_stream_for("4s", status, database_, on_, meanwhile);
    }

    static std::string password_file()
    {
        const auto file = testing::TempDir() + "bazaard-verify-password-" + std::to_string(getpid());
        std::ofstream(file) << "secret\n";
        return file;
    }

    static postgres_server::options logical()
    {
        postgres_server::options how;
        how.settings = {{"wal_level", "logical"}};
        how.fsync = false;
        return how;
    }

    postgres_server server_{logical()};
    postgres::connection_flags database_ = server_.fresh_database();
    sql_client on_{database_};
    std::unique_ptr<process> shop_;
    bool has_orders_ = false;
};

TEST_F(verify_stream, proves_what_the_server_streams)
{
    const auto report = listen(0);
    EXPECT_EQ(report["verdict"], "clean") << report.dump(1);
    EXPECT_GT(report["figures"]["demanded"], 30) << report.dump(1);
    EXPECT_GT(report["figures"]["events"], 300) << report.dump(1);
}

TEST_F(verify_stream, names_what_the_publication_leaves_out)
{
    on_.exec("ALTER PUBLICATION bazaard_demo SET (publish = 'insert')");
    const auto inserts = listen(2);
    EXPECT_EQ(inserts["counts"]["lost"], 0) << inserts.dump(1);
    EXPECT_NE(inserts["not_proven"].dump().find("by publication bazaard_demo, which does not publish updates"),
              std::string::npos)
        << inserts.dump(1);
    on_.exec("ALTER PUBLICATION bazaard_demo SET (publish = 'insert, update, delete')");
    on_.exec("ALTER PUBLICATION bazaard_demo DROP TABLE demo.events");
    const auto table = listen(2);
    EXPECT_EQ(table["counts"]["lost"], 0) << table.dump(1);
    EXPECT_NE(table["not_proven"].dump().find("table events: "), std::string::npos) << table.dump(1);
    EXPECT_NE(table["not_proven"].dump().find("by publication bazaard_demo, which does not have it"), std::string::npos)
        << table.dump(1);
    // The other tables are proven.
    const auto part = run_bazaard("verify", database_, {"stream", "--duration", "4s", "--table", "orders,order_items"});
    EXPECT_EQ(part.status, 0) << part.out << part.err;
    EXPECT_NE(part.out.find(", of tables orders, order_items alone"), std::string::npos) << part.out;
    const auto unknown = run_bazaard("verify", database_, {"stream", "--duration", "1s", "--table", "nothing"});
    EXPECT_EQ(unknown.status, 64) << unknown.err;
    EXPECT_NE(unknown.err.find("dist_centers, products, users, orders, order_items, events"), std::string::npos)
        << unknown.err;
}

TEST_F(verify_stream, misses_what_does_not_reach_it)
{
    // What the publication sends was read before: this is lost to it.
    const auto report = listen(1, [&] { on_.exec("ALTER PUBLICATION bazaard_demo DROP TABLE demo.orders"); });
    EXPECT_GT(report["counts"]["lost"], 0) << report.dump(1);
    for (const auto& example : report["examples"])
        EXPECT_EQ(example["defect"], "lost") << report.dump(1);
    EXPECT_EQ(one(on_, "SELECT count(*) FROM pg_replication_slots"), "0") << "the slot is temporary";
}

TEST_F(verify_stream, tells_the_edits_of_others_apart)
{
    // Rows of events are never changed by a unit, neither before nor after.
    while (one(on_, "SELECT count(*) > 50 FROM demo.events") != "t")
        ;
    const auto edited = listen(2,
                               [&]
                               {
                                   on_.exec(
                                       "UPDATE demo.events SET browser = 'Lynx' WHERE id = (SELECT id FROM demo.events "
                                       "ORDER BY id DESC LIMIT 1)");
                               });
    EXPECT_EQ(edited["verdict"], "not proven") << edited.dump(1);
    EXPECT_EQ(edited["counts"]["foreign edit"], 1) << edited.dump(1);
    const auto erased = listen(2,
                               [&]
                               {
                                   on_.exec(
                                       "DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id "
                                       "LIMIT 1)");
                               });
    EXPECT_EQ(erased["counts"]["foreign edit"], 1) << erased.dump(1);
}

TEST_F(verify_stream, says_what_it_lacks)
{
    end_shop();
    const auto nothing = listen(2);
    EXPECT_NE(nothing["not_proven"].dump().find("does the run go on"), std::string::npos) << nothing.dump(1);
    EXPECT_EQ(run_bazaard("verify", database_, {"stream", "--run", "none"}).status, 78);
    const auto unknown = run_bazaard("verify", database_,
                                     {"stream", "--publication-name", "nobody", "--duration", "1s"});
    EXPECT_EQ(unknown.status, 78) << unknown.err;
    EXPECT_NE(unknown.err.find("nobody"), std::string::npos) << unknown.err;
    server_.set("wal_level", "replica");
    EXPECT_TRUE(server_.stop(postgres_server::stop_mode::fast));
    server_.start();
    const auto replica = run_bazaard("verify", database_, {"stream"});
    EXPECT_EQ(replica.status, 78) << replica.err;
}

}  // namespace
}  // namespace bazaar::test
