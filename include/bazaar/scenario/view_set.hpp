#pragma once

#include <span>
#include <string_view>

namespace bazaar::scenario
{

/// Views over the rows of one run, in the shape that others know such data by.
///
/// Its SQL creates functions, views and their comments in a schema that exists. It contains four variables, written as
/// psql reads them: :"shop" and :"views" are the schemas of the tables and of the views, :'first' and :'last' the
/// least and the greatest UUID of the run.
struct view_set
{
    std::string_view name;  ///< Consists of a-z, 0-9 and _; also the usual name of the schema.
    std::string_view help;  ///< What shape that is, as part of a sentence.
    std::string_view sql;
    std::span<const std::string_view> views;      ///< Names of all views in it.
    std::span<const std::string_view> functions;  ///< All functions in it, with the types of their arguments.
};

}  // namespace bazaar::scenario
