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

}  // namespace bazaar::test
