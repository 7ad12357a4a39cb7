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

/// What the change stream contains of the old row of an update or delete.
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

/// Default name of publication and slot: bazaard_SCHEMA, in the characters that a slot may have.
[[nodiscard]] std::string default_cdc_name(std::string_view schema);

/// What a connector needs in the database.
struct cdc_options
{
    std::string schema;
    std::string publication;
    std::string slot;
    std::string role;                     ///< The connector's role; empty: none is made or dropped.
    std::optional<std::string> password;  ///< Password of a role that is made or changed.
    std::map<std::string, replica_identity, std::less<>> identities{};  ///< By table; the others are left as they are.
    bool apply = false;                                                 ///< Changes existing things that differ.
};

/// One line of what was done, found, or would have to be changed.
struct cdc_step
{
    enum class kind : std::uint8_t
    {
        made,
        found,
        changed,
        differs,  ///< Left unchanged, as `apply` was not set.
        dropped,
        absent,
    };

    kind what = kind::found;
    std::string line;
};

/// Tables whose changes a connector captures: all tables that are stored in PostgreSQL.
[[nodiscard]] std::vector<std::string_view> captured_tables(std::span<const model::table> tables);

/// Publication for exactly the captured tables and the signal table, replica identities, signal table, role with least
/// privilege. One transaction; calling it again changes nothing.
///
/// Errors: `config` if the shop's tables are missing, or the server's wal_level is not logical; `permission` with the
/// missing privilege and what needs it.
[[nodiscard]] std::vector<cdc_step> cdc_setup(session& on, const cdc_options& how,
                                              std::span<const model::table> tables);

/// Removes all of it. The slot is dropped only if nobody uses it; with `force`, the session that uses it is ended
/// first.
[[nodiscard]] std::vector<cdc_step> cdc_drop(session& on, const cdc_options& how, bool force);

}  // namespace bazaar::postgres
