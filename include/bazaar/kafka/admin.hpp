#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/client_settings.hpp"
#include "bazaar/model/topic.hpp"

namespace bazaar::kafka
{

/// A topic as it exists in the cluster.
struct found_topic
{
    int partitions = 0;
    int replication = 0;                          ///< Copies of its first partition.
    bool led = false;                             ///< Every partition has a leader.
    std::map<std::string, std::string> settings;  ///< All settings, with the broker's defaults; only from `describe`.
    std::set<std::string> own;                    ///< Names of the settings that were set for this topic.
};

/// The result for one topic.
struct outcome
{
    enum class kind : std::uint8_t
    {
        done,
        found,  ///< Somebody else was first, or there was nothing to do.
        failed,
    };

    kind what = kind::done;
    int code = 0;         ///< rd_kafka_resp_err_t
    std::string problem;  ///< The broker's message.
};

/// Creates, describes, alters and deletes topics.
///
/// Threads: one at a time; librdkafka has its own threads.
/// Errors:  all functions throw `unavailable` if the cluster does not answer within the timeout, `permission` if it
///          refuses the login, TLS or the request, `config` if it considers something wrong; each with the last message
///          that the client received.
class admin
{
public:
    /// Connects. Errors: also `usage` for a setting that librdkafka does not know.
    admin(const client_settings& how, std::chrono::milliseconds timeout);
    ~admin();
    admin(const admin&) = delete;
    admin& operator=(const admin&) = delete;

    /// All topics of the cluster that this login may see, without their settings; does not ask for topics by name, so
    /// that no broker creates one.
    [[nodiscard]] std::map<std::string, found_topic> list();

    /// Those of `names` that exist, with their settings.
    [[nodiscard]] std::map<std::string, found_topic> describe(const std::set<std::string>& names);

    /// One outcome for each. `validate` only asks the broker whether it would create them.
    [[nodiscard]] std::vector<outcome> create(std::span<const model::topic> wished, bool validate);

    /// Gives a topic more partitions.
    [[nodiscard]] outcome grow(const std::string& topic, int partitions, bool validate);

    /// Sets the given settings and keeps all others that were set.
    [[nodiscard]] outcome alter(const std::string& topic, const found_topic& now,
                                const std::map<std::string, std::string>& wished, bool validate);

    [[nodiscard]] std::vector<outcome> remove(std::span<const std::string> topics);

    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept;

    /// Throws the error that this outcome means.
    [[noreturn]] void fail(const std::string& what, const outcome& why) const;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::kafka
