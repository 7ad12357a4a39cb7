#include "support/places.hpp"

namespace bazaar::test
{

std::string source_dir()
{
    return BAZAAR_SOURCE_DIR;
}

std::string program_path()
{
    return BAZAARD_PROGRAM;
}

std::string two_scenarios_path()
{
    return BAZAARD_TWO;
}

}  // namespace bazaar::test
