#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::scenario
{

const entry* find(std::span<const entry> among, std::string_view name)
{
    const auto found = std::ranges::find(among, name, &entry::name);
    return found == among.end() ? nullptr : &*found;
}

const entry* find(std::string_view name)
{
    return find(registry(), name);
}

const entry& default_entry()
{
    const auto* found = find(default_name);
    expect(found != nullptr, "the default scenario is part of the program");
    return *found;
}

}  // namespace bazaar::scenario
