#include "support/change_stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

/// Value of a column in a decoded row.
std::string column(const std::string& text, const std::string& name)
{
    const auto at = text.find(name + "[");
    const auto quote = text.find(":'", at);
    return at == std::string::npos ? "" : text.substr(quote + 2, text.find('\'', quote + 2) - quote - 2);
}

/// What is wrong with an update; empty when nothing is.
std::string update_fault(const std::string& text)
{
    const auto tuple = text.find(" new-tuple: ");
    if (!text.starts_with("old-key: ") || tuple == std::string::npos)
        return "no before image: " + text;
    // The before image leaves NULLs out.
    std::string after = text.substr(tuple + 12);
    for (std::size_t at; (at = after.find(":null")) != std::string::npos;)
    {
        const auto blank = after.rfind(' ', after.rfind('[', at));
        after.erase(blank, at + 5 - blank);
    }
    return text.substr(9, tuple - 9) == after ? "an update that changes nothing: " + text : std::string();
}

}  // namespace

void tap_stream(sql_client& on)
{
    for (const char* table : {"users", "orders", "order_items"})
        on.exec(std::string("ALTER TABLE demo.") + table + " REPLICA IDENTITY FULL");
    on.exec("SELECT pg_create_logical_replication_slot('tap', 'test_decoding')");
}

std::vector<decoded> read_slot(sql_client& on)
{
    std::vector<decoded> changes;
    std::istringstream lines(
        rows(on, "SELECT xid, replace(data, E'\\n', ' ') FROM pg_logical_slot_get_changes('tap', NULL, NULL)"));
    for (std::string line; std::getline(lines, line);)
    {
        const auto bar = line.find('|');
        const auto text = line.substr(bar + 1);
        if (!text.starts_with("table demo."))
            continue;
        const auto colon = text.find(": ");
        const auto op_end = text.find(": ", colon + 2);
        changes.push_back({line.substr(0, bar), text.substr(11, colon - 11), text.substr(colon + 2, op_end - colon - 2),
                           text.substr(op_end + 2)});
    }
    return changes;
}

std::vector<std::string> stream_faults(const std::vector<decoded>& changes)
{
    std::vector<std::string> faults;
    const std::map<std::string, int> ranks{{"users", 0}, {"orders", 1}, {"order_items", 2}, {"events", 3}};
    std::map<std::string, int> seen;                  // Highest rank so far, by transaction.
    std::map<std::string, std::string> xid_of_order;  // By id.
    std::set<std::string> buying;                     // Transactions with an order.
    std::set<std::pair<std::string, std::string>> inserted;
    for (const auto& c : changes)
    {
        const auto rank = ranks.find(c.table);
        if (rank == ranks.end())
            continue;
        if (seen[c.xid] > rank->second)
            faults.push_back("parents come first: " + c.table + " in " + c.xid);
        seen[c.xid] = std::max(seen[c.xid], rank->second);
        if (c.op == "INSERT" && !inserted.emplace(c.table, column(c.text, "id")).second)
            faults.push_back("a row comes twice: " + c.text);
        if (c.op == "INSERT" && c.table == "orders")
        {
            xid_of_order[column(c.text, "id")] = c.xid;
            buying.insert(c.xid);
        }
        if (c.op == "INSERT" && c.table == "order_items" && xid_of_order[column(c.text, "order_id")] != c.xid)
            faults.push_back("item without its order in the same transaction: " + c.text);
        if (c.op == "INSERT" && c.table == "events" && column(c.text, "event_type") == "purchase" &&
            !buying.contains(c.xid))
            faults.push_back("purchase without its order in the same transaction: " + c.text);
        if (c.op == "UPDATE")
            if (const auto fault = update_fault(c.text); !fault.empty())
                faults.push_back(fault);
        if (c.op == "DELETE")
            faults.push_back("a delete that nobody planned");
    }
    return faults;
}

nlohmann::json verify_stream_for(const std::string& duration, int status, const postgres::connection_flags& database,
                                 sql_client& on, const std::function<void()>& meanwhile)
{
    const auto file = testing::TempDir() + "bazaard-stream-" + std::to_string(getpid()) + ".json";
    auto verb = start_bazaard("verify", database, {"stream", "--duration", duration, "--report", file});
    if (meanwhile)
    {
        // From here on it is in the stream.
        while (one(on, "SELECT count(*) FROM pg_replication_slots WHERE active AND confirmed_flush_lsn IS NOT NULL") ==
               "0")
            std::this_thread::yield();
        meanwhile();
    }
    const auto done = verb.wait();
    EXPECT_EQ(done.status, status) << done.out << done.err;
    // The server's side of it may live a moment longer.
    while (one(on, "SELECT count(*) FROM pg_replication_slots") != "0")
        std::this_thread::yield();
    std::ifstream in(file);
    auto report = nlohmann::json::parse(in, nullptr, false);
    std::remove(file.c_str());
    return report;
}

}  // namespace bazaar::test
