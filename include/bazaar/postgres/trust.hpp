#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// What a session is going to do with the objects.
enum class trust_use : std::uint8_t
{
    write,   ///< Write rows: functions, triggers, rules and defaults run with the rights of the session.
    set_up,  ///< Create and change what a connector reads: no code runs, but the owner can change it again.
    read,    ///< Read tables: no code runs, unless there is a view in place of a table.
};

/// Something that another role could use against this one.
struct trust_fault
{
    std::string subject;  ///< "table demo.orders".
    std::string wrong;    ///< Part of a sentence; names the owner.
    std::string mend;     ///< SQL.
};

struct trust_report
{
    bool superuser = false;   ///< The session can become superuser, whatever its current role.
    std::string role;         ///< The current role.
    std::string taken_owner;  ///< Owns everything, and is accepted as the owner, although no membership confirms it.
    std::vector<trust_fault> faults;
};

/// Checks who owns the schemas, with the tables, functions, triggers, rules, defaults, types and so on in them, and the
/// publication of this name if one is given.
///
/// Trusted are the role itself; superusers; a role that it is a member of, unless that role has granted this itself;
/// and a role that is a member of it, which may become it anyway. A superuser trusts superusers, and roles that a
/// superuser made it a member of. A role that only writes may have no membership that identifies the owner: a role that
/// owns everything is then accepted as the owner, as long as none of its own code is attached to the tables, unless
/// some role was made a member of the writer. Reads only the catalogue.
[[nodiscard]] trust_report examine_trust(session& on, std::string_view schema, std::span<const model::table> tables,
                                         trust_use what, std::string_view publication = {});

/// Errors: `config` with a line for each fault, before anything in the schemas was read or called.
trust_report check_trust(session& on, std::string_view schema, std::span<const model::table> tables, trust_use what,
                         std::string_view publication = {});

/// Functions of `bazaard` with the name of a write function that differ from what would be created: arguments, result,
/// language, body, settings, rights. A missing one is not a fault.
[[nodiscard]] std::vector<trust_fault> altered_functions(session& on, std::span<const write_function> functions);

/// The fault as a line of an error.
[[nodiscard]] std::string text(const trust_fault& one);

}  // namespace bazaar::postgres
