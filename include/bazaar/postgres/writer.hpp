#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/sink.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Writes units to PostgreSQL: one call, one transaction, one round trip.
///
/// Lifetime: keeps one session, made at the first write and again after it was lost. Destroying it never
/// throws. Threads:  belongs to the worker that uses it; `counts` may be read by others. Errors:   refusals
/// are outcomes. Throws `temporary` (away longer than `max_outage`; another process writes this plan),
///           `permission`, `config` (function or table missing) and `internal`.
class writer final : public run::sink
{
public:
    enum class statements : std::uint8_t
    {
        automatic,  ///< Prepared, until the connection turns out not to keep them.
        prepared,
        unprepared,
    };

    struct options
    {
        statements use = statements::automatic;
        /// Of trying to reconnect; then `temporary`.
        std::chrono::milliseconds max_outage = std::chrono::seconds{60};
        session::options link{};
        std::stop_token stop{};  ///< Ends the waiting for a reconnect: the unit is then `not_done`.
    };

    /// What happened so far, for metrics.
    struct counters
    {
        std::atomic<std::uint64_t> connects{0};
        std::atomic<std::uint64_t> lost{0};
        std::atomic<bool> connected{false};
        std::atomic<bool> prepares{true};  ///< Uses prepared statements.
    };

    writer(connection_parameters to, std::string_view schema, const scenario::scenario& shop, const id_codec& ids)
        : writer(std::move(to), schema, shop, ids, options{})
    {
    }
    writer(connection_parameters to, std::string_view schema, const scenario::scenario& shop, const id_codec& ids,
           options opts);
    ~writer() override;

    run::written write(const model::unit& unit, run::form how) override;

    [[nodiscard]] const counters& counts() const noexcept;

    /// Server process of the current session; 0 when there is none.
    [[nodiscard]] int backend() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The greatest unit that any row of this run names: the rows are the progress record. Nothing when no unit
/// was written.
[[nodiscard]] std::optional<unit_no> highest_unit(session& on, std::string_view schema, const scenario::scenario& shop,
                                                  const id_codec& ids);

}  // namespace bazaar::postgres
