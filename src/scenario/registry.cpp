#include "bazaar/scenario/registry.hpp"

#include <array>

#include "bazaar/scenario/thelook/thelook.hpp"

namespace bazaar::scenario
{

std::span<const entry> registry()
{
    static const std::array all{thelook::registration()};
    return all;
}

}  // namespace bazaar::scenario
