#pragma once

#include "bazaar/postgres/connection.hpp"

namespace bazaar::app
{

/// How to reach PostgreSQL, as far as it was given.
using database_flags = postgres::connection_flags;

}  // namespace bazaar::app
