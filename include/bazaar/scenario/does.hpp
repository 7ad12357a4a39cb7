#pragma once

#include <cstddef>
#include <cstdint>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{

/// Whether the scenario's configuration allows units with this operation on this table.
[[nodiscard]] inline bool does(const scenario& shop, model::op what, std::size_t table)
{
    const auto kinds = shop.kinds();
    for (std::uint16_t number = 0; number < kinds.size(); ++number)
        for (const auto& part : kinds[number].parts)
            if (part.what == what && part.table == table && shop.plans(number))
                return true;
    return false;
}

}  // namespace bazaar::scenario
