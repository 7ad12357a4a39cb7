#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// What an update or delete tells a change stream of the row before it.
enum class replica_identity : std::uint8_t
{
    standard,  ///< DEFAULT: the key.
    full,      ///< All columns.
    nothing,
};

[[nodiscard]] std::string_view name(replica_identity what) noexcept;
[[nodiscard]] std::optional<replica_identity> replica_identity_named(std::string_view word) noexcept;

/// Columns of the table through which Debezium takes signals, as it asks for them.
inline constexpr std::string_view signal_table = "debezium_signal";

/// Name of publication and slot where none was given: bazaard_SCHEMA, of the characters that a slot may have.
[[nodiscard]] std::string default_cdc_name(std::string_view schema);

/// What a connector needs in the database.
struct cdc_options
{
    std::string schema;
    std::string publication;
    std::string slot;
    std::string role;                     ///< Of the connector; empty: none is made or dropped.
    std::optional<std::string> password;  ///< Of a role that is made or changed.
    std::map<std::string, replica_identity, std::less<>> identities{};  ///< By table; the others are left as they are.
    bool apply = false;                                                 ///< Changes what is there and differs.
};

/// One line of what was done, found, or would have to be changed.
struct cdc_step
{
    enum class kind : std::uint8_t
    {
        made,
        found,
        changed,
        differs,  ///< And was left, as `apply` was not asked for.
        dropped,
        absent,
    };

    kind what = kind::found;
    std::string line;
};

/// Tables whose changes a connector captures: all that are kept here.
[[nodiscard]] std::vector<std::string_view> captured_tables(std::span<const model::table> tables);

/// Publication for exactly the captured tables and the signal table, replica identities, signal table, role with least
/// privilege. One transaction; again changes nothing.
///
/// Errors: `config` when the shop's tables are not there, or the server's wal_level is not logical; `permission` with what needs
///         which privilege.
[[nodiscard]] std::vector<cdc_step> cdc_setup(session& on, const cdc_options& how,
                                              std::span<const model::table> tables);

/// Takes all of it away again. The slot goes only when nobody uses it; with `force` its user is ended first.
[[nodiscard]] std::vector<cdc_step> cdc_drop(session& on, const cdc_options& how, bool force);

}  // namespace bazaar::postgres
