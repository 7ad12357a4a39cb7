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
#include "bazaar/model/key_codec.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/sink.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Writes units to PostgreSQL: one call, one transaction, one round trip.
///
/// Lifetime: keeps one session, opened when first needed and again after it was lost. Destroying it never throws.
/// Threads:  belongs to the worker that uses it; `prepares` may be read by others.
/// Errors:   refusals are outcomes. Throws `temporary` (away too long; another process holds the lease or writes this
///           plan), `permission`, `config` (function or table missing), `internal`, and `run::history_lost`.
class writer final : public run::single_sink
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
        std::int64_t epoch = 1;  ///< Epoch of the lease under which this process writes.
        statements use = statements::automatic;
        std::stop_token stop{};  ///< Ends the wait for a session.
    };

    writer(std::shared_ptr<gateway> to, std::string_view schema, const scenario::scenario& shop,
           const model::key_codec& ids)
        : writer(std::move(to), schema, shop, ids, options{})
    {
    }
    writer(std::shared_ptr<gateway> to, std::string_view schema, const scenario::scenario& shop,
           const model::key_codec& ids, options opts);
    ~writer() override;

    bool ready() override;
    run::written write(const model::unit& unit, run::form how) override;

    /// Whether it uses prepared statements.
    [[nodiscard]] bool prepares() const noexcept;

    /// Server process of the current session; 0 if there is none.
    [[nodiscard]] int backend() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The highest unit that the key of any row of this run names: the rows are the record of progress. Nothing if no unit
/// was written, or if no key names its unit.
[[nodiscard]] std::optional<unit_no> highest_unit(session& on, std::string_view schema, const scenario::scenario& shop,
                                                  const model::key_codec& ids);

/// For each table, the row of this run with the highest number, with the unit that inserted it; that is `unknown_unit`
/// if the key does not name it. Nothing if the run has no row there.
[[nodiscard]] std::vector<std::optional<row_id>> last_rows(session& on, std::string_view schema,
                                                           const scenario::scenario& shop, const model::key_codec& ids);

/// Tables with rows whose keys may belong to a run with this tag, whatever its seed. With `names_run`, only keys that
/// name their run count.
[[nodiscard]] std::vector<std::string_view> tables_with_rows(session& on, std::string_view schema,
                                                             std::span<const model::table> tables, std::uint32_t tag,
                                                             bool names_run);

}  // namespace bazaar::postgres
