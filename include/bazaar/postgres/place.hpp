#pragma once

#include <string>
#include <string_view>

#include "bazaar/postgres/connection.hpp"

namespace bazaar::postgres
{

/// Where runs are: a database, and the schema of the shop's tables. What runs write about themselves is in the same
/// database, in the schema `bazaard`.
struct place
{
    connection_parameters database;
    std::string schema;

    /// This place, for sessions with this application name.
    [[nodiscard]] place named(std::string_view sessions) const
    {
        auto made = *this;
        made.database.set("application_name", sessions);
        return made;
    }
};

}  // namespace bazaar::postgres
