#pragma once

#include <cstddef>

#include "bazaar/scenario/settings.hpp"
#include "bazaar/scenario/state.hpp"

namespace bazaar::scenario::kit
{

/// Writes the settings that may change during a run, in their order.
inline void save_steerable(const settings& all, state_writer& to)
{
    for (const auto& field : all.fields())
        if (field.steerable)
            to.put_signed(all.number(field.name));
}

/// Reads what `save_steerable` wrote. Fails at a value that its field does not take.
inline void load_steerable(settings& all, state_reader& from)
{
    for (std::size_t i = 0; i < all.fields().size() && from.good(); ++i)
    {
        const auto& field = all.fields()[i];
        if (!field.steerable)
            continue;
        if (const auto value = from.get_signed(); takes(field, value))
            all.set(i, value);
        else
            from.fail();
    }
}

}  // namespace bazaar::scenario::kit
