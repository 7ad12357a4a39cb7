#include "bazaar/capture/doctor.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/size.hpp"
#include "capture/findings.hpp"

namespace bazaar::capture
{
namespace
{

constexpr auto bad = severity::error;
constexpr auto warning = severity::warning;
constexpr auto notice = severity::notice;

constexpr std::array table_of_ailments{
    // The server
    ailment{"server-version", notice, "This version has not been tested; the tested ones are 14 to 18."},
    ailment{"server-standby", bad, "A standby accepts no rows of the shop, and the heartbeat cannot be written."},
    ailment{"server-read-only", bad, "The server refuses the shop's units and the connector's heartbeat."},
    ailment{"database-encoding", bad, "The shop's rows cannot be written: init and run refuse the database."},
    ailment{"wal-level", bad, "The server cannot decode changes: no slot can be made for a connector."},
    ailment{"no-free-slot", bad, "The connector cannot make its slot, and fails."},
    ailment{"no-free-sender", bad, "The connector cannot begin to stream, and fails."},
    ailment{"slot-keep-unlimited", notice,
            "A slot whose consumer is away keeps the log until the disk is full, which stops the server."},
    ailment{"slot-keep-small", warning,
            "After a short absence of the connector the slot is lost, and changes with it."},
    ailment{"idle-slot-timeout", warning,
            "The server invalidates the slot of a connector that is away for that long, and changes are lost with it."},
    ailment{"sender-timeout-off", notice,
            "The server never notices that a connector's machine is gone: the slot stays in use, and nothing else can "
            "use it."},
    ailment{"sender-timeout-short", warning,
            "The connector reports only every 10 s, so the server ends its session again and again."},
    ailment{
        "long-transaction", warning,
        "No slot moves past it: the log grows, a restarted connector reads all of it again, and a new slot waits for "
        "its end."},
    ailment{"prepared-transaction", warning,
            "No slot moves past it, even after a restart of the server: the log grows until somebody ends it."},
    // Whose it is
    ailment{
        "untrusted-object", bad,
        "That role could make whoever writes or reads run its code: init, run, load, reset and cdc setup refuse it."},
    ailment{"altered-function", bad, "What it does is unknown: init, run and load refuse it."},
    // Tables
    ailment{"table-missing", bad, "There is nothing to capture."},
    ailment{"table-unlogged", bad, "Changes of an unlogged table are not in the log: none of them arrives."},
    ailment{"key-missing", bad,
            "The server refuses updates and deletes, or they arrive without a key, so their order is not kept."},
    ailment{"replica-identity-nothing", bad, "The server refuses updates and deletes of a published table."},
    ailment{"replica-identity-index", bad,
            "The index is missing or invalid: the server refuses updates and deletes of a published table."},
    ailment{"toast-columns", notice,
            "An update that does not change such a value arrives with a placeholder instead of it."},
    ailment{"row-security", bad, "The snapshot lacks rows that the connector's role may not see."},
    ailment{"signal-table-missing", bad,
            "The connector receives no signals, and incremental snapshots are not possible."},
    // The publication
    ailment{"publication-missing", bad, "The connector does not start: it is configured not to make one itself."},
    ailment{"publication-everything", notice,
            "The server decodes and sends changes of all tables, and the connector discards most of them."},
    ailment{"publication-operations", bad, "Changes by the operations that are left out never arrive."},
    ailment{"publication-table", bad, "Changes of the table never arrive; its snapshot does."},
    ailment{"publication-heartbeat", bad,
            "The slot of a quiet shop does not move: the server keeps the log of all its databases."},
    ailment{"publication-signal", bad, "The connector receives no signals: incremental snapshots do not begin."},
    ailment{"publication-extra", notice,
            "The server decodes and sends changes that the connector discards; updates of the table need a replica "
            "identity."},
    ailment{"publication-filter", bad, "Changes of rows that the filter does not pass never arrive."},
    ailment{"publication-columns", bad, "Columns that are not in the list arrive empty, or the connector fails."},
    // The role of the connector
    ailment{"role-missing", bad, "The connector cannot log in."},
    ailment{"role-login", bad, "The connector cannot log in."},
    ailment{"role-replication", bad, "The connector can neither make its slot nor read from it."},
    ailment{"role-expired", bad, "The connector cannot log in with its password."},
    ailment{"role-expires", warning, "From then on the connector cannot log in with its password."},
    ailment{"role-connect", bad, "The connector cannot connect to the database."},
    ailment{"role-schema", bad, "The connector sees no table, and fails or snapshots nothing."},
    ailment{"role-select", bad, "The connector's snapshot fails at the table."},
    ailment{
        "role-heartbeat", bad,
        "The connector's heartbeat is refused: the slot of a quiet shop does not move, and the server keeps the log."},
    ailment{"role-signal", bad, "The connector's incremental snapshots fail: they write into the signal table."},
    // Slots
    ailment{"slot-missing", bad, "Changes that were committed since the slot was dropped may never arrive."},
    ailment{"slot-plugin", bad, "The connector cannot read this slot, and fails."},
    ailment{"slot-database", bad, "The connector cannot read this slot, and fails."},
    ailment{"slot-lost", bad, "The server has discarded log that was not read: the connector has lost changes."},
    ailment{"slot-unreserved", warning, "The slot will be lost at one of the next checkpoints, and changes with it."},
    ailment{"slot-inactive", bad, "Nobody reads: nothing arrives, and the server keeps the log for it."},
    ailment{"slot-lag", warning, "Changes arrive late, and the server keeps the log for them."},
    ailment{"slot-wal", warning,
            "The server keeps the log although it has been read; the cause is often a transaction that does not end."},
    ailment{"foreign-slot", warning,
            "Nobody reads from it: the server keeps the log until the disk is full, or until the slot is lost."},
    // Views
    ailment{"views-incomplete", notice,
            "Queries on the views fail, or read what another version of the program has made; changes are captured "
            "all the same."},
    // Kafka Connect
    ailment{"connect-unreachable", bad, "Nothing is known about the connector; most likely it does not run."},
    ailment{"connect-refused", bad, "Nothing is known about the connector."},
    ailment{"connect-plugin", bad, "The worker does not have Debezium's connector for PostgreSQL, and cannot run it."},
    ailment{"debezium-version", warning, "Versions before 3.7 silently lose rows when they are restarted."},
    ailment{"connector-names", bad, "Kafka Connect or Debezium misinterprets the name, and fails."},
    ailment{"connector-missing", bad, "Nothing arrives in Kafka."},
    ailment{"connector-paused", bad, "Nothing arrives in Kafka, and the server keeps the log for it."},
    ailment{"connector-state", warning, "Nothing arrives in Kafka until the worker has started the task."},
    ailment{"connector-failed", bad, "Nothing arrives in Kafka, and the server keeps the log for it."},
    ailment{"connector-database", bad,
            "The connector captures another database, or uses a role that is not checked here."},
    ailment{"connector-slot", bad, "The connector reads another slot; ours, if it exists, keeps the log for nobody."},
    ailment{"connector-publication", bad, "The connector receives the changes of the other publication, or fails."},
    ailment{"connector-autocreate", warning,
            "If the publication is missing, the connector makes one for all tables, or alters it."},
    ailment{"connector-tables", bad, "Changes of tables that are not in the list never arrive."},
    ailment{"connector-topic-prefix", bad, "Changes arrive in topics that no consumer expects."},
    ailment{"connector-heartbeat", warning,
            "The slot of a quiet shop does not move: the server keeps the log of all its databases."},
    ailment{"connector-signal", notice, "The connector receives no signals from the table that is made for them."},
    ailment{"connector-password", warning, "Anyone who can reach Kafka Connect can read the password."},
    // Kafka
    ailment{"kafka-unreachable", bad, "Nothing is known about the topics; most likely no change arrives in them."},
    ailment{"kafka-refused", bad, "Nothing is known about the topics."},
    ailment{"topic-missing", bad,
            "Consumers do not find the topic, and the connector fails, unless its worker may create topics."},
    ailment{"topic-offline", bad, "A partition has no leader: nothing can be written to it, and the connector waits."},
    ailment{"topic-partitions-few", warning, "Fewer consumers can share the work than configured."},
    ailment{
        "topic-partitions-many", notice,
        "Changes of one table are in order only by key; consumers that expect fewer partitions see only some of them."},
    ailment{"topic-copies", warning, "More or fewer brokers than configured can fail before messages are lost."},
    ailment{"topic-settings", warning,
            "Messages are kept for longer or shorter than configured, or old versions are removed."},
};

const ailment& ailment_of(std::string_view code)
{
    const auto place = std::ranges::find(table_of_ailments, code, &ailment::code);
    expect(place != table_of_ailments.end(), "a finding has a row in the table");
    return *place;
}

}  // namespace

finding make(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend)
{
    return {ailment_of(code), std::move(subject), std::move(wrong), std::move(mend)};
}

std::string size(std::int64_t bytes)
{
    return shown_size(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

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
    case remedy::kind::sql:
        return "sql";
    case remedy::kind::command:
        return "command";
    case remedy::kind::restart:
        return "restart";
    case remedy::kind::advice:
        return "advice";
    }
    return "";
}

std::span<const ailment> ailments() noexcept
{
    return table_of_ailments;
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
