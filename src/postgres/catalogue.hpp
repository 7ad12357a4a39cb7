#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// What the server's catalogue says of the relations of one schema.
struct catalogue
{
    struct column
    {
        std::string name;
        std::string type;  ///< As format_type prints it.
        bool not_null = false;
        bool filled = false;  ///< Has a default, an identity or an expression.
    };
    struct foreign_key
    {
        std::string column;  ///< Comma separated when there are several.
        std::string schema;
        std::string table;
        std::string target;
    };
    struct index
    {
        std::string name;
        std::string columns;
        bool unique = false;
        bool valid = false;
        bool partial = false;
    };
    struct relation
    {
        bool table = false;  ///< Otherwise a view or the like.
        std::vector<column> columns;
        std::string key;  ///< Columns of the primary key, comma separated.
        std::vector<foreign_key> foreign_keys;
        std::vector<std::string> checks;
        std::vector<index> indexes;
    };

    bool exists = false;  ///< The schema itself.
    std::map<std::string, relation, std::less<>> relations;
};

/// Reads the catalogue tables alone, which everybody may.
[[nodiscard]] catalogue read_catalogue(session& on, std::string_view schema);

}  // namespace bazaar::postgres
