#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// What a publication sends of a table.
struct sent_table
{
    std::set<std::string, std::less<>> columns;
    bool filtered = false;  ///< Only rows that fulfil a condition.
};

/// What a publication sends of a schema.
struct publication_content
{
    bool there = false;
    bool inserts = false, updates = false, deletes = false;
    std::map<std::string, sent_table, std::less<>> tables;
};

[[nodiscard]] publication_content read_publication(session& on, std::string_view name, std::string_view schema);

}  // namespace bazaar::postgres
