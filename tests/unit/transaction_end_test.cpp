// The topic of transaction metadata beside the events: what it counts otherwise is named, and what it agrees with proves nothing.

#include <gtest/gtest.h>

#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/judge.hpp"
#include "support/effort.hpp"
#include "support/told_harm.hpp"
#include "support/told_stream.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

using verify::defect;

constexpr unit_no all_units = 1500;

/// A stream with a BEGIN and an END of each transaction, as Debezium 3.7 writes it.
struct counted_stream
{
    struct end
    {
        std::size_t behind = 0;  ///< The message.
        std::uint64_t transaction = 0;
        std::map<std::string, int> counts;
        int begins = 1;  ///< So many BEGIN before it.
    };

    counted_stream()
    {
        recorded.seed = 7;
        recorded.tag = run_tag("main");
        recorded.start = {1'790'000'000'000'000};
        all = told_stream(*shop, recorded, all_units);
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            auto& m = all[i];
            replace(m.json, "\"transaction\":null",
                    fmt::format(R"("transaction":{{"id":"{}:1","total_order":1,"data_collection_order":1}})",
                                m.transaction));
            if (ends.empty() || ends.back().transaction != m.transaction)
                ends.push_back({i, m.transaction, {}});
            ends.back().behind = i;
            ++ends.back().counts[m.table];
        }
    }

    [[nodiscard]] verify::report judged(bool each_end = true, std::size_t keep = 1 << 16) const
    {
        const verify::subject of{*shop, recorded, id_codec(recorded.tag, recorded.seed), all_units, all_units};
        verify::report report;
        verify::judge_options how;
        how.ends = each_end;
        how.keep = keep;
        verify::judge judge(of, report, how);
        verify::debezium_reader reader(shop->tables(), "demo");
        verify::change_event e;
        verify::transaction_end told;
        auto at = ends.begin();
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            if (i != lost)
            {
                EXPECT_EQ(reader.read("ecomm.demo." + all[i].table, all[i].json, e),
                          verify::debezium_reader::outcome::change);
                judge.take(e);
            }
            for (; at != ends.end() && at->behind == i; ++at)
            {
                std::string tables;
                for (const auto& [name, count] : at->counts)
                    tables += fmt::format(R"({}{{"data_collection":"demo.{}","event_count":{}}})",
                                          tables.empty() ? "" : ",", name, count);
                for (int b = 0; b < at->begins; ++b)
                    EXPECT_FALSE(
                        reader.read_end(fmt::format(R"({{"status":"BEGIN","id":"{}:98","event_count":null,"ts_ms":1}})",
                                                    at->transaction),
                                        told));
                EXPECT_TRUE(reader.read_end(
                    fmt::format(R"({{"status":"END","id":"{}:99","event_count":1,"data_collections":[{}],"ts_ms":1}})",
                                at->transaction, tables),
                    told));
                judge.take(told);
            }
        }
        judge.finish();
        return report;
    }

    /// Number of the END of the transaction of a unit's order.
    [[nodiscard]] std::size_t end_of(std::size_t message) const
    {
        return static_cast<std::size_t>(std::ranges::find(ends, all[message].transaction, &end::transaction) -
                                        ends.begin());
    }

    /// A connector that starts again behind this END tells those before it anew, without what it has sent already.
    void restart(std::size_t behind, std::size_t count, bool begins = true)
    {
        const auto at = ends.begin() + static_cast<std::ptrdiff_t>(behind) + 1;
        std::vector<end> anew(at - static_cast<std::ptrdiff_t>(count), at);
        for (auto& e : anew)
        {
            e.behind = ends[behind].behind;
            e.counts.clear();
            e.begins = begins ? 1 : 0;
        }
        ends.insert(at, anew.begin(), anew.end());
    }

    std::shared_ptr<scenario::scenario> shop = shop_of({{"init-num-users", "60"}, {"lifecycle", "complete"}});
    run::record recorded;
    messages all;
    std::vector<end> ends;
    std::size_t lost = ~std::size_t{0};
};

bool names(const verify::report& report, const counted_stream& stream, std::size_t message, const std::string& table,
           const std::string& expected)
{
    return std::ranges::any_of(report.examples(),
                               [&](const verify::finding& f)
                               {
                                   return f.what == defect::miscounted && f.unit == stream.all[message].unit &&
                                          (table.empty() || f.table == table) && f.expected == expected &&
                                          f.key == fmt::format("transaction {}", stream.all[message].transaction);
                               });
}

TEST(transaction_end, of_a_whole_stream_is_clean)
{
    const counted_stream s;
    const auto report = s.judged();
    EXPECT_EQ(report.judge(), verify::verdict::clean) << report.text();
    EXPECT_NE(report.text().find(fmt::format("transactions counted {}", all_units)), std::string::npos)
        << report.text();
    counted_stream none;
    none.ends.clear();
    EXPECT_EQ(none.judged(false).text().find("transactions counted"), std::string::npos);
    EXPECT_EQ(none.judged(false).judge(), verify::verdict::clean);
    EXPECT_EQ(none.judged(true).count(defect::miscounted), all_units);
}

TEST(transaction_end, that_is_missing_or_counts_otherwise_is_named)
{
    const counted_stream whole;
    for (const std::size_t keep : {std::size_t{64}, std::size_t{1} << 16})
        for (std::uint64_t seed = 0; seed < tries(5); ++seed)
        {
            const auto victim = find(whole.all, "orders", 'u', seed);
            auto dropped = whole;
            dropped.ends.erase(dropped.ends.begin() + static_cast<std::ptrdiff_t>(whole.end_of(victim)));
            auto report = dropped.judged(true, keep);
            EXPECT_EQ(report.findings(), 1U) << report.text();
            EXPECT_TRUE(names(report, whole, victim, "", "its END")) << report.text();
            EXPECT_EQ(report.judge(), verify::verdict::mismatch);
            // Where its beginning is gone, nothing is demanded of it.
            EXPECT_EQ(dropped.judged(false, keep).judge(), verify::verdict::clean);

            auto counted = whole;
            ++counted.ends[whole.end_of(victim)].counts["orders"];
            report = counted.judged(true, keep);
            EXPECT_EQ(report.findings(), 1U) << report.text();
            EXPECT_TRUE(names(report, whole, victim, "orders", "2 changes by its END")) << report.text();
        }
}

TEST(transaction_end, behind_a_restart_counts_what_was_not_sent_before)
{
    const counted_stream whole;
    const auto victim = find(whole.all, "orders", 'u', 3);
    const auto at = whole.end_of(victim);

    // All of seven transactions had been sent.
    auto s = whole;
    s.restart(at, 7);
    EXPECT_EQ(s.judged().judge(), verify::verdict::clean) << s.judged().text();
    // Without a BEGIN nothing says that it started again.
    s = whole;
    s.restart(at, 7, false);
    EXPECT_GE(s.judged().count(defect::miscounted), 7U);
    EXPECT_TRUE(names(s.judged(), whole, victim, "orders", "0 changes by its END")) << s.judged().text();
    // Where the topic's beginning is gone, the first BEGIN may be gone with it.
    EXPECT_EQ(s.judged(false).judge(), verify::verdict::clean);

    // A part had been sent, and no END yet.
    s = whole;
    --s.ends[at].counts["orders"];
    EXPECT_TRUE(names(s.judged(), whole, victim, "orders", "0 changes by its END")) << s.judged().text();
    s.ends[at].begins = 2;
    EXPECT_EQ(s.judged().judge(), verify::verdict::clean) << s.judged().text();

    // More than arrived is no restart's doing.
    s = whole;
    s.ends[at].begins = 2;
    ++s.ends[at].counts["orders"];
    EXPECT_TRUE(names(s.judged(), whole, victim, "orders", "2 changes by its END")) << s.judged().text();
    EXPECT_TRUE(names(s.judged(false), whole, victim, "orders", "2 changes by its END")) << s.judged(false).text();
    // And an END behind a restart takes nothing back of what an earlier one has told.
    s = whole;
    ++s.ends[at].counts["orders"];
    s.restart(at, 7);
    EXPECT_TRUE(names(s.judged(), whole, victim, "orders", "2 changes by its END")) << s.judged().text();
    EXPECT_EQ(s.judged().findings(), 1U);
}

TEST(transaction_end, tells_a_loss_behind_the_connector_from_one_within)
{
    counted_stream s;
    s.lost = find(s.all, "order_items", 'u', 3);
    const auto table = s.all[s.lost].table;
    const auto behind = s.judged();
    EXPECT_EQ(behind.count(defect::lost), 1U) << behind.text();
    EXPECT_EQ(behind.count(defect::miscounted), 1U) << behind.text();
    // A connector that loses a change does not count it, and the loss is found all the same.
    auto& counts = s.ends[s.end_of(s.lost)].counts;
    if (--counts[table] == 0)
        counts.erase(table);
    const auto within = s.judged();
    EXPECT_EQ(within.count(defect::lost), 1U) << within.text();
    EXPECT_EQ(within.count(defect::miscounted), 0U) << within.text();
}

}  // namespace
}  // namespace bazaar::test
