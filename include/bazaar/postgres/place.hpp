#pragma once

#include <string>
#include <string_view>

#include "bazaar/postgres/connection.hpp"

namespace bazaar::postgres
{

/// Where runs are: a database, and the schema of the shop's tables there. What they write about themselves is beside it, in the schema
/// `bazaard`.
struct place
{
    connection_parameters database;
    std::string schema;

    /// The same for sessions of this application name.
    [[nodiscard]] place named(std::string_view sessions) const
    {
        auto made = *this;
        made.database.set("application_name", sessions);
        return made;
    }
};

}  // namespace bazaar::postgres
