#pragma once

#include <algorithm>
#include <variant>

#include "bazaar/scenario/declared/spec_values.hpp"

namespace bazaar::scenario::declared
{

/// Calls `see` for each expression of a generator.
template <typename See>
void each_expression(const generator& how, const See& see)
{
    if (how.when)
        see(*how.when);
    for (const auto& one : how.otherwise)
        each_expression(one, see);
    const auto& what = how.how;
    if (const auto* computed = std::get_if<gen::computed>(&what))
        see(computed->what);
    else if (const auto* share = std::get_if<gen::chance>(&what))
        see(share->share);
    else if (const auto* choice = std::get_if<gen::choice>(&what))
        std::ranges::for_each(choice->values, see);
    else if (const auto* row = std::get_if<gen::row_of>(&what))
        for (const auto& one : row->where)
            see(one.is);
    else if (const auto* apart = std::get_if<gen::apart>(&what))
        see(apart->from);
    else if (const auto* stages = std::get_if<gen::by_stage>(&what))
        for (const auto& one : stages->stages)
            each_expression(one, see);
    else if (const auto* object = std::get_if<gen::object>(&what))
        for (const auto& one : object->values)
            each_expression(one, see);
    else if (const auto* list = std::get_if<gen::list>(&what))
        for (const auto& one : list->of)
            each_expression(one, see);
}

}  // namespace bazaar::scenario::declared
