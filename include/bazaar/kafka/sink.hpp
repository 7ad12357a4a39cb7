#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/client_settings.hpp"
#include "bazaar/kafka/outlet.hpp"
#include "bazaar/kafka/registry.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::kafka
{

/// What a reader of the topics may rely on.
enum class delivery : std::uint8_t
{
    transactional,  ///< For readers of committed records: each unit once, and whole or absent.
    idempotent,     ///< Each record at least once; a copy has the same unit and index in its header.
};

[[nodiscard]] std::string_view name(delivery what) noexcept;

/// An outlet whose schema has its id.
struct bound_outlet
{
    outlet to;                ///< Without topic: the rows of this table do not go to Kafka.
    std::int32_t schema = 0;  ///< If it is framed.
};

/// Asks the registry for the schema of each framed outlet, under the subject `TOPIC-value`.
///
/// Errors: `config` for outlets with problems, all of them at once, before anything is asked; those of `registry`.
/// `at` may be empty if none is framed.
[[nodiscard]] std::vector<bound_outlet> bind_outlets(std::span<const outlet> outlets,
                                                     std::span<const model::table> tables, registry* at);

/// What was sent, for whoever shows it. Threads: any.
struct sink_counts
{
    std::atomic<std::uint64_t> records{0}, bytes{0};  ///< Committed.
    std::atomic<std::uint64_t> transactions{0};       ///< Committed.
    std::atomic<std::uint64_t> aborted{0}, reopened{0};
    std::atomic<std::uint64_t> skipped{0};  ///< Records that were there already.
};

struct sink_settings
{
    client_settings cluster;
    delivery promise = delivery::transactional;
    /// The same in each process of a run, and of no other run: made of schema and run, never of host or process.
    std::string transactional_id;
    std::uint32_t tag = 0;      ///< Of the run, in each record's header.
    std::uint64_t span = 1024;  ///< The run's W.
    /// A unit that is known to be there. Topics that end before it have lost something.
    std::optional<unit_no> known{};
    /// No unit of the run from this one on was ever sent: topics that have one are of another run of its name, or newer than
    /// its record.
    std::optional<unit_no> unsent_from{};
    std::size_t group = 200;                    ///< Units of a transaction; more of them while catching up, up to
    std::size_t group_max = 1'000;              ///< this.
    std::chrono::milliseconds timeout{30'000};  ///< How long the cluster may not answer when the tail is read.
    std::chrono::milliseconds patience{5'000};  ///< After which a commit without an answer is in doubt.
    std::function<void(const std::string&)> warn{};
    sink_counts* counts = nullptr;
};

/// Writes units as records: one ordered producer, a transaction for each shipment.
///
/// It becomes ready by making earlier producers of the run unable to write, and then reading the tail of its topics: so
/// it knows which units are there. A commit in doubt is asked for again; if that does not help, it becomes ready anew.
///
/// Threads: one.
/// Errors:  throws `temporary` if another process has taken the run over, `permission` and `config` for what no
///          repetition mends, `config` too if the topics have records of another run of this name, `no_output` if they
///          have lost records.
class sink final : public run::sink
{
public:
    /// `outlets`: one for each table.
    sink(sink_settings how, std::vector<bound_outlet> outlets, std::span<const model::table> tables,
         const model::key_codec& keys, std::stop_token stop);
    ~sink() override;

    bool ready() override;
    [[nodiscard]] std::size_t units_max() const noexcept override;
    run::written ship(const run::shipment& what) override;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::kafka
