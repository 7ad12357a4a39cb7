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

/// What a session is going to do with what it finds.
enum class trust_use : std::uint8_t
{
    write,   ///< Write rows: functions, triggers, rules and defaults run with the rights of the session.
    set_up,  ///< Make and change what a connector reads: nothing of it runs, but its owner can change it again.
    read,    ///< Read tables: nothing runs unless a view stands in their place.
};

/// Something that another role could use against this one.
struct trust_fault
{
    std::string subject;  ///< "table demo.orders".
    std::string wrong;    ///< A sentence part that names the owner.
    std::string mend;     ///< SQL.
};

struct trust_report
{
    bool superuser = false;   ///< The session could be one, whatever role it has taken.
    std::string role;         ///< In whose name it works.
    std::string taken_owner;  ///< Owns all of it, and is taken for its owner although it is nobody of ours.
    std::vector<trust_fault> faults;
};

/// Whose the schemas are, with the tables, functions, triggers, rules, defaults, types and so on in them, and the publication of
/// this name where one is given.
///
/// Trusted is the role itself; superusers; a role that it is a member of, unless that role has granted this itself; and a role
/// that is a member of it, which may become it anyway. A superuser trusts superusers, and roles that a superuser made it a
/// member of. A role that only writes may know its owner by nothing: one that owns all is taken for it as long as nothing of its
/// own hangs on the tables, unless some role was made a member of the writer. Reads the catalogue alone.
[[nodiscard]] trust_report examine_trust(session& on, std::string_view schema, std::span<const model::table> tables,
                                         trust_use what, std::string_view publication = {});

/// Errors: `config` with a line for each fault, before anything in the schemas was read or called.
trust_report check_trust(session& on, std::string_view schema, std::span<const model::table> tables, trust_use what,
                         std::string_view publication = {});

/// Functions of `bazaard` with the name of a write function that are not exactly what would be made: arguments, result, language,
/// body, settings, rights. A missing one is no fault.
[[nodiscard]] std::vector<trust_fault> altered_functions(session& on, std::span<const write_function> functions);

/// As a line of an error.
[[nodiscard]] std::string text(const trust_fault& one);

}  // namespace bazaar::postgres
