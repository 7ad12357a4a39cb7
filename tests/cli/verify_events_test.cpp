// bazaard verify events with a connector's configuration: what its settings do to a dump is named, and what is harmed beside it found.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "bazaar/daemon/card.hpp"
#include "cli/process.hpp"
#include "support/contents.hpp"
#include "support/places.hpp"
#include "support/told_harm.hpp"
#include "support/told_stream.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

using json = nlohmann::json;

constexpr unit_no units = 800;

class verify_events : public testing::Test
{
protected:
    verify_events()
    {
        std::filesystem::create_directories(directory_);
        const auto request = request_of({{"init-num-users", "60"}});
        shop_ = look::registration().make(request);
        recorded_.seed = 7;
        recorded_.run = "main";
        recorded_.tag = run_tag("main");
        recorded_.start = {1'790'000'000'000'000};
        recorded_.scenario = std::string(shop_->name());
        recorded_.scenario_version = shop_->version();
        recorded_.catalogue = shop_->catalogue();
        recorded_.settings = {{"init-num-users", "60"}};
        recorded_.settled = units;
        recorded_.clean = true;
        sent_ = told_stream(*shop_, recorded_, units);
    }
    ~verify_events() override { std::filesystem::remove_all(directory_); }

    finished verified(const json& config, std::vector<std::string> more = {}) const
    {
        std::ofstream(directory_ + "/card.json") << bazaar::daemon::card_text(recorded_);
        std::ofstream dump(directory_ + "/events.jsonl");
        for (const auto& m : sent_)
            dump << m.json << '\n';
        dump.close();
        std::vector<std::string> words{program_path(), "verify", "events", "--card", directory_ + "/card.json"};
        if (!config.empty())
        {
            auto whole = config;
            whole["connector.class"] = "io.debezium.connector.postgresql.PostgresConnector";
            whole["topic.prefix"] = "ecomm";
            std::ofstream(directory_ + "/connector.json") << whole.dump();
            words.insert(words.end(), {"--connector-config", directory_ + "/connector.json"});
        }
        words.insert(words.end(), more.begin(), more.end());
        words.push_back(directory_ + "/events.jsonl");
        return process(words).wait();
    }

    void mask_emails()
    {
        for (auto& m : sent_)
            if (m.table == "users")
                edit(m, [](json& value) { value["after"]["email"] = "*****"; });
    }

    std::string directory_ = testing::TempDir() + "bazaard-events-" + std::to_string(getpid());
    std::unique_ptr<scenario::scenario> shop_;
    run::record recorded_;
    messages sent_;
};

TEST_F(verify_events, name_a_setting_and_a_loss_beside_it)
{
    EXPECT_EQ(verified({}).status, 0) << verified({}).out << verified({}).err;
    mask_emails();
    const json masks{{"column.mask.with.5.chars", "demo.users.email"}};
    const auto masked = verified(masks);
    EXPECT_EQ(masked.status, 2) << masked.out << masked.err;
    EXPECT_NE(masked.out.find("not proven: table users, column email: not compared: by column.mask.with.5.chars"),
              std::string::npos)
        << masked.out;
    // Without the configuration it is altered, and the setting a hint.
    const auto altered = verified({});
    EXPECT_EQ(altered.status, 1) << altered.out << altered.err;
    EXPECT_NE(altered.out.find("hint: users.email is altered as column.mask.with.5.chars would do it"),
              std::string::npos)
        << altered.out;
    EXPECT_NE(altered.out.find("hint: --connector-config"), std::string::npos) << altered.out;
    const auto victim = std::ranges::find_if(sent_, [](const told_message& m)
                                             { return m.table == "orders" && m.unit != no_unit && m.unit > 100; });
    const auto key = victim->key;
    sent_.erase(victim);
    const auto lost = verified(masks);
    EXPECT_EQ(lost.status, 1) << lost.out << lost.err;
    EXPECT_NE(lost.out.find("lost: orders " + key), std::string::npos) << lost.out;
}

TEST_F(verify_events, of_a_part_of_the_tables)
{
    std::erase_if(sent_, [](const told_message& m) { return m.table == "events" || m.table == "users"; });
    const auto all = verified({}, {"--up-to", std::to_string(units)});
    EXPECT_EQ(all.status, 1) << all.out << all.err;
    EXPECT_NE(all.out.find("hint: there is no change of table events in the stream"), std::string::npos) << all.out;
    const auto part = verified({}, {"--up-to", std::to_string(units), "--table", "orders,order_items"});
    EXPECT_EQ(part.status, 0) << part.out << part.err;
    EXPECT_NE(part.out.find(", of tables orders, order_items alone"), std::string::npos) << part.out;
    const auto unknown = verified({}, {"--table", "order"});
    EXPECT_EQ(unknown.status, 64) << unknown.out;
    EXPECT_NE(unknown.err.find("--table order: must be some of: dist_centers, products, users"), std::string::npos)
        << unknown.err;
}

TEST_F(verify_events, that_end_early_are_demanded_up_to_a_unit)
{
    std::erase_if(sent_, [](const told_message& m) { return m.unit != no_unit && m.unit >= 700; });
    // The last of those is there in part.
    sent_.erase(std::prev(sent_.end()));
    const auto early = verified({}, {"--up-to", "600"});
    EXPECT_EQ(early.status, 0) << early.out << early.err;
    EXPECT_NE(early.out.find("not here yet 10"), std::string::npos) << early.out;
    EXPECT_EQ(verified({}, {"--up-to", "800"}).status, 1);
    const auto beyond = verified({}, {"--up-to", "801"});
    EXPECT_EQ(beyond.status, 64) << beyond.out;
    EXPECT_NE(beyond.err.find("--up-to 801: the card ends at unit 800"), std::string::npos) << beyond.err;
}

TEST_F(verify_events, of_pipes)
{
    ASSERT_EQ(verified({}).status, 0);
    const auto by_bash = [&](const std::string& script)
    {
        return process({"/bin/bash", "-euc", script, "bash", program_path(), directory_ + "/card.json",
                        directory_ + "/events.jsonl"})
            .wait();
    };
    EXPECT_EQ(by_bash("exec \"$1\" verify events --card \"$2\" <(cat \"$3\")").status, 0);
    EXPECT_EQ(by_bash("cat \"$3\" | \"$1\" verify events --card \"$2\" -").status, 0);
    EXPECT_EQ(by_bash("exec \"$1\" verify events --card \"$2\" - <\"$3\"").status, 0);
    // What is written slowly, and in two pipes side by side.
    EXPECT_EQ(by_bash("exec \"$1\" verify events --card \"$2\" <(head -n 50 \"$3\") <(tail -n +51 \"$3\")").status, 0);
    // Negative control: half of it is not all.
    const auto half = by_bash("exec \"$1\" verify events --card \"$2\" <(head -n 50 \"$3\")");
    EXPECT_NE(half.status, 0) << half.out;
    for (const auto* odd : {"/dev/zero", "/dev/random", "/"})
        EXPECT_EQ(by_bash(std::string("exec \"$1\" verify events --card \"$2\" ") + odd).status, 66) << odd;
    EXPECT_EQ(by_bash("exec \"$1\" verify events --card \"$2\" - </dev/zero").status, 66);
    // A line without an end, which is no device.
    const auto wide = by_bash("exec \"$1\" verify events --card \"$2\" <(head -c 100000000 /dev/zero)");
    EXPECT_EQ(wide.status, 65) << wide.err;
    EXPECT_NE(wide.err.find("line 1 is longer than"), std::string::npos) << wide.err;
}

TEST_F(verify_events, a_signal_ends_the_waiting_for_a_pipe)
{
    ASSERT_EQ(verified({}).status, 0);
    const auto pipe = directory_ + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const int signal : {SIGTERM, SIGINT})
    {
        process waiting({program_path(), "verify", "events", "--card", directory_ + "/card.json", pipe});
        // Waits until the program has opened its end.
        const int writer = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
        ASSERT_GE(writer, 0);
        const auto line = sent_.front().json + "\nhalf of a li";
        EXPECT_EQ(::write(writer, line.data(), line.size()), static_cast<ssize_t>(line.size()));
        waiting.send(signal);
        const auto left = waiting.wait();
        EXPECT_EQ(left.status, 2) << left.out << left.err;
        EXPECT_NE(left.out.find("partial"), std::string::npos) << left.out;
        ::close(writer);
    }
}

TEST_F(verify_events, a_report_is_whole_or_the_old_one)
{
    const auto report = directory_ + "/report.json";
    const auto text = [&] { return contents(report); };
    std::ofstream(report) << "old";
    ASSERT_EQ(verified({}, {"--report", report}).status, 0);
    EXPECT_EQ(json::parse(text()).at("verdict"), "clean");
    std::ofstream(report) << "old";
    // A mistake, in the middle of it: the second dump is not there.
    EXPECT_EQ(verified({}, {"--report", report, directory_ + "/none"}).status, 66);
    EXPECT_EQ(text(), "old");
    for (const auto& one : std::filesystem::directory_iterator(directory_))
        EXPECT_EQ(one.path().filename().string().find(".part"), std::string::npos) << one.path();
    // Onto what is read: under another name, too.
    const auto other = directory_ + "/other.json";
    std::ofstream(report) << "{}";
    std::filesystem::create_hard_link(report, other);
    EXPECT_EQ(verified({}, {"--report", other, report}).status, 64);
    EXPECT_EQ(text(), "{}");
    std::filesystem::remove(other);
    // Into what is no file.
    const auto both = verified({}, {"--report", "/dev/stdout"});
    EXPECT_EQ(both.status, 0) << both.err;
    EXPECT_NE(both.out.find("\"verdict\""), std::string::npos) << both.out;
    EXPECT_EQ(verified({}, {"--report", "/dev/full"}).status, 74);
    EXPECT_EQ(verified({}, {"--report", directory_}).status, 73);
    EXPECT_EQ(verified({}, {"--report", "/nowhere/report"}).status, 73);
    const auto pipe = directory_ + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(verified({}, {"--report", pipe}).status, 73) << "nobody reads it";
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_EQ(verified({}, {"--report", pipe}).status, 0);
    char first = 0;
    EXPECT_EQ(::read(reader, &first, 1), 1);
    EXPECT_EQ(first, '{');
    ::close(reader);
}

}  // namespace
}  // namespace bazaar::test
