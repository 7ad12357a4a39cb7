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
