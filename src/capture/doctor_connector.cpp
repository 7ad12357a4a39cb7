// The rules of Kafka Connect: the worker, the connector's state, its configuration.

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture/findings.hpp"

namespace bazaar::capture
{
namespace
{

using kind = remedy::kind;

/// A setting of the connector whose other value is a finding of its own.
struct watched_setting
{
    std::string_view key;
    std::string_view code;
};

constexpr std::array watched_settings{
    watched_setting{"connector.class", "connector-database"},
    watched_setting{"database.dbname", "connector-database"},
    watched_setting{"database.user", "connector-database"},
    watched_setting{"plugin.name", "connector-slot"},
    watched_setting{"slot.name", "connector-slot"},
    watched_setting{"publication.name", "connector-publication"},
    watched_setting{"publication.autocreate.mode", "connector-autocreate"},
    watched_setting{"table.include.list", "connector-tables"},
    watched_setting{"topic.prefix", "connector-topic-prefix"},
    watched_setting{"signal.data.collection", "connector-signal"},
};

std::set<std::string> elements(std::string_view list)
{
    std::set<std::string> found;
    while (!list.empty())
    {
        const auto comma = std::min(list.find(','), list.size());
        auto one = list.substr(0, comma);
        while (one.starts_with(' '))
            one.remove_prefix(1);
        while (one.ends_with(' '))
            one.remove_suffix(1);
        // "demo\\.orders" and "demo.orders" find the same table.
        std::string plain;
        std::ranges::copy_if(one, std::back_inserter(plain), [](char c) { return c != '\\'; });
        found.insert(std::move(plain));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return found;
}

/// A reference that the worker resolves, like ${env:NAME}.
bool reference(std::string_view text)
{
    return text.starts_with("${") && text.ends_with("}");
}

/// Below 3.7; a version that cannot be read is none.
bool loses_rows(std::string_view version)
{
    int major = 0;
    int minor = 0;
    const auto* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.')
        return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc())
        return false;
    return major < 3 || (major == 3 && minor < 7);
}

class connector_judge
{
public:
    connector_judge(const connector_facts& found, const expectation& wished,
                    const std::map<std::string, std::string>& config)
        : found_(found), wished_(wished), config_(config), subject_("connector " + wished.connector)
    {
    }

    std::vector<finding> judge()
    {
        if (!found_.debezium)
            note("connect-plugin", "Kafka Connect", "it has no plugin of Debezium for PostgreSQL",
                 {{kind::advice, "unpack debezium-connector-postgres 3.7.0.Final below the worker's plugin.path, and "
                                 "restart the worker"}});
        else if (loses_rows(*found_.debezium))
            note("debezium-version", "Kafka Connect", fmt::format("its Debezium is {}", *found_.debezium),
                 {{kind::advice, "put Debezium 3.7.0.Final or later in its place, and restart the worker"}});
        if (!found_.there)
        {
            note("connector-missing", subject_, "it is not there", {command("connector register")});
            return std::move(made_);
        }
        state();
        settings();
        return std::move(made_);
    }

private:
    void note(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend)
    {
        made_.push_back(make(code, std::move(subject), std::move(wrong), std::move(mend)));
    }

    [[nodiscard]] remedy command(std::string_view words) const { return {kind::command, wished_.command(words)}; }

    [[nodiscard]] std::string_view value(std::string_view key) const
    {
        const auto place = found_.config.find(std::string(key));
        return place == found_.config.end() ? std::string_view() : std::string_view(place->second);
    }

    /// `connector register`, with the flags that keep what was chosen when the connector was made.
    [[nodiscard]] remedy registered() const
    {
        std::string words = "connector register";
        // Debezium's words for a slot that is gone or new: it asks for another snapshot.
        const bool torn = found_.trace.find("no longer available on the server") != std::string::npos &&
                          value("slot.name") == wished_.slot;
        if (value("value.converter").find("AvroConverter") != std::string_view::npos)
            words += " --format avro";
        else if (value("value.converter.schemas.enable") == "true")
            words += " --format json-schema";
        if (const auto mode = value("snapshot.mode"); torn)
            words += " --snapshot when_needed";
        else if (!mode.empty() && mode != "initial")
            words += fmt::format(" --snapshot {}", mode);
        if (value("transforms") == "flat")
            words += " --flat";
        if (value("exactly.once.support") == "required")
            words += " --exactly-once";
        if (const auto number = value("topic.creation.default.partitions"); !number.empty() && number != "1")
            words += fmt::format(" --partitions {}", number);
        if (const auto number = value("topic.creation.default.replication.factor"); !number.empty() && number != "-1")
            words += fmt::format(" --replication-factor {}", number);
        return command(words);
    }

    void state()
    {
        std::string states;
        bool failed = found_.state == "FAILED";
        bool others = found_.state != "RUNNING" || found_.tasks.empty();
        for (std::size_t i = 0; i < found_.tasks.size(); ++i)
        {
            states += fmt::format(", task {} {}", i, found_.tasks[i]);
            failed = failed || found_.tasks[i] == "FAILED";
            others = others || found_.tasks[i] != "RUNNING";
        }
        if (found_.state == "PAUSED" || found_.state == "STOPPED")
            note("connector-paused", subject_, fmt::format("it is {}", found_.state), {command("connector resume")});
        else if (failed)
            note("connector-failed", subject_, fmt::format("it is {}{}: {}", found_.state, states, found_.trace),
                 {registered()});
        else if (others)
            note("connector-state", subject_,
                 fmt::format("it is {}{}", found_.state, states.empty() ? ", without a task" : states), {registered()});
    }

    void settings()
    {
        for (const auto& [key, code] : watched_settings)
        {
            const auto now = value(key);
            const auto place = config_.find(std::string(key));
            const auto wished = place == config_.end() ? std::string_view() : std::string_view(place->second);
            const bool list = key == "table.include.list";
            if (now == wished || (list && elements(now) == elements(wished)) || reference(now))
                continue;
            if (list)
            {
                const auto there = elements(now);
                std::string lacks;
                for (const auto& one : elements(wished))
                    if (!there.contains(one))
                        lacks += (lacks.empty() ? "" : ", ") + one;
                // More tables than ours are somebody's choice; an empty list means all.
                if (!lacks.empty() && !now.empty())
                    note(code, subject_, fmt::format("{} lacks {}", key, lacks), {registered()});
                continue;
            }
            note(code, subject_,
                 now.empty() ? fmt::format("{} is not set; it must be {}", key, wished)
                             : fmt::format("{} is {}; it must be {}", key, now, wished),
                 {registered()});
        }
        const auto interval = value("heartbeat.interval.ms");
        if (interval.empty() || interval == "0")
            note("connector-heartbeat", subject_, "heartbeat.interval.ms is 0", {registered()});
        else if (value("heartbeat.action.query").empty() && config_.contains("heartbeat.action.query"))
            note("connector-heartbeat", subject_, "heartbeat.action.query is not set", {registered()});
        const auto password = value("database.password");
        if (!password.empty() && !reference(password))
            note("connector-password", subject_, "database.password is the password itself, not a reference",
                 {registered()});
    }

    const connector_facts& found_;
    const expectation& wished_;
    const std::map<std::string, std::string>& config_;
    const std::string subject_;
    std::vector<finding> made_;
};

}  // namespace

std::vector<finding> judge_connector(const connector_facts& found, const expectation& wished,
                                     const std::map<std::string, std::string>& config)
{
    return connector_judge(found, wished, config).judge();
}

finding impossible_name(const std::string& connector, const std::string& why)
{
    return make("connector-names", "connector " + connector, why,
                {{kind::advice, "choose another name, and make what has it anew"}});
}

finding no_connect(const std::string& url, const std::string& why, bool refused)
{
    return make(refused ? "connect-refused" : "connect-unreachable", url, why,
                {{kind::advice, refused ? "use an address that lets this program in"
                                        : "start the Connect worker, or say where it is with --connect-url"},
                 {kind::advice, "or leave it out with --skip connect"}});
}

}  // namespace bazaar::capture
