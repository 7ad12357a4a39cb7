// Shops that are files, captured: the server's stream and dumps of events are proven, and what is lost, doubled or altered is named.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"
#include "support/change_stream.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"
#include "support/told_stream.hpp"
#include "support/tutorial.hpp"

namespace bazaar::test
{
namespace
{

/// The file of the tutorial's last step, so fast that seconds have something of all.
std::string fast_bookshop()
{
    auto text = tutorial_shop();
    for (const auto& [slow, fast] : std::vector<std::pair<std::string, std::string>>{
             {"{rate: 6/h, hours: shop, curve: day, speed: = pace}", "{rate: 40/s, speed: = pace}"},
             {"{rate: 2/h}", "{rate: 4/s}"},
             {"{every: 5m..15m}", "{every: 300ms..900ms}"},
             {"after: 2h..2d", "after: 500ms..2s"},
             {"after: 10m..6h", "after: 100ms..1s"},
             {"after: 3d..14d", "after: 1s..3s"},
             {"{duration: 14d,", "{duration: 0s,"}})
    {
        const auto place = text.find(slow);
        EXPECT_NE(place, text.npos) << slow;
        text.replace(place, slow.size(), fast);
    }
    return text;
}

class scenario_stream : public testing::Test
{
protected:
    scenario_stream() { std::filesystem::create_directories(directory_); }
    ~scenario_stream() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const
    {
        const auto path = directory_ + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

    [[nodiscard]] finished good(const std::string& command, const std::vector<std::string>& words) const
    {
        auto left = run_bazaard(command, database_, words);
        EXPECT_EQ(left.status, 0) << command << ' ' << testing::PrintToString(words) << left.out << left.err;
        return left;
    }

    static postgres_server::options logical()
    {
        postgres_server::options how;
        how.settings = {{"wal_level", "logical"}};
        how.fsync = false;
        return how;
    }

    std::string directory_ = testing::TempDir() + "bazaard-file-stream-" + std::to_string(getpid());
    postgres_server server_{logical()};
    postgres::connection_flags database_ = server_.fresh_database();
    sql_client link_{database_};
};

TEST_F(scenario_stream, of_the_server_is_proven_while_the_shop_runs)
{
    const auto shop = file("fast.yaml", fast_bookshop());
    // Schema demo is what support looks at.
    static_cast<void>(good("init", {"--scenario", shop, "--db-schema", "demo", "--cdc", "--cdc-password-file",
                                    file("password", "s3cret\n")}));
    auto daemon = start_bazaard("run", database_, {"--scenario", shop, "--db-schema", "demo", "--seed", "3"});
    ASSERT_TRUE(eventually([&] { return one(link_, "SELECT count(*) > 60 FROM demo.orders") == "t"; }));

    const auto clean = verify_stream_for("4s", 0, database_, link_);
    EXPECT_EQ(clean["verdict"], "clean") << clean.dump(1);
    EXPECT_GT(clean["figures"]["demanded"], 60) << clean.dump(1);

    // Somebody else's edit, of a column that no unit changes.
    const auto edited = verify_stream_for(
        "4s", 2, database_, link_,
        [&]
        {
            link_.exec("UPDATE demo.customers SET name = 'Nobody' WHERE customer_id = (SELECT customer_id FROM "
                       "demo.customers ORDER BY created_at, customer_id LIMIT 1)");
        });
    EXPECT_EQ(edited["counts"]["foreign edit"], 1) << edited.dump(1);

    // What the publication leaves out from now on is lost.
    const auto lost = verify_stream_for("4s", 1, database_, link_,
                                        [&] { link_.exec("ALTER PUBLICATION bazaard_demo DROP TABLE demo.orders"); });
    EXPECT_GT(lost["counts"]["lost"], 0) << lost.dump(1);
    for (const auto& example : lost["examples"])
        EXPECT_EQ(example["table"], "orders") << lost.dump(1);

    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
}

TEST_F(scenario_stream, of_a_dump_is_proven_by_the_card_alone)
{
    const auto shop_file = file("fast.yaml", fast_bookshop());
    static_cast<void>(
        good("run", {"--scenario", shop_file, "--db-schema", "demo", "--seed", "4", "--unpaced", "--max-iter", "900"}));
    const auto card = file("card.json", good("card", {"--db-schema", "demo"}).out);
    postgres::session session(postgres::resolve(database_));
    const auto recorded = postgres::load(session, "demo", "main",
                                         [](const run::record& of) { return daemon::entry_of(of).fields; });
    ASSERT_TRUE(recorded);
    const auto made = daemon::make_stage(*recorded, "");
    const auto sent = told_stream(*made.shop, *recorded, recorded->settled);
    ASSERT_GT(sent.size(), 1'500);
    std::filesystem::remove(shop_file);

    const auto judged = [&](int status, const std::vector<std::string>& messages)
    {
        std::string text;
        for (const auto& one : messages)
            text += one + '\n';
        const auto left = run_bazaard("verify", {}, {"events", "--card", card, file("events.jsonl", text)});
        EXPECT_EQ(left.status, status) << left.out << left.err;
        return left.out;
    };
    std::vector<std::string> whole;
    for (const auto& one : sent)
        whole.push_back(one.json);
    EXPECT_NE(judged(0, whole).find("clean"), std::string::npos);

    // An update of an order in the middle.
    auto victim = sent.size() / 2;
    while (sent[victim].table != "orders" || sent[victim].json.find("\"op\":\"u\"") == std::string::npos)
        ++victim;
    const auto place = whole.begin() + static_cast<std::ptrdiff_t>(victim);
    const auto names = [&](const std::string& told, const std::string& defect)
    {
        EXPECT_NE(told.find(defect + ": orders " + sent[victim].key), told.npos) << told;
        EXPECT_EQ(told.find(defect + ": "), told.rfind(defect + ": ")) << "nothing else: " << told;
    };
    auto harmed = whole;
    harmed.erase(harmed.begin() + static_cast<std::ptrdiff_t>(victim));
    names(judged(1, harmed), "lost");

    harmed = whole;
    harmed.insert(harmed.begin() + static_cast<std::ptrdiff_t>(victim), *place);
    names(judged(1, harmed), "doubled");

    harmed = whole;
    auto value = nlohmann::json::parse(*place);
    value["after"]["quantity"] = value["after"]["quantity"].get<int>() + 1;
    harmed[victim] = value.dump();
    names(judged(1, harmed), "altered");
}

}  // namespace
}  // namespace bazaar::test
