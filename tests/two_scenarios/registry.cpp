// The scenarios of bazaard_two, a program of the tests: the one of the tests, and theLook. The default one does not stand first.

#include <array>

#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/thelook/thelook.hpp"
#include "support/demo_scenario.hpp"

namespace bazaar::scenario
{

std::span<const entry> registry()
{
    static const std::array all{test::demo_scenario::entry(), thelook::registration()};
    return all;
}

}  // namespace bazaar::scenario
