#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/postgres/encode.hpp"

namespace bazaar::postgres
{

/// Answers of a write function; any other is the version that the gate found, in microseconds since 1970.
inline constexpr std::int64_t answer_committed = 0;
inline constexpr std::int64_t answer_found = -1;   ///< The gate's row exists: an earlier attempt has inserted it.
inline constexpr std::int64_t answer_absent = -2;  ///< The row to change does not exist.
inline constexpr std::int64_t answer_other = -3;   ///< The row exists, with a version that cannot be in the plan.

inline constexpr std::int64_t answer_fenced = -4;  ///< Another process holds the lease of the run: nothing was done.

/// First half of the advisory lock that a unit takes shared and a take-over of the lease takes exclusively; the second
/// half is the run's tag.
[[nodiscard]] std::int32_t lease_lock_key(std::string_view schema) noexcept;

/// The server function that writes the units of one kind: one call, one transaction.
///
/// It begins with the fence: it checks that the caller still has the lease of the run. The first part is the gate: if
/// it changes nothing, the function does nothing else and returns what it found. Every later part must change exactly
/// the planned number of rows, or the function raises `wrong_count_state` and nothing is changed.
struct write_function
{
    std::string name;             ///< Kind and a hash of the text, so that two versions can exist at the same time.
    std::string signature;        ///< As to_regprocedure reads it.
    std::string create;           ///< CREATE FUNCTION ...
    std::string body;             ///< As stored in pg_proc.
    std::string settings;         ///< As stored in pg_proc, separated by ", ".
    std::string call;             ///< SELECT bazaard.f($1, ...)
    std::vector<unsigned> types;  ///< Types of the parameters, as oids.
};

/// Determinism: depends only on its arguments.
[[nodiscard]] write_function make_write_function(std::string_view schema, std::span<const model::table> tables,
                                                 const model::unit_kind& kind);

[[nodiscard]] std::vector<write_function> make_write_functions(std::string_view schema,
                                                               std::span<const model::table> tables,
                                                               std::span<const model::unit_kind> kinds);

/// How the rows of one part become parameters.
struct part_encoder
{
    std::uint8_t table = 0;
    model::op what = model::op::insert;
    bool many = false;
    field_type key;
    field_type version;
    std::uint8_t key_column = 0;
    std::uint8_t version_column = model::no_column;
    std::vector<std::uint8_t> columns;  ///< Inserted ones, or those that may differ; in the order of the parameters.
    std::vector<field_type> types;
};

[[nodiscard]] std::vector<part_encoder> make_part_encoders(std::span<const model::table> tables,
                                                           const model::unit_kind& kind);

/// Sets the parameters of one unit's call, made under the lease's `epoch`.
///
/// Errors: throws `internal` if the unit's changes do not match the parts of its kind.
void encode_unit(parameters& out, std::span<const part_encoder> parts, std::span<const model::change> changes,
                 const model::key_codec& ids, std::int64_t epoch, bool replay);

}  // namespace bazaar::postgres
