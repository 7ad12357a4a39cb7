#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/capture/connector_state.hpp"
#include "bazaar/kafka/topics.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/topic.hpp"
#include "bazaar/postgres/diagnosis.hpp"
#include "bazaar/postgres/views.hpp"

namespace bazaar::capture
{

enum class severity : std::uint8_t
{
    error,    ///< Changes do not arrive, or rows are lost.
    warning,  ///< They will not, or the server is in danger, unless somebody acts.
    notice,   ///< Works, but is not desirable.
};

[[nodiscard]] std::string_view name(severity weight) noexcept;

/// A problem that can be found. docs/doctor.md has a row for each.
struct ailment
{
    std::string_view code;
    severity weight = severity::error;
    std::string_view effect;  ///< What it causes: a sentence.
};

[[nodiscard]] std::span<const ailment> ailments() noexcept;

/// One step that fixes a finding.
struct remedy
{
    enum class kind : std::uint8_t
    {
        sql,      ///< A statement, as superuser or owner, in the shop's database.
        command,  ///< A command line of this program.
        restart,  ///< Restart of the PostgreSQL server.
        advice,   ///< For a person.
    };

    kind how = kind::advice;
    std::string text;
};

[[nodiscard]] std::string_view name(remedy::kind how) noexcept;

struct finding
{
    ailment what;
    std::string subject;       ///< Where it was found: a table, a slot, a setting.
    std::string wrong;         ///< Part of a sentence.
    std::vector<remedy> mend;  ///< In their order.
};

/// What a diagnosis expects.
struct expectation
{
    std::string schema;
    std::string publication;
    std::string slot;
    std::string role;            ///< Role of the connector.
    bool password_file = false;  ///< A file with its password was given.
    std::string connector;       ///< Name.
    std::span<const model::table> tables;
    std::int64_t slot_wal_max = 1 << 30;  ///< Bytes of the log that a slot may retain; 0: any.
    std::chrono::seconds transaction_max = std::chrono::minutes(10);
    /// Completes a command line of this program, "cdc setup --apply", with the flags that select the same things.
    std::function<std::string(std::string_view)> command = [](std::string_view words)
    { return "bazaard " + std::string(words); };
};

/// What is known about the connector when the database is judged.
enum class connector_health : std::uint8_t
{
    unknown,  ///< Kafka Connect was left out.
    good,
    bad,  ///< It has its own findings, whose consequences are not reported again.
};

/// Judges facts. Pure: the same facts, the same findings, in an order for people.
[[nodiscard]] std::vector<finding> judge_database(const postgres::cdc_facts& found, const expectation& wished,
                                                  connector_health connector);

/// Judges the views of a set over a run: no finding if they are as `views create` makes them.
[[nodiscard]] std::optional<finding> judge_views(const postgres::views_found& found, std::string_view set,
                                                 const expectation& wished);

/// `config` is the configuration that `connector config` would print.
[[nodiscard]] std::vector<finding> judge_connector(const connector_facts& found, const expectation& wished,
                                                   const std::map<std::string, std::string>& config);

/// `found` are those of the wanted topics that exist.
[[nodiscard]] std::vector<finding> judge_topics(const std::map<std::string, kafka::found_topic>& found,
                                                std::span<const model::topic> topics, const expectation& wished);

/// Kafka could not be read; `refused` if a broker answers but refuses.
[[nodiscard]] finding no_kafka(const std::string& servers, const std::string& why, bool refused);

/// A name that Connect or Debezium cannot handle.
[[nodiscard]] finding impossible_name(const std::string& connector, const std::string& why);

/// Kafka Connect could not be read; `refused` if it answers but refuses.
[[nodiscard]] finding no_connect(const std::string& url, const std::string& why, bool refused);

/// The connector's health, according to the worst finding about it.
[[nodiscard]] connector_health health(std::span<const finding> found);

/// Watches how much of the log slots retain; reports a slot once when it is too much, and once when it is back to
/// normal.
class slot_watch
{
public:
    struct line
    {
        bool good = false;
        std::string text;
    };

    /// `limit` in bytes; 0: none.
    explicit slot_watch(std::int64_t limit) : limit_(limit) {}

    [[nodiscard]] bool on() const noexcept { return limit_ > 0; }

    /// Lines for the log. A slot is back to normal when it retains at most half of the limit, or is gone.
    [[nodiscard]] std::vector<line> see(std::span<const postgres::slot_facts> slots);

private:
    std::int64_t limit_;
    std::map<std::string, std::int64_t> ill_;  ///< Reported slots, with the most that each has retained.
};

}  // namespace bazaar::capture
