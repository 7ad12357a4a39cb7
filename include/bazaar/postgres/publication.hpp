#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// The part of a table that a publication sends.
struct sent_table
{
    std::set<std::string, std::less<>> columns;
    bool filtered = false;  ///< Only rows that satisfy a condition.
};

/// The part of a schema that a publication sends.
struct publication_content
{
    bool there = false;
    bool inserts = false, updates = false, deletes = false;
    std::map<std::string, sent_table, std::less<>> tables;
};

[[nodiscard]] publication_content read_publication(session& on, std::string_view name, std::string_view schema);

}  // namespace bazaar::postgres
