#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/scenario/view_set.hpp"

namespace bazaar::postgres
{

/// Where the views of a run are, and what they show.
struct views_place
{
    std::string schema;  ///< That of the tables.
    std::string run;
    std::string views;  ///< The schema of the views: another one.
};

/// What `create_views` or `drop_views` found or did.
enum class views_state : std::uint8_t
{
    created,
    replaced,  ///< They were those of another version of the program, or incomplete.
    found,     ///< They existed, as they should be.
    dropped,
    absent,
};

/// Refuses, with `usage`, a schema of views that is that of the tables, or that no schema can be called.
void check_views_place(const views_place& at);

/// The statements of a set with all names filled in.
[[nodiscard]] std::string views_sql(const scenario::view_set& of, const views_place& at);

/// Creates the views of a run, with their schema if it is missing, in one transaction. The run need not exist yet, but
/// its tables must. The comment of the schema says whose views they are. Views that are replaced keep their privileges.
///
/// Errors: `config` if the schema holds something else of these names, or has another comment, or an untrusted role
/// could change it, or objects of somebody else use views that have to be replaced; `permission` as for any statement.
views_state create_views(session& on, const scenario::view_set& of, const views_place& at,
                         std::span<const model::table> tables);

/// Drops the views of a run, and their schema if they came with it and nothing else is in it.
///
/// Errors: `config` if the schema does not hold the views of this run, or objects of somebody else use them; nothing
/// was dropped then.
views_state drop_views(session& on, const scenario::view_set& of, const views_place& at);

/// A schema that `create_views` has made or filled, as it is now.
struct views_found
{
    views_place at;
    std::vector<std::string> missing;  ///< Views and functions that are gone.
    std::vector<std::string> foreign;  ///< Objects of these names that are somebody else's.
    bool current = false;              ///< They are those of this version of the program.
};

/// All views of this set over runs of this schema, in the order of their schemas.
[[nodiscard]] std::vector<views_found> find_views(session& on, const scenario::view_set& of, std::string_view schema);

}  // namespace bazaar::postgres
